import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { z } from 'zod';
import { messageOf } from '../core/errors.ts';

/** What the app knows of the run that a token has to be from. */
export interface ExpectedRun {
  repositoryId: number;
  /** Id of the account that the app is installed on, whose repository it is. */
  ownerId: number;
  /** Branch that the workflow was dispatched on. */
  branch: string;
  /** Workflow run id when the dispatch told it; empty otherwise. */
  runId: string;
  /** Which claim the token is shown for: the same one may show it again, when its answer was lost. */
  claim: string;
}

export type Identity =
  | { outcome: 'known'; runId: string }
  | RefusedIdentity
  /** The issuer's keys could not be had: nothing is known of the token, and the runner may try again. */
  | { outcome: 'unavailable'; reason: string };

export interface RefusedIdentity {
  outcome: 'refused';
  /** `set-up`: somebody has to mend something. `not-its-run`: the command is another run's, which is no failure. */
  kind: 'set-up' | 'not-its-run';
  /** Completes "Dexter refused this: …". */
  reason: string;
  hint: string;
  /** The token is signed, and from the very run that was dispatched: no other one will claim the command. */
  isDispatchedRun: boolean;
}

export type VerifyIdentity = (token: string, expected: ExpectedRun) => Promise<Identity>;

export interface OidcOptions {
  issuer: string;
  audience: string;
  /** File name of the workflow that is dispatched, in `.github/workflows`. */
  workflow: string;
  /** Workflow that the job has to be of: `<owner>/<repository>/<path>`, and `@<ref>` to pin that too. */
  jobWorkflow?: string | undefined;
  /**
   * Keeps for which claim a token was shown, for all processes of the app, until it has expired; false when it was
   * shown for another one before.
   */
  remember: (token: { id: string; claim: string; expiresAt: Date }) => Promise<boolean>;
}

/**
 * Ids, never names or `sub`: names are reused and the form of `sub` has changed. `repository` only says how the
 * repository is called in `workflow_ref` of the same token.
 */
const Claims = z.looseObject({
  jti: z.string().min(1),
  exp: z.number(),
  repository: z.string(),
  repository_id: z.string(),
  repository_owner_id: z.string(),
  run_id: z.string(),
  run_attempt: z.string(),
  event_name: z.string(),
  ref: z.string(),
  workflow_ref: z.string(),
});
type Claims = z.infer<typeof Claims>;

type Refusal = Pick<RefusedIdentity, 'kind' | 'reason' | 'hint'>;

const clockToleranceSeconds = 60;

/** GitHub's tokens live for minutes; this also refuses one that claims to be from the future. */
const maxTokenAge = '1h';

/** The clock that tokens are forgotten by is the database's, which may go before that of the app. */
const rememberedLongerMs = 10 * 60_000;

/**
 * Verifies a GitHub Actions OIDC token: signed by the issuer, made for this app, from the repository, the workflow and
 * the run that the command was dispatched to, first attempt, and not shown for another claim before.
 * https://docs.github.com/en/actions/reference/security/oidc
 */
export function oidcVerifier(options: OidcOptions): VerifyIdentity {
  const keys = keysOf(options.issuer);

  async function refusalOf(claims: Claims, expected: ExpectedRun): Promise<Refusal | undefined> {
    const mismatch = notItsRun(claims, expected) ?? wrongSetUp(claims, expected, options);
    if (mismatch) return mismatch;
    const expiresAt = new Date(claims.exp * 1000 + rememberedLongerMs);
    const isNew = await options.remember({ id: claims.jti, claim: expected.claim, expiresAt });
    return isNew ? undefined : another('the token was used for another claim before');
  }

  return async (token, expected) => {
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(token, keys, {
        issuer: options.issuer,
        audience: options.audience,
        algorithms: ['RS256'],
        clockTolerance: clockToleranceSeconds,
        maxTokenAge,
        requiredClaims: ['exp', 'iat'],
      }));
    } catch (error) {
      if (error instanceof KeysUnavailable) return { outcome: 'unavailable', reason: error.message };
      // Claims are looked at after the signature only, so that what such an error holds is signed.
      const signed = error instanceof errors.JWTClaimValidationFailed ? error.payload : {};
      return refused(invalid(error, options), signed, expected);
    }
    const claims = Claims.safeParse(payload);
    if (!claims.success) return refused(lacking(claims.error), payload, expected);
    const refusal = await refusalOf(claims.data, expected);
    return refusal ? refused(refusal, payload, expected) : { outcome: 'known', runId: claims.data.run_id };
  };
}

class KeysUnavailable extends Error {}

/** It is signed with a key that is not named: with several in the set, any could be meant. */
class UnnamedKey extends Error {}

/** The issuer's keys, where having none that fits is told from not having them. */
function keysOf(issuer: string): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks`));
  return async (header, token) => {
    if (header.kid === undefined) throw new UnnamedKey();
    // Keys that were read a moment ago are not read again for a token that none fits.
    const wasReadLately = keys.coolingDown;
    try {
      return await keys(header, token);
    } catch (error) {
      const isUnknown = error instanceof errors.JWKSNoMatchingKey;
      if (isUnknown && wasReadLately)
        throw new KeysUnavailable(`the keys of ${issuer} do not hold that of the token yet`);
      if (isUnknown || error instanceof errors.JOSENotSupported) throw error;
      throw new KeysUnavailable(`the keys of ${issuer} could not be read: ${messageOf(error)}`);
    }
  };
}

function refused(refusal: Refusal, signed: JWTPayload, expected: ExpectedRun): RefusedIdentity {
  const isDispatchedRun =
    expected.runId !== '' &&
    signed.run_id === expected.runId &&
    signed.repository_id === String(expected.repositoryId) &&
    signed.run_attempt === '1';
  return { outcome: 'refused', ...refusal, isDispatchedRun };
}

const another = (
  reason: string,
  hint = 'Nothing has to be mended: only the run that was started for a command may take it.',
): Refusal => ({ kind: 'not-its-run', reason, hint });

const setUp = (reason: string, hint: string): Refusal => ({ kind: 'set-up', reason, hint });

const clockHint = 'Compare the clock of the app with that of the GitHub server.';
const issuerHint = 'See that DEXTER_OIDC_ISSUER of the app is the issuer of the GitHub that the run is on.';

/** What is wrong with a token before it is known what it says of its run. */
function invalid(error: unknown, { issuer, audience }: OidcOptions): Refusal {
  if (error instanceof UnnamedKey)
    return setUp('the token does not name the key that it is signed with', issuerHint);
  if (error instanceof errors.JOSEAlgNotAllowed) return setUp('the token is not signed by RS256', issuerHint);
  if (error instanceof errors.JWKSNoMatchingKey)
    return setUp(`the token is signed with a key that ${issuer} does not have`, issuerHint);
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return setUp('the signature of the token is wrong', issuerHint);
  if (error instanceof errors.JWTExpired)
    return error.claim === 'iat'
      ? setUp('the token was made more than an hour ago (`iat`)', clockHint)
      : setUp('the token has expired (`exp`)', clockHint);
  if (error instanceof errors.JWTClaimValidationFailed) return invalidClaim(error, issuer, audience);
  return setUp('the token is no JSON Web Token', issuerHint);
}

function invalidClaim(
  { claim, reason }: errors.JWTClaimValidationFailed,
  issuer: string,
  audience: string,
): Refusal {
  if (claim === 'aud')
    return setUp(
      `the token is not made for ${audience} (\`aud\`)`,
      'Set DEXTER_URL of the app to exactly the address in the input `app-url` of the workflow, and restart the app.',
    );
  if (claim === 'iss') return setUp(`the token is not of the issuer ${issuer} (\`iss\`)`, issuerHint);
  if (reason !== 'check_failed')
    return setUp(
      `the token ${reason === 'missing' ? 'does not say' : 'says wrongly'} when it is valid (\`${claim}\`)`,
      issuerHint,
    );
  return claim === 'nbf'
    ? setUp('the token is not valid yet (`nbf`)', clockHint)
    : setUp(`the token is from the future (\`${claim}\`)`, clockHint);
}

function lacking(error: z.ZodError): Refusal {
  const names = new Set(error.issues.map(({ path }) => `\`${path.join('.')}\``));
  return setUp(`the token lacks the claims ${[...names].join(', ')}`, issuerHint);
}

/** Whether the token is of a run that the command was not dispatched to. */
function notItsRun(claims: Claims, expected: ExpectedRun): Refusal | undefined {
  if (claims.repository_id !== String(expected.repositoryId))
    return another('the run is of another repository than the command (`repository_id`)');
  if (expected.runId !== '' && claims.run_id !== expected.runId)
    return another('the command was given to another run (`run_id`)');
  if (claims.run_attempt !== '1')
    return another(
      'the run was started again by hand (`run_attempt`)',
      'To do it again, comment `@dexter retry` on the issue, with the name that Dexter has there.',
    );
  return undefined;
}

/** Whether it is of the right run and that is not the reviewed workflow. */
function wrongSetUp(claims: Claims, expected: ExpectedRun, options: OidcOptions): Refusal | undefined {
  if (claims.repository_owner_id !== String(expected.ownerId))
    return setUp(
      'the repository belongs to another account than the one that the app is installed on (`repository_owner_id`)',
      'Install the app on the account that has the repository now.',
    );
  if (claims.event_name !== 'workflow_dispatch')
    return setUp(
      `the run was not started by the app (\`event_name\` is not workflow_dispatch)`,
      'Take all other triggers out of the workflow.',
    );
  const branch = `refs/heads/${expected.branch}`;
  if (claims.workflow_ref !== `${claims.repository}/.github/workflows/${options.workflow}@${branch}`)
    return setUp(
      `the run is not of .github/workflows/${options.workflow} on the branch ${expected.branch} (\`workflow_ref\`)`,
      'See that DEXTER_WORKFLOW and DEXTER_WORKFLOW_REF name the workflow that the repository has.',
    );
  if (claims.ref !== branch)
    return setUp(
      `the run is not on the branch ${expected.branch} (\`ref\`)`,
      'See that DEXTER_WORKFLOW_REF names the branch that the workflow is on.',
    );
  return wrongJobWorkflow(claims, options.jobWorkflow);
}

/** `job_workflow_ref` is `<owner>/<repository>/<path>@<ref>` of the reusable workflow that the job is of. */
function wrongJobWorkflow({ job_workflow_ref: given }: Claims, pinned: string | undefined) {
  if (pinned === undefined) return undefined;
  const isIt =
    typeof given === 'string' && (pinned.includes('@') ? given === pinned : given.startsWith(`${pinned}@`));
  return isIt
    ? undefined
    : setUp(
        `the job is not of the workflow ${pinned} (\`job_workflow_ref\`)`,
        'Let the workflow of the repository call the one that DEXTER_JOB_WORKFLOW names, or change that setting.',
      );
}
