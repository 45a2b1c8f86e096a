import { type TokenRule, tokenRules } from '../../core/redact.ts';

const start = '(?<![A-Za-z0-9])';
const end = '(?![A-Za-z0-9])';

function token(name: string, form: string): TokenRule {
  return { name, pattern: new RegExp(`${start}(?:${form})`, 'g') };
}

/**
 * Tokens that secretlint's preset does not know, or whose end it does not see. Each has a fixed beginning, which
 * stands in anchors.ts too: what is not named there is not looked for.
 */
const moreTokens: TokenRule[] = [
  token('gitlab-token', 'gl(?:pat|dt|rt|ptt|cbt|soat|ft|imt|agent|oas)-[A-Za-z0-9_-]{20,300}'),
  token('openai-key', 'sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,300}'),
  token('google-key', `AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])`),
  token('google-secret', 'GOCSPX-[A-Za-z0-9_-]{28}'),
  token('google-token', String.raw`ya29\.[A-Za-z0-9_-]{40,2000}`),
  token('slack-token', 'xox[abcdeoprs]-[A-Za-z0-9-]{20,300}|xoxe\\.xox[bp]-[A-Za-z0-9-]{20,300}'),
  token('pypi-token', 'pypi-AgE[A-Za-z0-9_-]{40,1000}'),
  token('rubygems-key', `rubygems_[a-f0-9]{48}${end}`),
  token('digitalocean-token', `do[opr]_v1_[a-f0-9]{64}${end}`),
  token('postman-key', `PMAK-[a-f0-9]{24}-[a-f0-9]{34}${end}`),
  token('sentry-token', 'sntry[su]_[A-Za-z0-9+/=_-]{40,1000}'),
  token('supabase-token', `sbp_[a-f0-9]{40}${end}`),
  token('planetscale-token', 'pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.-]{32,64}'),
  token(
    'doppler-token',
    String.raw`dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}`,
  ),
  token('1password-token', 'ops_ey[A-Za-z0-9+/]{100,1300}={0,2}'),
  token('age-key', `AGE-SECRET-KEY-1[A-Z0-9]{58}${end}`),
  token('vault-token', String.raw`hv[sbr]\.[A-Za-z0-9_-]{24,300}`),
  token('dexter-key', 'dxk1_[A-Za-z0-9_-]{43}'),
  {
    name: 'azure-key',
    pattern: /(?<before>(?:Account|SharedAccess)Key=)[A-Za-z0-9+/]{40,100}={0,2}/g,
  },
  {
    name: 'npm-token',
    pattern: /(?<before>_(?:authToken|auth|password)\s{0,4}=\s{0,4}["']?)[A-Za-z0-9+/=._-]{12,2000}/g,
  },
  {
    name: 'aws-secret',
    pattern:
      /(?<before>(?:secret_?access_?key|SecretAccessKey|SECRET_?ACCESS_?KEY|secretAccessKey|Secret_?Access_?Key)\\{0,4}["']?\s{0,4}(?:=>|=|:)\s{0,4}\\{0,4}["']?)[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])/g,
  },
  {
    // A variable with the name of a secret, as `env` prints it. The value has to look like chance.
    name: 'assigned-secret',
    pattern:
      /(?<before>(?<![A-Za-z0-9])[A-Z0-9_]{0,60}(?:TOKEN|SECRET|PASSWORD|PASSWD|(?:API|ACCESS|SECRET|PRIVATE|AUTH|ENCRYPTION|SIGNING|MASTER|SESSION|ACCOUNT)_?KEY)\\{0,4}["']?(?:=|: ?)\\{0,4}["']?)[A-Za-z0-9+/_.=-]{16,2000}/g,
  },
];

/**
 * A private key has a finder of its own here: the rule for short texts takes everything up to the end when
 * the key's last line is missing, which in a transcript may be a whole file.
 */
export const ownRules: readonly TokenRule[] = [
  ...tokenRules.filter(({ name }) => name !== 'private-key'),
  ...moreTokens,
];
