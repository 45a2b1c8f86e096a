/**
 * One made-up secret of each kind, with the words around it that its rule needs. They are put together here, so
 * that no scanner takes this file for a leak.
 */
export interface SecretKind {
  secret: string;
  before?: string;
  after?: string;
}

/** `length` characters that look like chance and are the same each time. */
function chance(length: number, alphabet: string): string {
  let state = length * 7919 + alphabet.length;
  return Array.from({ length }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return alphabet.charAt(Math.floor(state / 65_536) % alphabet.length);
  }).join('');
}

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const alphanumeric = `${letters}0123456789`;
const hex = '0123456789abcdef';
const jwt = `ey${'Jhb'}${chance(20, alphanumeric)}.ey${'J'}${chance(40, alphanumeric)}.${chance(43, alphanumeric)}`;

function pem(kind: string): string {
  const lines = [64, 63, 62, 61, 60].map((length) => `MI${chance(length, alphanumeric)}`);
  return [`-----BEGIN ${kind}-----`, ...lines, `-----END ${kind}-----`].join('\n');
}

export const secretKinds: Record<string, SecretKind> = {
  'GitHub personal': { secret: `ghp${'_'}${chance(36, alphanumeric)}` },
  'GitHub installation': { secret: `ghs${'_'}${chance(36, alphanumeric)}` },
  'GitHub long installation': { secret: `ghs${'_'}123456_${jwt}` },
  'GitHub OAuth': { secret: `gho${'_'}${chance(36, alphanumeric)}` },
  'GitHub user': { secret: `ghu${'_'}${chance(36, alphanumeric)}` },
  'GitHub refresh': { secret: `ghr${'_'}${chance(36, alphanumeric)}` },
  'GitHub fine-grained': { secret: `github${'_pat_'}${chance(82, alphanumeric)}` },
  Anthropic: { secret: `sk${'-ant-'}api03-${chance(93, alphanumeric)}AA` },
  'OpenAI old': { secret: `sk${'-'}${chance(20, alphanumeric)}T3Blbk${'FJ'}${chance(20, alphanumeric)}` },
  'OpenAI project': { secret: `sk${'-proj-'}${chance(120, alphanumeric)}` },
  Atlassian: { secret: `ATATT${'3x'}${chance(180, alphanumeric)}` },
  'AWS key id': { secret: `AKIA${chance(16, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')}` },
  'AWS secret': { secret: chance(40, alphanumeric), before: 'aws_secret_access_key = ' },
  'AWS secret in JSON': { secret: chance(40, alphanumeric), before: '{"SecretAccessKey": "', after: '"}' },
  JWT: { secret: jwt },
  'RSA key': { secret: pem(`RSA ${'PRIVATE'} KEY`) },
  'OpenSSH key': { secret: pem(`OPENSSH ${'PRIVATE'} KEY`) },
  npm: { secret: `npm${'_'}${chance(36, alphanumeric)}` },
  '.npmrc': { secret: chance(36, alphanumeric), before: '//registry.example.com/:_authToken=' },
  'URL password': { secret: `p4${chance(14, alphanumeric)}`, before: 'https://me:', after: '@example.com/x' },
  'database password': {
    secret: `p5${chance(14, alphanumeric)}`,
    before: 'postgres://app:',
    after: '@db.example.com/main',
  },
  Bearer: { secret: `0${chance(40, alphanumeric)}`, before: 'Authorization: Bearer ' },
  Basic: { secret: `eD${chance(38, alphanumeric)}0`, before: 'authorization: basic ' },
  'Slack bot': { secret: `xoxb${'-'}123456789012-123456789012-${chance(24, alphanumeric)}` },
  'Slack webhook': {
    secret: `https://hooks.slack${'.com'}/services/T${chance(9, alphanumeric)}/B${chance(9, alphanumeric)}/${chance(24, alphanumeric)}`,
  },
  SendGrid: { secret: `SG${'.'}${chance(22, alphanumeric)}.${chance(43, alphanumeric)}` },
  Shopify: { secret: `shpat${'_'}${chance(32, hex)}` },
  Stripe: { secret: `sk${'_live_'}${chance(30, alphanumeric)}` },
  GitLab: { secret: `glpat${'-'}${chance(20, alphanumeric)}` },
  'GitLab deploy': { secret: `gldt${'-'}${chance(20, alphanumeric)}` },
  'Grafana cloud': { secret: `glc${'_'}${chance(60, alphanumeric)}` },
  'Grafana service': { secret: `glsa${'_'}${chance(32, alphanumeric)}_${chance(8, hex)}` },
  Groq: { secret: `gsk${'_'}${chance(52, alphanumeric)}` },
  'Hugging Face': { secret: `hf${'_'}${chance(34, letters)}` },
  Linear: { secret: `lin${'_api_'}${chance(40, alphanumeric)}` },
  Notion: { secret: `ntn${'_'}12345678901${chance(35, alphanumeric)}` },
  '1Password': { secret: `ops${'_ey'}${chance(200, alphanumeric)}fQ` },
  Vault: { secret: `hvs${'.'}${chance(95, alphanumeric)}` },
  Vercel: { secret: `vcp${'_'}${chance(40, alphanumeric)}` },
  Databricks: { secret: `dapi${chance(32, hex)}` },
  Docker: { secret: `dckr${'_pat_'}${chance(27, alphanumeric)}` },
  Figma: { secret: `figd${'_'}${chance(43, alphanumeric)}` },
  Cloudflare: { secret: `cfut${'_'}${chance(40, alphanumeric)}${chance(8, hex)}` },
  Tailscale: { secret: `tskey${'-auth-'}${chance(17, alphanumeric)}-${chance(32, alphanumeric)}` },
  'Google key': { secret: `AIza${chance(35, alphanumeric)}` },
  'Google client': { secret: `GOCSPX${'-'}${chance(28, alphanumeric)}` },
  'Google access': { secret: `ya29${'.'}${chance(80, alphanumeric)}` },
  PyPI: { secret: `pypi${'-AgE'}${chance(80, alphanumeric)}` },
  RubyGems: { secret: `rubygems${'_'}${chance(48, hex)}` },
  DigitalOcean: { secret: `dop${'_v1_'}${chance(64, hex)}` },
  Postman: { secret: `PMAK${'-'}${chance(24, hex)}-${chance(34, hex)}` },
  Sentry: { secret: `sntrys${'_'}${chance(80, alphanumeric)}` },
  Supabase: { secret: `sbp${'_'}${chance(40, hex)}` },
  PlanetScale: { secret: `pscale${'_tkn_'}${chance(43, alphanumeric)}` },
  Doppler: { secret: `dp${'.pt.'}${chance(43, alphanumeric)}` },
  age: { secret: `AGE-SECRET-${'KEY-1'}${chance(58, 'ACDEFGHJKLMNPQRSTUVWXYZ023456789')}` },
  'Azure storage': { secret: `${chance(86, alphanumeric)}==`, before: 'AccountName=x;AccountKey=' },
  'assigned variable': { secret: `7a9${chance(32, alphanumeric)}`, before: 'DEPLOY_TOKEN=' },
  Dexter: { secret: `dxk1${'_'}${chance(43, alphanumeric)}` },
};

export function inContext({ secret, before = '', after = '' }: SecretKind): string {
  return `${before}${secret}${after}`;
}
