import { describe, expect, it } from 'vitest';
import { listSessions } from '../../src/cli/list-sessions.ts';
import { AppError } from '../../src/core/errors.ts';
import type { SessionStore } from '../../src/stores/session-store.ts';
import { archiveOf } from '../contracts/session-store.ts';
import { memoryStore } from '../fakes/memory-store.ts';
import { fakeTerminal } from './fake-terminal.ts';
import { age, openedMemory, refOf } from './kept-sessions.ts';

const now = () => new Date('2026-11-21T12:00:00Z');
const json = { json: true };
const text = { json: false };

async function filled() {
  const store = memoryStore();
  await store.write(refOf('DXTR-1'), 1, archiveOf('x'.repeat(2000)));
  await store.write(refOf('DXTR-20', 2, 30), 1, archiveOf('y'));
  await store.write(refOf('DXTR-20', 2, 30), 2, archiveOf('yy'));
  age(store, 'DXTR-1', new Date('2026-11-19T12:00:00Z'));
  age(store, 'DXTR-20', new Date('2026-11-21T09:00:00Z'));
  return store;
}

/** Lists what it has, and then says that there was more. */
function failingAfter(store: SessionStore, error: Error): SessionStore {
  return {
    ...store,
    async *list(installationId) {
      yield* store.list(installationId);
      if (installationId === 1) throw error;
    },
  };
}

describe('dexter session ls', () => {
  it('lists the sessions of all installations, newest first', async () => {
    const { terminal, printed, told } = fakeTerminal({ now });
    expect(await listSessions(openedMemory(await filled()), text, terminal)).toBe(0);
    expect(printed).toEqual([
      'ISSUE    INSTALLATION  REPOSITORY  GENERATION  SIZE  SAVED',
      'DXTR-20  2             30          2           2 B   3 h ago',
      'DXTR-1   1             20          1           2 kB  2 days ago',
      '',
      '2 sessions, 2 kB',
    ]);
    expect(told).toEqual([]);
  });

  it.each([
    [{ installationId: 1 }, ['DXTR-1']],
    [{ repositoryId: 30 }, ['DXTR-20']],
    [{ installationId: 1, repositoryId: 30 }, []],
  ])('narrows down to %j', async (scope, keys) => {
    const { terminal, printed } = fakeTerminal({ now });
    await listSessions(openedMemory(await filled()), { ...scope, ...json }, terminal);
    const sessions: { issueKey: string }[] = JSON.parse(printed.join(''));
    expect(sessions.map(({ issueKey }) => issueKey)).toEqual(keys);
  });

  it('says in JSON everything that a store knows', async () => {
    const { terminal, printed } = fakeTerminal({ now });
    await listSessions(openedMemory(await filled()), { ...json, installationId: 1 }, terminal);
    expect(JSON.parse(printed.join(''))).toEqual([
      { ...refOf('DXTR-1'), generation: 1, bytes: 2000, savedAt: '2026-11-19T12:00:00.000Z' },
    ]);
  });

  it('says where there is none', async () => {
    const { terminal, printed, told } = fakeTerminal();
    expect(await listSessions(openedMemory(memoryStore()), text, terminal)).toBe(0);
    expect([printed, told]).toEqual([[], ['There is no session in the directory /workspace.']]);
  });

  it('lists the rest of a store that holds something damaged, and fails', async () => {
    const store = await filled();
    const error = new AppError('session-unreadable', {
      message: 'One is\u001b[2J damaged.',
      hint: 'Remove it.',
    });
    const { terminal, printed, told } = fakeTerminal({ now });
    const opened = { ...openedMemory(store), store: failingAfter(store, error) };
    expect(await listSessions(opened, text, terminal)).toBe(1);
    expect(printed.filter((line) => line.startsWith('DXTR'))).toHaveLength(2);
    expect(told).toEqual(['One is\\u{1b}[2J damaged.', '', 'Remove it.']);
  });

  it('shows a key of somebody else harmlessly', async () => {
    const store = memoryStore();
    await store.write(refOf('\u001b]0;evil\u0007'), 1, archiveOf('x'));
    const { terminal, printed } = fakeTerminal();
    await listSessions(openedMemory(store), text, terminal);
    expect(printed[1]).toContain('\\u{1b}]0;evil\\u{7}');
  });
});
