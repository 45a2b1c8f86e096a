import { describe, expect, it } from 'vitest';
import { removeOldSessions } from '../../src/cli/remove-old-sessions.ts';
import { parseTime } from '../../src/cli/session.ts';
import { AppError } from '../../src/core/errors.ts';
import { archiveOf } from '../contracts/session-store.ts';
import { memoryStore } from '../fakes/memory-store.ts';
import { fakeTerminal } from './fake-terminal.ts';
import { age, openedMemory, refOf } from './kept-sessions.ts';

const now = () => new Date('2026-11-21T12:00:00Z');
const old = new Date('2026-10-01T12:00:00Z');
const options = { olderThanMs: parseTime('30d'), dryRun: false };

async function filled() {
  const store = memoryStore();
  for (const key of ['DXTR-1', 'DXTR-2', 'DXTR-3']) await store.write(refOf(key), 1, archiveOf(key));
  age(store, 'DXTR-1', old);
  age(store, 'DXTR-2', old);
  age(store, 'DXTR-3', new Date('2026-11-20T12:00:00Z'));
  return store;
}

const keysIn = (store: ReturnType<typeof memoryStore>) =>
  [...store.sessions.values()].map(({ ref }) => ref.issueKey);

describe('dexter session gc', () => {
  it('removes what was not saved for that long', async () => {
    const store = await filled();
    const { terminal, printed } = fakeTerminal({ now });
    expect(await removeOldSessions(openedMemory(store), options, terminal)).toBe(0);
    expect(keysIn(store)).toEqual(['DXTR-3']);
    expect(printed).toHaveLength(3);
    expect(printed.at(-1)).toBe('2 sessions removed, 12 B; 1 kept.');
  });

  it('removes nothing in a dry run', async () => {
    const store = await filled();
    const { terminal, printed } = fakeTerminal({ now });
    expect(await removeOldSessions(openedMemory(store), { ...options, dryRun: true }, terminal)).toBe(0);
    expect(keysIn(store)).toHaveLength(3);
    expect(printed.at(-1)).toBe('2 sessions would be removed, 12 B; 1 kept.');
  });

  it('spares a session that is saved again after it was listed', async () => {
    const store = await filled();
    const opened = {
      ...openedMemory(store),
      store: {
        ...store,
        async *list(installationId: number) {
          yield* store.list(installationId);
          await store.write(refOf('DXTR-2'), 2, archiveOf('new'));
        },
      },
    };
    const longAgo = new Date(Date.now() - parseTime('60d'));
    for (const key of ['DXTR-1', 'DXTR-2', 'DXTR-3']) age(store, key, longAgo);
    const { terminal } = fakeTerminal();
    await removeOldSessions(opened, options, terminal);
    expect(keysIn(store)).toEqual(['DXTR-2']);
  });

  it('looks into the list of an Actions cache, which only a job can read', async () => {
    const store = await filled();
    const opened = {
      ...openedMemory(store),
      name: 'actions-cache' as const,
      store: { ...store, read: () => Promise.reject(new Error('read')) },
    };
    const { terminal } = fakeTerminal({ now });
    expect(await removeOldSessions(opened, options, terminal)).toBe(0);
    expect(keysIn(store)).toEqual(['DXTR-3']);
  });

  it('goes on after one that cannot be removed, and fails', async () => {
    const store = await filled();
    const opened = {
      ...openedMemory(store),
      store: {
        ...store,
        async remove(ref: ReturnType<typeof refOf>) {
          if (ref.issueKey !== 'DXTR-1') return store.remove(ref);
          throw new AppError('session-unreadable', { message: 'DXTR-1 stays.', hint: 'Mend it.' });
        },
      },
    };
    const { terminal, told } = fakeTerminal({ now });
    expect(await removeOldSessions(opened, options, terminal)).toBe(1);
    expect(keysIn(store)).toEqual(['DXTR-1', 'DXTR-3']);
    expect(told).toContain('DXTR-1 stays.');
  });
});

describe('parseTime', () => {
  it.each([
    ['12h', 43_200_000],
    ['30d', 2_592_000_000],
    ['2w', 1_209_600_000],
  ])('reads %s', (text, ms) => {
    expect(parseTime(text)).toBe(ms);
  });

  it.each(['', '30', 'd', '0d', '-1d', '1.5d', '30 d', '30D', '999999d'])('refuses %j', (text) => {
    expect(() => parseTime(text)).toThrow('such as 30d');
  });
});
