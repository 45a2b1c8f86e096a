import { base64url, exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import nock from 'nock';
import { describe, expect, it } from 'vitest';
import { oidcVerifier } from '../../src/runner-api/oidc.ts';

const issuer = 'https://token.actions.example';
const audience = 'https://dexter.example';
const kid = 'key-1';
const workflow = 'dexter.yml';
const expected = { repositoryId: 22, runId: '77', claim: 'command claimant' };

const ours = await generateKeyPair('RS256', { extractable: true });
const theirs = await generateKeyPair('RS256');
const elliptic = await generateKeyPair('ES256');
const padded = await generateKeyPair('PS256');
const publicPem = await exportSPKI(ours.publicKey);
const jwk = { ...(await exportJWK(ours.publicKey)), kid, alg: 'RS256', use: 'sig' };

const now = () => Math.floor(Date.now() / 1000);

/** As GitHub fills it in. */
const claims = () => ({
  jti: 'example-id',
  sub: 'repo:acme/shop:ref:refs/heads/main',
  iss: issuer,
  aud: audience,
  ref: 'refs/heads/main',
  repository: 'acme/shop',
  repository_id: '22',
  repository_owner: 'acme',
  repository_owner_id: '33',
  run_id: '77',
  run_number: '10',
  run_attempt: '1',
  event_name: 'workflow_dispatch',
  workflow_ref: 'acme/shop/.github/workflows/dexter.yml@refs/heads/main',
  runner_environment: 'github-hosted',
  nbf: now() - 600,
  iat: now(),
  exp: now() + 300,
});

type Change = Record<string, unknown>;

/** A token signed as GitHub's are, with some claims changed, or removed where there is no value. */
async function token(change: Change = {}, header: { kid?: string } = { kid }, key = ours.privateKey) {
  const payload = Object.fromEntries(
    Object.entries({ ...claims(), ...change }).filter(([, value]) => value !== undefined),
  );
  return new SignJWT(payload as JWTPayload).setProtectedHeader({ alg: 'RS256', ...header }).sign(key);
}

function unsigned(header: object, payload: object = claims()): string {
  return `${base64url.encode(JSON.stringify(header))}.${base64url.encode(JSON.stringify(payload))}.`;
}

/** Verifies with the key set at the issuer's address. */
async function verify(given: string, run = expected, ref?: string) {
  nock(issuer)
    .get('/.well-known/jwks')
    .optionally()
    .reply(200, { keys: [jwk] });
  return oidcVerifier({ issuer, audience, workflow, ref })(given, run);
}

describe('oidcVerifier', () => {
  it('knows the run that the command was dispatched to', async () => {
    expect(await verify(await token())).toEqual({ outcome: 'known' });
  });

  it('knows a run whose id the dispatch did not tell', async () => {
    expect(await verify(await token({ run_id: '99' }), { ...expected, runId: '' })).toEqual({
      outcome: 'known',
    });
  });

  it('bears clocks that differ by less than a minute', async () => {
    expect(await verify(await token({ exp: now() - 50 }))).toEqual({ outcome: 'known' });
    expect(await verify(await token({ iat: now() + 50, nbf: now() + 50 }))).toEqual({ outcome: 'known' });
  });

  it('does not look at names, which are given anew', async () => {
    const renamed = {
      repository: 'renamed/shop',
      workflow_ref: 'renamed/shop/.github/workflows/dexter.yml@refs/heads/main',
      sub: 'anything',
    };
    expect(await verify(await token(renamed))).toEqual({ outcome: 'known' });
  });

  const ref = (text: string) => ({ workflow_ref: `acme/shop/.github/workflows/${text}` });

  it('knows the workflow on the branch that it is dispatched on, on any when GitHub chooses', async () => {
    const release = await token(ref('dexter.yml@refs/heads/release/1'));
    const refused = { outcome: 'refused', reason: 'the token is from another workflow or branch' };
    expect(await verify(release)).toEqual({ outcome: 'known' });
    expect(await verify(release, expected, 'release/1')).toEqual({ outcome: 'known' });
    expect(await verify(release, expected, 'release/10')).toEqual(refused);
    expect(await verify(release, expected, 'release')).toEqual(refused);
  });

  it('takes a token for one claim only, which may show it again', async () => {
    nock(issuer)
      .get('/.well-known/jwks')
      .reply(200, { keys: [jwk] });
    const verifier = oidcVerifier({ issuer, audience, workflow });
    const given = await token();
    expect(await verifier(given, expected)).toEqual({ outcome: 'known' });
    expect(await verifier(given, { ...expected, claim: 'command other' })).toMatchObject({
      outcome: 'refused',
      reason: expect.stringContaining('another claim'),
    });
    expect(await verifier(given, expected)).toEqual({ outcome: 'known' });
  });

  it.each<[string, Change, RegExp]>([
    ['from another workflow', ref('evil.yml@refs/heads/main'), /another workflow/],
    ['from a workflow whose name ends as ours', ref('not-dexter.yml@refs/heads/main'), /another workflow/],
    ['from a tag', ref('dexter.yml@refs/tags/main'), /another workflow/],
    ["from a pull request's ref", ref('dexter.yml@refs/pull/1/merge'), /another workflow/],
    [
      'from the workflow of another repository',
      { workflow_ref: 'evil/shop/.github/workflows/dexter.yml@refs/heads/main' },
      /another workflow/,
    ],
    ['without a workflow', { workflow_ref: undefined }, /claims workflow_ref/],
    ['without an id of its own', { jti: undefined }, /claims jti/],
    ['made for another app', { aud: 'https://other.example' }, /"aud"/],
    ['made for an address that begins as ours', { aud: `${audience}.evil.example` }, /"aud"/],
    ['made for nobody', { aud: undefined }, /"aud"/],
    ['of another issuer', { iss: 'https://token.actions.evil.example' }, /"iss"/],
    ['of our issuer with a slash', { iss: `${issuer}/` }, /"iss"/],
    ['of no issuer', { iss: undefined }, /"iss"/],
    ['that has expired', { exp: now() - 61 }, /"exp"/],
    ['that never expires', { exp: undefined }, /"exp"/],
    ['whose expiry is a text', { exp: 'never' }, /"exp"/],
    ['that is not valid yet', { nbf: now() + 120 }, /"nbf"/],
    ['from the future', { iat: now() + 120 }, /"iat"/],
    ['that is too old', { iat: now() - 4000 }, /"iat"/],
    ['without a time', { iat: undefined }, /"iat"/],
    ['from another repository', { repository_id: '23' }, /another repository/],
    ['from a repository whose id begins as ours', { repository_id: '222' }, /another repository/],
    ['with the id of the repository as a number', { repository_id: 22 }, /claims repository_id/],
    ['without the id of the repository', { repository_id: undefined }, /claims repository_id/],
    ['from another run', { run_id: '78' }, /another run/],
    ['without the id of the run', { run_id: undefined }, /claims run_id/],
    ['from an empty run', { run_id: '' }, /another run/],
    ['from a second attempt', { run_attempt: '2' }, /again by hand/],
    ['without an attempt', { run_attempt: undefined }, /claims run_attempt/],
    ['from a pull request', { event_name: 'pull_request' }, /workflow_dispatch/],
    ['from a pull request target', { event_name: 'pull_request_target' }, /workflow_dispatch/],
    ['from a schedule', { event_name: 'schedule' }, /workflow_dispatch/],
    [
      'without any of our claims',
      { repository_id: undefined, run_id: undefined, run_attempt: undefined, event_name: undefined },
      /lacks the claims repository_id, run_id, run_attempt, event_name$/,
    ],
  ])('refuses a token %s', async (_name, change, reason) => {
    expect(await verify(await token(change))).toEqual({
      outcome: 'refused',
      reason: expect.stringMatching(reason),
    });
  });

  it.each<[string, () => Promise<string> | string, RegExp]>([
    ['is not signed', () => unsigned({ alg: 'none' }), /"alg"/],
    ['is not signed, in other letters', () => unsigned({ alg: 'nOnE', kid }), /"alg"/],
    [
      'is signed with the public key as a secret',
      () =>
        new SignJWT(claims())
          .setProtectedHeader({ alg: 'HS256', kid })
          .sign(new TextEncoder().encode(publicPem)),
      /"alg"/,
    ],
    [
      'is signed by another kind of key',
      () => new SignJWT(claims()).setProtectedHeader({ alg: 'ES256', kid }).sign(elliptic.privateKey),
      /"alg"/,
    ],
    [
      'is signed by RSA in another way',
      () => new SignJWT(claims()).setProtectedHeader({ alg: 'PS256', kid }).sign(padded.privateKey),
      /"alg"/,
    ],
    ['is signed by somebody else', () => token({}, { kid }, theirs.privateKey), /signature/],
    ['names a key that is not in the set', () => token({}, { kid: 'key-2' }), /no applicable key/],
    [
      'brings its own key',
      async () =>
        new SignJWT(claims())
          .setProtectedHeader({ alg: 'RS256', jwk: await exportJWK(theirs.publicKey) })
          .sign(theirs.privateKey),
      /signature/,
    ],
    [
      'was changed after it was signed',
      async () => {
        const [header, , signature] = (await token()).split('.');
        return [
          header,
          base64url.encode(JSON.stringify({ ...claims(), run_id: '77', x: 1 })),
          signature,
        ].join('.');
      },
      /signature/,
    ],
    ['lost its signature', async () => (await token()).replace(/[^.]*$/, ''), /signature/],
    ['is garbage', () => 'a.b.c', /./],
    ['is empty', () => '', /./],
    ['has too many parts', async () => `${await token()}.x`, /Invalid Compact JWS/],
    ['is a list', async () => unsigned({ alg: 'RS256', kid }, []), /signature/],
  ])('refuses a token that %s', async (_name, make, reason) => {
    expect(await verify(await make())).toEqual({ outcome: 'refused', reason: expect.stringMatching(reason) });
  });

  it('says a reason in one line', async () => {
    const identity = await verify(await token({ run_id: 5, event_name: null }));
    expect(identity).toEqual({ outcome: 'refused', reason: 'the token lacks the claims run_id, event_name' });
  });

  it.each<[string, string, () => unknown]>([
    ['unavailable', 'fails', () => nock(issuer).get('/.well-known/jwks').reply(500)],
    [
      'unavailable',
      'answers with nonsense',
      () => nock(issuer).get('/.well-known/jwks').reply(200, '<html>'),
    ],
    ['refused', 'holds no keys', () => nock(issuer).get('/.well-known/jwks').reply(200, { keys: [] })],
    ['unavailable', 'cannot be reached', () => undefined],
  ])('answers %s while the key set %s', async (outcome, _name, answer) => {
    answer();
    expect(await oidcVerifier({ issuer, audience, workflow })(await token(), expected)).toMatchObject({
      outcome,
    });
  });

  it('asks for the keys once for many tokens', async () => {
    const keys = nock(issuer)
      .get('/.well-known/jwks')
      .once()
      .reply(200, { keys: [jwk] });
    const verifier = oidcVerifier({ issuer, audience, workflow });
    for (let times = 0; times < 3; times += 1) {
      expect(await verifier(await token(), expected)).toEqual({ outcome: 'known' });
    }
    expect(keys.isDone()).toBe(true);
  });
});
