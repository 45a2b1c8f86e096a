import { describe, expect, it } from 'vitest';
import { newMasterKey, SessionKeys, SessionMasterKey, sessionKeys } from '../../src/core/session-key.ts';

const ref = { installationId: 1, repositoryId: 20, issueKey: 'DXTR-1' };
const master = SessionMasterKey.parse(`dxk1_${'A'.repeat(43)}`);

describe('sessionKeys', () => {
  // The expected value is from another implementation of HKDF.
  it('gives the same key for the same session, always', () => {
    expect(sessionKeys({ current: master, previous: [] }, ref)).toEqual({
      current: { id: 'de53241def5a8688', key: '06kRVWqGC6C4PaMTdQ0tjkxN/r51AuIsPQdSsmCoCoI=' },
      previous: [],
    });
  });

  it.each([
    { ...ref, installationId: 12 },
    { ...ref, installationId: 120, repositoryId: 0 },
    { ...ref, repositoryId: 2 },
    { ...ref, issueKey: 'DXTR-12' },
    { ...ref, issueKey: 'dxtr-1' },
  ])('gives another key for $installationId/$repositoryId/$issueKey', (other) => {
    const mine = sessionKeys({ current: master, previous: [] }, ref).current;
    const theirs = sessionKeys({ current: master, previous: [] }, other).current;
    expect(theirs.key).not.toBe(mine.key);
    expect(theirs.id).not.toBe(mine.id);
  });

  it('gives what a run may be told', () => {
    const keys = sessionKeys({ current: newMasterKey(), previous: [master, newMasterKey()] }, ref);
    expect(SessionKeys.parse(keys)).toEqual(keys);
    expect(new Set([keys.current, ...keys.previous].map(({ id }) => id)).size).toBe(3);
  });
});

describe('newMasterKey', () => {
  it('makes another one each time', () => {
    expect(newMasterKey()).not.toBe(newMasterKey());
    expect(SessionMasterKey.safeParse(newMasterKey()).success).toBe(true);
  });

  it.each(['', 'secret', `dxk1_${'A'.repeat(42)}`, `dxk1_${'+'.repeat(43)}`])(
    'is not taken for %j',
    (text) => {
      expect(SessionMasterKey.safeParse(text).success).toBe(false);
    },
  );
});
