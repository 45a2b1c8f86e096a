import { base64url, exportJWK, generateKeyPair, SignJWT } from 'jose';
import nock from 'nock';
import { describe, expect, it } from 'vitest';
import { type ExpectedRun, type Identity, oidcVerifier } from '../../src/runner-api/oidc.ts';
import {
  audience,
  type Change,
  claims,
  expected,
  issuer,
  jwk,
  kid,
  memory,
  now,
  publicPem,
  theirs,
  token,
} from './token-maker.ts';

const elliptic = await generateKeyPair('ES256');
const padded = await generateKeyPair('PS256');
const jobWorkflow = 'dexter-app/dexter/.github/workflows/dexter.yml';

interface Row {
  /** Completes "a token …". */
  what: string;
  token: () => Promise<string> | string;
  run?: Partial<ExpectedRun>;
  jobWorkflow?: string;
  /** Another claim has shown the same token before. */
  shownBefore?: boolean;
}
interface Bad extends Row {
  reason: string;
  /** 401 is a mistake in the set-up: the workflow ends red. 403 is another run's command: it ends green. */
  status: 401 | 403;
}

function unsigned(header: object, payload: object = claims()): string {
  return `${base64url.encode(JSON.stringify(header))}.${base64url.encode(JSON.stringify(payload))}.`;
}

const changed = (change: Change) => () => token(change);
const workflowRef = (text: string) => changed({ workflow_ref: `acme/shop/.github/workflows/${text}` });
const calling = (job_workflow_ref: unknown) => ({ token: changed({ job_workflow_ref }), jobWorkflow });

const good: Row[] = [
  { what: 'of the run that the command was given to', token: () => token() },
  {
    what: 'of a run whose id the dispatch did not tell',
    token: changed({ run_id: '99' }),
    run: { runId: '' },
  },
  { what: 'whose `sub` has names', token: changed({ sub: 'repo:acme/shop:ref:refs/heads/main' }) },
  { what: 'whose `sub` has ids', token: changed({ sub: 'repo:acme@33/shop@22:ref:refs/heads/main' }) },
  { what: 'whose `sub` is of an environment', token: changed({ sub: 'repo:acme/shop:environment:ai' }) },
  {
    what: 'for several apps, of which this is one',
    token: changed({ aud: ['https://x.example', audience] }),
  },
  {
    what: 'of a repository that was renamed meanwhile',
    token: changed({
      repository: 'acme/store',
      workflow_ref: 'acme/store/.github/workflows/dexter.yml@refs/heads/main',
    }),
  },
  {
    what: 'of another branch, on which the app dispatches',
    token: changed({
      ref: 'refs/heads/release/1',
      workflow_ref: 'acme/shop/.github/workflows/dexter.yml@refs/heads/release/1',
    }),
    run: { branch: 'release/1' },
  },
  { what: 'of a GitHub-hosted runner', token: changed({ runner_environment: 'github-hosted' }) },
  { what: 'that expired less than a minute ago', token: () => token({ exp: now() - 50 }) },
  {
    what: 'of a clock that goes less than a minute before',
    token: () => token({ iat: now() + 50, nbf: now() + 50 }),
  },
  {
    what: 'of the reusable workflow that is pinned, by a tag',
    ...calling(`${jobWorkflow}@refs/tags/v1`),
  },
  {
    what: 'of the reusable workflow that is pinned to a commit',
    token: changed({ job_workflow_ref: `${jobWorkflow}@${'b'.repeat(40)}` }),
    jobWorkflow: `${jobWorkflow}@${'b'.repeat(40)}`,
  },
];

const noKey = `the token is signed with a key that ${issuer} does not have`;
const wrongSignature = 'the signature of the token is wrong';
const notRs256 = 'the token is not signed by RS256';
const notForUs = `the token is not made for ${audience} (\`aud\`)`;
const otherIssuer = `the token is not of the issuer ${issuer} (\`iss\`)`;
const otherRepository = 'the run is of another repository than the command (`repository_id`)';
const otherOwner =
  'the repository belongs to another account than the one that the app is installed on (`repository_owner_id`)';
const otherWorkflow = 'the run is not of .github/workflows/dexter.yml on the branch main (`workflow_ref`)';
const otherBranch = 'the run is not on the branch main (`ref`)';
const otherRun = 'the command was given to another run (`run_id`)';
const rerun = 'the run was started again by hand (`run_attempt`)';
const otherEvent = 'the run was not started by the app (`event_name` is not workflow_dispatch)';
const otherJob = `the job is not of the workflow ${jobWorkflow} (\`job_workflow_ref\`)`;
const garbage = 'the token is no JSON Web Token';
const lacks = (...names: string[]) =>
  `the token lacks the claims ${names.map((name) => `\`${name}\``).join(', ')}`;

const setUp = (reason: string, what: string, make: Row['token'], more: Partial<Row> = {}): Bad => ({
  what,
  token: make,
  reason,
  status: 401,
  ...more,
});
const notIts = (reason: string, what: string, make: Row['token'], more: Partial<Row> = {}): Bad => ({
  ...setUp(reason, what, make, more),
  status: 403,
});

const bad: Bad[] = [
  setUp(notForUs, 'for another app', changed({ aud: 'https://other.example' })),
  setUp(notForUs, 'for an address that begins as ours', changed({ aud: `${audience}.evil.example` })),
  setUp(notForUs, 'for our address with a slash', changed({ aud: `${audience}/` })),
  setUp(notForUs, 'for the default audience, the owner', changed({ aud: 'https://github.com/acme' })),
  setUp(notForUs, 'for nobody', changed({ aud: undefined })),
  setUp(notForUs, 'for a list of other apps', changed({ aud: ['https://x.example'] })),

  setUp(otherIssuer, 'of another issuer', changed({ iss: 'https://token.actions.evil.example' })),
  setUp(otherIssuer, 'of our issuer with a slash', changed({ iss: `${issuer}/` })),
  setUp(otherIssuer, 'of an issuer below ours', changed({ iss: `${issuer}/acme` })),
  setUp(otherIssuer, 'of no issuer', changed({ iss: undefined })),

  setUp(notRs256, 'that is not signed (`alg: none`)', () => unsigned({ alg: 'none' })),
  setUp(notRs256, 'that is not signed, in other letters', () => unsigned({ alg: 'nOnE', kid })),
  setUp(notRs256, 'signed with the public key as a secret (HS256)', () =>
    new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid }).sign(new TextEncoder().encode(publicPem)),
  ),
  setUp(notRs256, 'signed by another kind of key (ES256)', () =>
    new SignJWT(claims()).setProtectedHeader({ alg: 'ES256', kid }).sign(elliptic.privateKey),
  ),
  setUp(notRs256, 'signed by RSA in another way (PS256)', () =>
    new SignJWT(claims()).setProtectedHeader({ alg: 'PS256', kid }).sign(padded.privateKey),
  ),
  setUp(wrongSignature, "signed by somebody else's key under our key's name", () =>
    token({}, { key: theirs.privateKey }),
  ),
  setUp(noKey, 'of an unknown key', () => token({}, { header: { kid: 'key-2' }, key: theirs.privateKey })),
  setUp('the token does not name the key that it is signed with', 'that names no key', () =>
    token({}, { header: {} }),
  ),
  setUp(wrongSignature, 'that brings its own key along', async () =>
    new SignJWT(claims())
      .setProtectedHeader({ alg: 'RS256', kid, jwk: await exportJWK(theirs.publicKey) })
      .sign(theirs.privateKey),
  ),
  setUp(wrongSignature, 'that was changed after it was signed', async () => {
    const [header, , signature] = (await token()).split('.');
    return [header, base64url.encode(JSON.stringify({ ...claims(), x: 1 })), signature].join('.');
  }),
  setUp(wrongSignature, 'whose end is cut off', async () => (await token()).slice(0, -4)),
  setUp(wrongSignature, 'whose signature is cut off', async () => (await token()).replace(/[^.]*$/, '')),
  setUp(wrongSignature, 'that is a list', () => unsigned({ alg: 'RS256', kid }, [])),
  setUp(garbage, 'that is garbage', () => 'a.b.c'),
  setUp(garbage, 'that is empty', () => ''),
  setUp(garbage, 'with too many parts', async () => `${await token()}.x`),

  setUp('the token has expired (`exp`)', 'that has expired', () => token({ exp: now() - 61 })),
  setUp('the token does not say when it is valid (`exp`)', 'that never expires', changed({ exp: undefined })),
  setUp(
    'the token says wrongly when it is valid (`exp`)',
    'that expires at a text',
    changed({ exp: 'never' }),
  ),
  setUp('the token is not valid yet (`nbf`)', 'that is not valid yet', () => token({ nbf: now() + 120 })),
  setUp('the token is from the future (`iat`)', 'from the future', () => token({ iat: now() + 120 })),
  setUp('the token was made more than an hour ago (`iat`)', 'that is too old', () =>
    token({ iat: now() - 4000, exp: now() + 300 }),
  ),
  setUp('the token does not say when it is valid (`iat`)', 'without a time', changed({ iat: undefined })),

  notIts(otherRepository, 'of another repository', changed({ repository_id: '23' })),
  notIts(
    otherRepository,
    'of a new repository under the name of one that was deleted',
    changed({ repository_id: '990022', repository: 'acme/shop' }),
  ),
  notIts(
    otherRepository,
    'of a fork',
    changed({
      repository: 'mallory/shop',
      repository_id: '24',
      repository_owner: 'mallory',
      repository_owner_id: '44',
      workflow_ref: 'mallory/shop/.github/workflows/dexter.yml@refs/heads/main',
    }),
  ),
  notIts(otherRepository, 'of a repository whose id begins as ours', changed({ repository_id: '222' })),
  setUp(otherOwner, 'of another owner under the same name', changed({ repository_owner_id: '34' })),

  notIts(otherRun, 'of another run', changed({ run_id: '78' })),
  notIts(otherRun, 'of a run whose id begins as ours', changed({ run_id: '777' })),
  notIts(otherRun, 'of no run', changed({ run_id: '' })),
  notIts(rerun, 'of the second attempt', changed({ run_attempt: '2' })),
  notIts(rerun, 'of no attempt', changed({ run_attempt: '' })),
  notIts('the token was used for another claim before', 'that another claim has shown', () => token(), {
    shownBefore: true,
  }),

  ...['push', 'pull_request', 'pull_request_target', 'issue_comment', 'schedule', 'repository_dispatch'].map(
    (event) => setUp(otherEvent, `of the event ${event}`, changed({ event_name: event })),
  ),
  setUp(otherWorkflow, 'of another workflow file', workflowRef('evil.yml@refs/heads/main')),
  setUp(otherWorkflow, 'of a file whose name ends as ours', workflowRef('not-dexter.yml@refs/heads/main')),
  setUp(otherWorkflow, 'of our file on another branch', workflowRef('dexter.yml@refs/heads/topic')),
  setUp(otherWorkflow, 'of a branch whose name begins as ours', workflowRef('dexter.yml@refs/heads/main2')),
  setUp(otherWorkflow, 'of our file under a tag', workflowRef('dexter.yml@refs/tags/main')),
  setUp(otherWorkflow, 'of our file in a pull request', workflowRef('dexter.yml@refs/pull/1/merge')),
  setUp(
    otherWorkflow,
    'of the workflow of another repository',
    changed({ workflow_ref: 'evil/shop/.github/workflows/dexter.yml@refs/heads/main' }),
  ),
  setUp(otherBranch, 'of a run on another branch', changed({ ref: 'refs/heads/topic' })),
  setUp(otherBranch, 'of a run on a tag', changed({ ref: 'refs/tags/main' })),
  setUp(
    otherJob,
    'of the reusable workflow of a stranger',
    calling('mallory/dexter/.github/workflows/dexter.yml@refs/tags/v1').token,
    { jobWorkflow },
  ),
  setUp(
    otherJob,
    'of a reusable workflow whose path begins as ours',
    calling(`${jobWorkflow}.yml@v1`).token,
    {
      jobWorkflow,
    },
  ),
  setUp(otherJob, 'of a job that calls no reusable workflow', calling(claims().job_workflow_ref).token, {
    jobWorkflow,
  }),
  setUp(otherJob, 'that does not say which workflow its job is of', calling(undefined).token, {
    jobWorkflow,
  }),
  setUp(
    `the job is not of the workflow ${jobWorkflow}@refs/tags/v1 (\`job_workflow_ref\`)`,
    'of the reusable workflow at another ref than the pinned one',
    calling(`${jobWorkflow}@refs/heads/main`).token,
    { jobWorkflow: `${jobWorkflow}@refs/tags/v1` },
  ),

  setUp(lacks('jti'), 'without an id of its own', changed({ jti: undefined })),
  setUp(lacks('jti'), 'with an empty id', changed({ jti: '' })),
  setUp(lacks('repository_id'), 'with the id of the repository as a number', changed({ repository_id: 22 })),
  setUp(lacks('repository_owner_id'), 'with a list as its owner', changed({ repository_owner_id: ['33'] })),
  setUp(lacks('run_attempt'), 'with the attempt as a number', changed({ run_attempt: 1 })),
  setUp(
    lacks(
      'repository_id',
      'repository_owner_id',
      'run_id',
      'run_attempt',
      'event_name',
      'ref',
      'workflow_ref',
    ),
    'without any of the claims of a run',
    changed({
      repository_id: undefined,
      repository_owner_id: undefined,
      run_id: undefined,
      run_attempt: undefined,
      event_name: undefined,
      ref: undefined,
      workflow_ref: undefined,
    }),
  ),
];

async function verify({ token: make, run, jobWorkflow, shownBefore }: Row): Promise<Identity> {
  nock(issuer)
    .get('/.well-known/jwks')
    .optionally()
    .reply(200, { keys: [jwk] });
  const verifier = oidcVerifier({
    issuer,
    audience,
    workflow: 'dexter.yml',
    jobWorkflow,
    remember: memory(),
  });
  const [given, wanted] = [await make(), { ...expected, ...run }];
  if (shownBefore) await verifier(given, { ...wanted, claim: 'another claim' });
  return verifier(given, wanted);
}

describe('the identity of a run', () => {
  it.each(good)('is known by a token $what', async (row) => {
    expect(await verify(row)).toMatchObject({ outcome: 'known' });
  });

  it.each(bad)('is not known by a token $what', async (row) => {
    expect(await verify(row)).toMatchObject({
      outcome: 'refused',
      reason: row.reason,
      kind: row.status === 401 ? 'set-up' : 'not-its-run',
      hint: expect.stringMatching(/^[A-Z].*\.$/),
    });
  });

  it('is told in a table for people', async () => {
    const lines = [
      '# What the app answers to the token of a run',
      '',
      'Written by test/runner-api/oidc-table.test.ts. 200: the claim goes on. 401: a mistake in the set-up, the workflow ends red. 403: the command is not for this run, the workflow ends green with a notice.',
      '',
      '| | A token … | Answer | Reason |',
      '| --- | --- | --- | --- |',
      ...[...good, ...bad].map(({ what }, index) => `| ${index + 1} | ${what} |`),
    ];
    for (const [index, row] of [...good, ...bad].entries()) {
      const identity = await verify(row);
      const answer =
        identity.outcome === 'refused'
          ? ` ${identity.kind === 'set-up' ? 401 : 403} | ${identity.reason}. ${identity.hint} |`
          : ' 200 | |';
      lines[index + 6] += answer;
    }
    expect(bad.length).toBeGreaterThanOrEqual(30);
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('oidc-table.md');
  });
});
