import { describe, expect, it } from 'vitest';
import { showSession } from '../../src/cli/show-session.ts';
import { type MasterKeys, newMasterKey, sessionKeys } from '../../src/core/session-key.ts';
import { memoryStore } from '../fakes/memory-store.ts';
import { sessionId } from '../sessions/session-folder.ts';
import { fakeTerminal } from './fake-terminal.ts';
import { keep, openedMemory, refOf } from './kept-sessions.ts';

const keys: MasterKeys = { current: newMasterKey(), previous: [] };
const ref = refOf('DXTR-1');
const keyId = sessionKeys(keys, ref).current.id;

async function shown(
  store: ReturnType<typeof memoryStore>,
  { having, json = false, ...scope }: { having?: MasterKeys; json?: boolean; repositoryId?: number } = {},
) {
  const { terminal, printed, told } = fakeTerminal();
  const options = { ...scope, keys: having, json };
  const code = await showSession(openedMemory(store), 'DXTR-1', options, terminal);
  return { code, printed: printed.join('\n'), told: told.join('\n') };
}

describe('dexter session show', () => {
  it('opens the newest generation and says what is in it', async () => {
    const store = memoryStore();
    await keep(store, ref, keys);
    await keep(store, ref, keys, 2);
    const { code, printed, told } = await shown(store, { having: keys });
    expect([code, told]).toEqual([0, '']);
    expect(printed).toContain('2, which continues generation 1');
    for (const fact of [sessionId, keyId, '1 file', 'claude-code 2.1.330', '1,234 tokens', '$0.50']) {
      expect(printed).toContain(fact);
    }
  });

  it('names the compacted copy, and that there is none', async () => {
    const store = memoryStore();
    await keep(store, ref, keys);
    expect((await shown(store, { having: keys })).printed).toMatch(/Compacted copy +none/);
    const copy = { sessionId: '22222222-2222-4333-8444-555555555555', contextTokens: 8_421, summedUpTo: 1 };
    await keep(store, ref, keys, 2, copy);
    const { code, printed } = await shown(store, { having: keys });
    expect(code).toBe(0);
    expect(printed).toContain('2 files');
    expect(printed).toMatch(new RegExp(`Compacted copy +${copy.sessionId}, 8,421 tokens, .*generation 1`));
  });

  it('says the same in JSON', async () => {
    const store = memoryStore();
    await keep(store, ref, keys);
    const { printed } = await shown(store, { having: keys, json: true });
    expect(JSON.parse(printed)).toMatchObject({
      ...ref,
      generation: 1,
      keyId,
      verified: true,
      manifest: { sessionId, ref },
    });
  });

  it('says without a key what the store knows, and under which key it is sealed', async () => {
    const store = memoryStore();
    await keep(store, ref, keys);
    const { code, printed, told } = await shown(store);
    expect(code).toBe(0);
    expect(printed).toContain(`key ${keyId}`);
    expect(printed).not.toContain(sessionId);
    expect(told).toContain('no session key');
  });

  it('fails with the wrong key, and names the right one', async () => {
    const store = memoryStore();
    await keep(store, ref, keys);
    const having = { current: newMasterKey(), previous: [] };
    const { code, printed, told } = await shown(store, { having, json: true });
    expect(code).toBe(1);
    expect(JSON.parse(printed)).toMatchObject({ verified: false, manifest: null, keyId });
    expect(told).toContain(keyId);
    expect(told).toContain('DEXTER_SESSION_KEY_PREVIOUS');
  });

  it('fails when one byte is another', async () => {
    const store = memoryStore();
    await keep(store, ref, keys);
    for (const { generations } of store.sessions.values()) {
      for (const { bytes } of generations) bytes[bytes.length - 20] = (bytes.at(-20) ?? 0) ^ 1;
    }
    const { code, told } = await shown(store, { having: keys });
    expect(code).toBe(1);
    expect(told).toMatch(/Generation 1 of the session of DXTR-1 cannot be used/);
  });

  it('asks for an id where two repositories have the same key', async () => {
    const store = memoryStore();
    await keep(store, ref, keys);
    await keep(store, refOf('DXTR-1', 1, 21), keys);
    await expect(shown(store)).rejects.toMatchObject({
      code: 'input-invalid',
      hint: 'Say which one with --repository-id.',
    });
    expect((await shown(store, { repositoryId: 21 })).code).toBe(0);
  });

  it('says when there is none', async () => {
    await expect(shown(memoryStore())).rejects.toMatchObject({
      code: 'input-invalid',
      message: 'There is no session of DXTR-1 in the directory /workspace.',
    });
  });
});
