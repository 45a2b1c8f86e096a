import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import type { ExpectedRun, OidcOptions } from '../../src/runner-api/oidc.ts';

export const issuer = 'https://token.actions.example';
export const audience = 'https://dexter.example';
export const kid = 'key-1';

/** The run that the tokens here are of. */
export const expected: ExpectedRun = {
  repositoryId: 22,
  ownerId: 33,
  branch: 'main',
  runId: '77',
  claim: 'command claimant',
};

const ours = await generateKeyPair('RS256', { extractable: true });
export const theirs = await generateKeyPair('RS256');
export const publicPem = await exportSPKI(ours.publicKey);

export const jwkOf = async (key: CryptoKey, id = kid) => ({
  ...(await exportJWK(key)),
  kid: id,
  alg: 'RS256',
  use: 'sig',
});
export const jwk = await jwkOf(ours.publicKey);

export const now = () => Math.floor(Date.now() / 1000);

/** As GitHub fills it in. https://docs.github.com/en/actions/reference/security/oidc */
export const claims = () => ({
  jti: 'example-id',
  sub: 'repo:acme/shop:ref:refs/heads/main',
  iss: issuer,
  aud: audience,
  ref: 'refs/heads/main',
  ref_type: 'branch',
  sha: 'a'.repeat(40),
  repository: 'acme/shop',
  repository_id: '22',
  repository_owner: 'acme',
  repository_owner_id: '33',
  repository_visibility: 'private',
  run_id: '77',
  run_number: '10',
  run_attempt: '1',
  actor: 'dexter[bot]',
  event_name: 'workflow_dispatch',
  workflow: 'Dexter',
  workflow_ref: 'acme/shop/.github/workflows/dexter.yml@refs/heads/main',
  job_workflow_ref: 'acme/shop/.github/workflows/dexter.yml@refs/heads/main',
  runner_environment: 'self-hosted',
  nbf: now() - 600,
  iat: now(),
  exp: now() + 300,
});

export type Change = Record<string, unknown>;

/** A token signed as GitHub's are, with some claims changed, or removed where there is no value. */
export async function token(
  change: Change = {},
  { header = { kid }, key = ours.privateKey }: { header?: { kid?: string }; key?: CryptoKey } = {},
): Promise<string> {
  const payload = Object.fromEntries(
    Object.entries({ ...claims(), ...change }).filter(([, value]) => value !== undefined),
  );
  return new SignJWT(payload as JWTPayload).setProtectedHeader({ alg: 'RS256', ...header }).sign(key);
}

/** Remembers as the ledger does, for one process. */
export function memory(): OidcOptions['remember'] {
  const shown = new Map<string, string>();
  return async ({ id, claim }) => {
    const before = shown.get(id) ?? claim;
    shown.set(id, before);
    return before === claim;
  };
}
