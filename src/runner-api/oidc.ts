import { createRemoteJWKSet, jwtVerify } from 'jose';
import { z } from 'zod';
import { messageOf } from '../core/errors.ts';

/** What the app knows of the run that a token has to be from. */
export interface ExpectedRun {
  repositoryId: number;
  /** Workflow run id when the dispatch told it; empty otherwise. */
  runId: string;
}

export type Identity = { outcome: 'known' } | { outcome: 'refused'; reason: string };

export type VerifyIdentity = (token: string, expected: ExpectedRun) => Promise<Identity>;

/** Ids, never names or `sub`: names are reused and the form of `sub` has changed. */
const Claims = z.looseObject({
  repository_id: z.string(),
  run_id: z.string(),
  run_attempt: z.string(),
  event_name: z.string(),
});

const clockToleranceSeconds = 60;

/** GitHub's tokens live for minutes; this also refuses one that claims to be from the future. */
const maxTokenAge = '1h';

/**
 * Verifies a GitHub Actions OIDC token: signed by the issuer, made for this app, from the repository and the
 * run that the command was dispatched to, first attempt.
 * https://docs.github.com/en/actions/reference/security/oidc
 */
export function oidcVerifier(options: { issuer: string; audience: string }): VerifyIdentity {
  const keys = createRemoteJWKSet(new URL(`${options.issuer}/.well-known/jwks`));
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
      const reason = claims.success ? mismatch(claims.data, expected) : missing(claims.error);
      return reason === undefined ? { outcome: 'known' } : { outcome: 'refused', reason };
    } catch (error) {
      return { outcome: 'refused', reason: messageOf(error) };
    }
  };
}

function missing(error: z.ZodError): string {
  const names = new Set(error.issues.map(({ path }) => path.join('.')));
  return `the token lacks the claims ${[...names].join(', ')}`;
}

function mismatch(claims: z.infer<typeof Claims>, expected: ExpectedRun): string | undefined {
  if (claims.repository_id !== String(expected.repositoryId)) return 'the token is from another repository';
  if (claims.event_name !== 'workflow_dispatch') return 'the run was not started by workflow_dispatch';
  if (expected.runId !== '' && claims.run_id !== expected.runId) return 'the token is from another run';
  if (claims.run_attempt !== '1') return 'the run was started again by hand; a retry is a new command';
  return undefined;
}
