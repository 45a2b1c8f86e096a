import { readdir } from 'node:fs/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openSession } from '../../src/cli/open-session.ts';
import type { OpenedStore } from '../../src/cli/opened-store.ts';
import { rotateKeys } from '../../src/cli/rotate-keys.ts';
import type { SessionRef } from '../../src/core/session.ts';
import { type MasterKeys, newMasterKey } from '../../src/core/session-key.ts';
import type { SessionStore } from '../../src/stores/session-store.ts';
import { workspaceStore } from '../../src/stores/workspace.ts';
import { memoryStore } from '../fakes/memory-store.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { fakeTerminal } from './fake-terminal.ts';
import { keep, openedMemory, refOf } from './kept-sessions.ts';

const oldKeys: MasterKeys = { current: newMasterKey(), previous: [] };
const newKeys: MasterKeys = { current: newMasterKey(), previous: [] };
const both: MasterKeys = { current: newKeys.current, previous: [oldKeys.current] };
const ref = refOf('DXTR-1');

async function rotated(opened: OpenedStore, keys: MasterKeys | undefined = both) {
  const { terminal, printed, told } = fakeTerminal({ env: { DEXTER_DATA: '/data' } });
  const code = await rotateKeys(opened, { keys }, terminal);
  return { code, printed, told: told.join('\n') };
}

async function opens(store: SessionStore, of: SessionRef, keys: MasterKeys) {
  await using directory = await temporaryDirectory();
  return await openSession(store, keys, of, directory.path);
}

/** A store in which a run saves the session `times` times, each just before what is written next. */
function busy(store: SessionStore, times: number, keys: MasterKeys): SessionStore {
  let left = times;
  return {
    ...store,
    async write(of, generation, archive) {
      if (left > 0) {
        left -= 1;
        await keep(store, of, keys, generation);
      }
      return await store.write(of, generation, archive);
    },
  };
}

describe('dexter key rotate', () => {
  it.each([
    ['in memory', () => memoryStore()],
    ['in a workspace', (root: string) => workspaceStore({ root })],
  ])(
    'saves %s as the next generation under the current key what is under a previous one',
    async (_, make) => {
      await using directory = await temporaryDirectory();
      const store = make(directory.path);
      await keep(store, ref, oldKeys);
      const before = await opens(store, ref, oldKeys);
      const opened = { ...openedMemory(memoryStore()), store, installations: async () => [1] };

      const { code, printed, told } = await rotated(opened);

      expect(code).toBe(0);
      expect(printed).toEqual([
        'Rotated DXTR-1: generation 2 is sealed anew.',
        '1 session: 1 rotated, 0 under the current key already, 0 removed meanwhile, 0 failed.',
      ]);
      expect(told).toContain('DEXTER_SESSION_KEY_PREVIOUS can go');
      expect(told).toContain('Still under a previous key: 1 older generation,');
      const after = await opens(store, ref, newKeys);
      if (before.outcome !== 'opened' || after.outcome !== 'opened') throw new Error('not opened');
      expect(after.manifest).toEqual({ ...before.manifest, generation: 2, parentGeneration: 1 });
      expect((await opens(store, ref, oldKeys)).outcome).toBe('wrong-key');
    },
  );

  it('leaves alone what is under the current key', async () => {
    const store = memoryStore();
    await keep(store, ref, newKeys);
    const { code, printed } = await rotated(openedMemory(store));
    expect([code, printed]).toEqual([
      0,
      ['1 session: 0 rotated, 1 under the current key already, 0 removed meanwhile, 0 failed.'],
    ]);
    expect([...store.sessions.values()][0]?.generations).toHaveLength(1);
  });

  it('starts again from what a run has saved meanwhile', async () => {
    const store = memoryStore();
    await keep(store, ref, oldKeys);
    const { code } = await rotated({ ...openedMemory(store), store: busy(store, 2, oldKeys) });
    expect(code).toBe(0);
    expect(await opens(store, ref, newKeys)).toMatchObject({
      manifest: { generation: 4, parentGeneration: 3 },
    });
  });

  it('gives up a session that runs keep saving, and keeps what they saved', async () => {
    const store = memoryStore();
    await keep(store, ref, oldKeys);
    const { code, told } = await rotated({ ...openedMemory(store), store: busy(store, 3, oldKeys) });
    expect(code).toBe(1);
    expect(told).toContain('saved by others 3 times');
    expect(told).toContain('Keep DEXTER_SESSION_KEY_PREVIOUS');
    expect(await opens(store, ref, oldKeys)).toMatchObject({ manifest: { generation: 4 } });
  });

  it('goes on after one that it cannot open, and fails', async () => {
    const store = memoryStore();
    const lost = { current: newMasterKey(), previous: [] };
    await keep(store, refOf('DXTR-2'), lost);
    await keep(store, ref, oldKeys);
    const { code, printed, told } = await rotated(openedMemory(store));
    expect(code).toBe(1);
    expect(printed.at(-1)).toBe(
      '2 sessions: 1 rotated, 0 under the current key already, 0 removed meanwhile, 1 failed.',
    );
    expect(told).toContain('The session of DXTR-2 is sealed under a key that is not here');
    expect((await opens(store, refOf('DXTR-2'), lost)).outcome).toBe('opened');
  });

  it('does not believe a store that gives something else back', async () => {
    const store = memoryStore();
    await keep(store, ref, oldKeys);
    const forgetful: SessionStore = {
      ...store,
      async write(_, generation, archive) {
        await archive.cancel();
        return { outcome: 'saved', bytes: generation };
      },
    };
    const { code, told } = await rotated({ ...openedMemory(store), store: forgetful });
    expect(code).toBe(1);
    expect(told).toContain('does not open with it');
  });

  it.each([
    [undefined, 'what is in /data/session-key'],
    [newKeys, 'what is in /data/session-key'],
  ])('explains the steps without an earlier key', async (keys, where) => {
    const { terminal } = fakeTerminal({ env: { DEXTER_DATA: '/data' } });
    await expect(rotateKeys(openedMemory(memoryStore()), { keys }, terminal)).rejects.toMatchObject({
      code: 'config-invalid',
      hint: expect.stringMatching(new RegExp(`1\\. .*key new\n2\\. .*${where}.*\n3\\. .*key rotate`)),
    });
  });

  it('refuses the Actions cache, which only a job can write to', async () => {
    const opened = { ...openedMemory(memoryStore()), name: 'actions-cache' as const };
    await expect(rotated(opened)).rejects.toMatchObject({ code: 'input-invalid', hint: /by its next run/ });
  });

  it('leaves nothing of a conversation on the disk', async () => {
    await using temporary = await temporaryDirectory();
    const store = memoryStore();
    await keep(store, ref, oldKeys);
    vi.stubEnv('TMPDIR', temporary.path);
    onTestFinished(() => void vi.unstubAllEnvs());
    const seen: string[][] = [];
    const write: SessionStore['write'] = async (...saved) => {
      seen.push(await readdir(temporary.path));
      return await store.write(...saved);
    };
    await rotated({ ...openedMemory(store), store: { ...store, write } });
    expect(seen).toEqual([[expect.stringMatching(/^dexter-session-/)]]);
    expect(await readdir(temporary.path)).toEqual([]);
  });
});
