import { describe, expect, it } from 'vitest';
import { removeSession } from '../../src/cli/remove-session.ts';
import { AppError } from '../../src/core/errors.ts';
import { archiveOf } from '../contracts/session-store.ts';
import { memoryStore } from '../fakes/memory-store.ts';
import { fakeTerminal } from './fake-terminal.ts';
import { openedMemory, refOf } from './kept-sessions.ts';

async function filled() {
  const store = memoryStore();
  await store.write(refOf('DXTR-1'), 1, archiveOf('x'));
  await store.write(refOf('DXTR-1'), 2, archiveOf('xx'));
  await store.write(refOf('DXTR-12'), 1, archiveOf('y'));
  return store;
}

const keysIn = (store: ReturnType<typeof memoryStore>) =>
  [...store.sessions.values()].map(({ ref }) => ref.issueKey);

describe('dexter session rm', () => {
  it('removes all generations of the one session with --yes', async () => {
    const store = await filled();
    const { terminal, printed } = fakeTerminal();
    expect(await removeSession(openedMemory(store), 'DXTR-1', { yes: true }, terminal)).toBe(0);
    expect(keysIn(store)).toEqual(['DXTR-12']);
    expect(printed).toEqual(['Removed the session of DXTR-1: 2 generations.']);
  });

  it.each([
    [true, 0, ['DXTR-12']],
    [false, 1, ['DXTR-1', 'DXTR-12']],
  ])('asks on a terminal, and obeys the answer %j', async (answer, code, left) => {
    const store = await filled();
    const { terminal, questions } = fakeTerminal({ answer });
    expect(await removeSession(openedMemory(store), 'DXTR-1', { yes: false }, terminal)).toBe(code);
    expect(questions).toEqual([expect.stringMatching(/^Remove the session of DXTR-1 \(generation 2, 2 B, /)]);
    expect(keysIn(store)).toEqual(left);
  });

  it('removes nothing where nobody can be asked', async () => {
    const store = await filled();
    const { terminal } = fakeTerminal();
    const removing = removeSession(openedMemory(store), 'DXTR-1', { yes: false }, terminal);
    await expect(removing).rejects.toMatchObject({ code: 'input-invalid', hint: /--yes/ });
    expect(keysIn(store)).toHaveLength(2);
  });

  it('refuses to guess between two repositories', async () => {
    const store = await filled();
    await store.write(refOf('DXTR-1', 1, 21), 1, archiveOf('z'));
    const opened = openedMemory(store);
    const { terminal } = fakeTerminal();
    await expect(removeSession(opened, 'DXTR-1', { yes: true }, terminal)).rejects.toMatchObject({
      message:
        'There are 2 sessions of DXTR-1: installation 1, repository 20; installation 1, repository 21.',
    });
    expect(await removeSession(opened, 'DXTR-1', { yes: true, repositoryId: 21 }, terminal)).toBe(0);
    expect(keysIn(store)).toEqual(['DXTR-1', 'DXTR-12']);
  });

  it('removes what cannot be listed when both ids are given', async () => {
    const store = await filled();
    const damaged = new AppError('session-unreadable', { message: 'One is damaged.', hint: '' });
    const opened = {
      ...openedMemory(store),
      store: {
        ...store,
        // biome-ignore lint/correctness/useYield: it fails before it has anything to give
        async *list() {
          throw damaged;
        },
      },
    };
    const { terminal } = fakeTerminal();
    await expect(removeSession(opened, 'DXTR-1', { yes: true }, terminal)).rejects.toMatchObject({
      message: /Some could not be listed: One is damaged\./,
      hint: /both --installation and --repository-id/,
    });
    const ids = { installationId: 1, repositoryId: 20 };
    expect(await removeSession(opened, 'DXTR-1', { yes: true, ...ids }, terminal)).toBe(0);
    expect(keysIn(store)).toEqual(['DXTR-12']);
  });

  it.each([{}, { installationId: 1, repositoryId: 20 }])('says with %j when there is none', async (scope) => {
    const { terminal } = fakeTerminal();
    const removing = removeSession(openedMemory(memoryStore()), 'DXTR-1', { yes: true, ...scope }, terminal);
    await expect(removing).rejects.toMatchObject({ code: 'input-invalid', message: /no session of DXTR-1/ });
  });
});
