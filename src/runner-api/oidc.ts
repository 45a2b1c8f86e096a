import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { z } from 'zod';
import { messageOf } from '../core/errors.ts';

/** What the app knows of the run that a token has to be from. */
export interface ExpectedRun {
  repositoryId: number;
  /** Workflow run id when the dispatch told it; empty otherwise. */
  runId: string;
  /** Which claim the token is shown for: the same one may show it again, when its answer was lost. */
  claim: string;
}

export type Identity =
  | { outcome: 'known' }
  | { outcome: 'refused'; reason: string }
  /** The issuer's keys could not be had: nothing is known of the token, and the runner may try again. */
  | { outcome: 'unavailable'; reason: string };

export type VerifyIdentity = (token: string, expected: ExpectedRun) => Promise<Identity>;

export interface OidcOptions {
  issuer: string;
  audience: string;
  /** File name of the workflow that is dispatched, in `.github/workflows`. */
  workflow: string;
  /** Branch that it is dispatched on; any branch of the repository when absent, for then GitHub chooses. */
  ref?: string;
}

/**
 * Ids, never names or `sub`: names are reused and the form of `sub` has changed. `repository` only says how the
 * repository is called in `workflow_ref` of the same token.
 */
const Claims = z.looseObject({
  jti: z.string(),
  exp: z.number(),
  repository: z.string(),
  repository_id: z.string(),
  run_id: z.string(),
  run_attempt: z.string(),
  event_name: z.string(),
  workflow_ref: z.string(),
});
type Claims = z.infer<typeof Claims>;

const clockToleranceSeconds = 60;

/** GitHub's tokens live for minutes; this also refuses one that claims to be from the future. */
const maxTokenAge = '1h';

/** More tokens than are shown to one process while they are valid. */
const maxRemembered = 10_000;

/**
 * Verifies a GitHub Actions OIDC token: signed by the issuer, made for this app, from the workflow, the repository
 * and the run that the command was dispatched to, first attempt, and not shown for another claim before. Only this
 * process remembers which tokens were shown, the newest 10,000 until they expire.
 * https://docs.github.com/en/actions/reference/security/oidc
 */
export function oidcVerifier(options: OidcOptions): VerifyIdentity {
  const keys = keysOf(options.issuer);
  const shown = new Map<string, { claim: string; exp: number }>();

  /** False when the token was shown for another claim. */
  function remember({ jti, exp }: Claims, claim: string): boolean {
    const now = Date.now() / 1000 - clockToleranceSeconds;
    for (const [id, { exp: end }] of shown) if (end < now) shown.delete(id);
    const earlier = shown.get(jti);
    if (earlier) return earlier.claim === claim;
    const [oldest] = shown.keys();
    if (oldest !== undefined && shown.size >= maxRemembered) shown.delete(oldest);
    shown.set(jti, { claim, exp });
    return true;
  }

  return async (token, expected) => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: options.issuer,
        audience: options.audience,
        algorithms: ['RS256'],
        clockTolerance: clockToleranceSeconds,
        maxTokenAge,
        requiredClaims: ['exp', 'iat'],
      });
      const claims = Claims.safeParse(payload);
      if (!claims.success) return { outcome: 'refused', reason: missing(claims.error) };
      const reason = mismatch(claims.data, expected, options);
      if (reason !== undefined) return { outcome: 'refused', reason };
      if (remember(claims.data, expected.claim)) return { outcome: 'known' };
      return { outcome: 'refused', reason: 'the token was used for another claim before' };
    } catch (error) {
      if (error instanceof KeysUnavailable) return { outcome: 'unavailable', reason: error.message };
      return { outcome: 'refused', reason: messageOf(error) };
    }
  };
}

class KeysUnavailable extends Error {}

/** The issuer's keys, where having none that fits is told from not having them. */
function keysOf(issuer: string): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks`));
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JOSENotSupported) throw error;
      throw new KeysUnavailable(`the keys of ${issuer} could not be read: ${messageOf(error)}`);
    }
  };
}

function missing(error: z.ZodError): string {
  const names = new Set(error.issues.map(({ path }) => path.join('.')));
  return `the token lacks the claims ${[...names].join(', ')}`;
}

function mismatch(claims: Claims, expected: ExpectedRun, options: OidcOptions): string | undefined {
  if (claims.repository_id !== String(expected.repositoryId)) return 'the token is from another repository';
  if (claims.event_name !== 'workflow_dispatch') return 'the run was not started by workflow_dispatch';
  if (!isOurWorkflow(claims, options)) return 'the token is from another workflow or branch';
  if (expected.runId !== '' && claims.run_id !== expected.runId) return 'the token is from another run';
  if (claims.run_attempt !== '1') return 'the run was started again by hand; a retry is a new command';
  return undefined;
}

/** `workflow_ref` is `<owner>/<repository>/.github/workflows/<file>@refs/heads/<branch>`. */
function isOurWorkflow(claims: Claims, { workflow, ref }: OidcOptions): boolean {
  const branches = `${claims.repository}/.github/workflows/${workflow}@refs/heads/`;
  return ref === undefined
    ? claims.workflow_ref.startsWith(branches)
    : claims.workflow_ref === `${branches}${ref}`;
}
