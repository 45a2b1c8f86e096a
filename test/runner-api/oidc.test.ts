import { generateKeyPair } from 'jose';
import nock from 'nock';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type OidcOptions, oidcVerifier } from '../../src/runner-api/oidc.ts';
import { audience, expected, issuer, jwk, jwkOf, memory, now, token } from './token-maker.ts';

const verifierFor = (options: Partial<OidcOptions> = {}) =>
  oidcVerifier({ issuer, audience, workflow: 'dexter.yml', remember: memory(), ...options });

const keySet = (...keys: object[]) => nock(issuer).get('/.well-known/jwks').reply(200, { keys });

/** Time passes for the keys and for the tokens. */
function later(minutes: number): void {
  vi.setSystemTime(Date.now() + minutes * 60_000);
}

afterEach(() => {
  vi.useRealTimers();
});

describe('a token', () => {
  it('is good for one claim only, which may show it again', async () => {
    keySet(jwk);
    const verify = verifierFor();
    const given = await token();
    expect(await verify(given, expected)).toEqual({ outcome: 'known', runId: '77' });
    expect(await verify(given, { ...expected, claim: 'command other' })).toMatchObject({
      outcome: 'refused',
      kind: 'not-its-run',
    });
    expect(await verify(given, expected)).toEqual({ outcome: 'known', runId: '77' });
  });

  it('that is refused is not used up', async () => {
    keySet(jwk);
    const remembered: unknown[] = [];
    const verify = verifierFor({ remember: async (shown) => remembered.push(shown) > 0 });
    const given = await token();
    expect(await verify(given, { ...expected, runId: '78' })).toMatchObject({ outcome: 'refused' });
    expect(remembered).toEqual([]);
    expect(await verify(given, expected)).toMatchObject({ outcome: 'known' });
    expect(remembered).toEqual([{ id: 'example-id', claim: expected.claim, expiresAt: expect.any(Date) }]);
  });

  it.each([
    ['a wrong audience', { aud: 'https://other.example' }, true],
    ['another workflow', { workflow_ref: 'acme/shop/.github/workflows/x.yml@refs/heads/main' }, true],
    ['another owner', { repository_owner_id: '34' }, true],
    ['another run', { run_id: '78' }, false],
    ['another workflow, in another run', { run_id: '78', event_name: 'push' }, false],
    ['a wrong audience, in another repository', { aud: 'x', repository_id: '23' }, false],
    ['a second attempt', { run_attempt: '2' }, false],
  ])('refused for %s says whether it is of the dispatched run', async (_what, change, isDispatchedRun) => {
    keySet(jwk);
    expect(await verifierFor()(await token(change), expected)).toMatchObject({
      outcome: 'refused',
      isDispatchedRun,
    });
  });

  it('refused before its signature was verified says nothing of its run', async () => {
    keySet(jwk);
    const { privateKey } = await generateKeyPair('RS256');
    expect(await verifierFor()(await token({}, { key: privateKey }), expected)).toMatchObject({
      outcome: 'refused',
      isDispatchedRun: false,
    });
  });

  it('of a run whose id is not known is never taken for that of the dispatched run', async () => {
    keySet(jwk);
    const verify = verifierFor();
    const given = await token({ run_id: '', event_name: 'push' });
    expect(await verify(given, { ...expected, runId: '' })).toMatchObject({
      outcome: 'refused',
      isDispatchedRun: false,
    });
  });
});

describe('the key set', () => {
  it.each<[string, string, () => unknown]>([
    ['unavailable', 'fails', () => nock(issuer).get('/.well-known/jwks').reply(500)],
    ['unavailable', 'is nonsense', () => nock(issuer).get('/.well-known/jwks').reply(200, '<html>')],
    ['refused', 'holds no keys', () => keySet()],
    ['unavailable', 'cannot be reached', () => undefined],
  ])('answers %s while it %s', async (outcome, _name, answer) => {
    answer();
    expect(await verifierFor()(await token(), expected)).toMatchObject({ outcome });
  });

  it('is asked for once for many tokens', async () => {
    const keys = keySet(jwk);
    const verify = verifierFor();
    for (let times = 0; times < 3; times += 1) {
      expect(await verify(await token(), expected)).toMatchObject({ outcome: 'known' });
    }
    expect(keys.isDone()).toBe(true);
  });

  it('is read again for a token of a new key, and forgets the old one', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const fresh = await generateKeyPair('RS256');
    const newToken = () => token({ jti: 'new' }, { header: { kid: 'key-2' }, key: fresh.privateKey });
    const verify = verifierFor();
    keySet(jwk);
    expect(await verify(await token(), expected)).toMatchObject({ outcome: 'known' });
    // Nothing is asked twice within moments: whoever shows such a token may come again.
    expect(await verify(await newToken(), expected)).toMatchObject({
      outcome: 'unavailable',
      reason: `the keys of ${issuer} do not hold that of the token yet`,
    });
    later(1);
    const both = keySet(jwk, await jwkOf(fresh.publicKey, 'key-2'));
    expect(await verify(await newToken(), expected)).toMatchObject({ outcome: 'known' });
    expect(await verify(await token(), expected)).toMatchObject({ outcome: 'known' });
    expect(both.isDone()).toBe(true);
    later(11);
    const onlyNew = keySet(await jwkOf(fresh.publicKey, 'key-2'));
    expect(await verify(await newToken(), expected)).toMatchObject({ outcome: 'known' });
    expect(onlyNew.isDone()).toBe(true);
    later(1);
    keySet(await jwkOf(fresh.publicKey, 'key-2'));
    expect(await verify(await token(), expected)).toMatchObject({
      outcome: 'refused',
      reason: `the token is signed with a key that ${issuer} does not have`,
    });
  });

  it('that was read some minutes ago serves while the issuer is down', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    keySet(jwk);
    const verify = verifierFor();
    expect(await verify(await token(), expected)).toMatchObject({ outcome: 'known' });
    later(5);
    expect(await verify(await token(), expected)).toMatchObject({ outcome: 'known' });
    later(6);
    expect(await verify(await token(), expected)).toMatchObject({ outcome: 'unavailable' });
    keySet(jwk);
    expect(await verify(await token(), expected)).toMatchObject({ outcome: 'known' });
  });

  it.each([
    ['GitHub Enterprise Server', 'https://github.example.com/_services/token'],
    ['an enterprise with an issuer of its own', 'https://token.actions.githubusercontent.com/octocat-inc'],
    ['GitHub Enterprise Cloud with data residency', 'https://token.actions.octocorp.ghe.com'],
  ])('of %s is found below its issuer', async (_name, address) => {
    const { origin, pathname } = new URL(`${address}/.well-known/jwks`);
    const keys = nock(origin)
      .get(pathname)
      .reply(200, { keys: [jwk] });
    const verify = verifierFor({ issuer: address });
    expect(await verify(await token({ iss: address }), expected)).toMatchObject({ outcome: 'known' });
    expect(await verify(await token({ iss: `${address}/x` }), expected)).toMatchObject({
      outcome: 'refused',
    });
    expect(keys.isDone()).toBe(true);
  });
});

it('bears clocks that differ by less than a minute', async () => {
  keySet(jwk);
  const verify = verifierFor();
  expect(await verify(await token({ exp: now() - 55 }), expected)).toMatchObject({ outcome: 'known' });
});
