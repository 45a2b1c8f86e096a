import { describe, expect, it } from 'vitest';
import { forget } from '../../action/forget.ts';
import { AppError } from '../../src/core/errors.ts';
import type { StoreName } from '../../src/core/session.ts';
import type { SessionStore } from '../../src/stores/session-store.ts';
import { memoryStore } from '../fakes/memory-store.ts';

const ref = { installationId: 1, repositoryId: 2, issueKey: 'DX-1' };
const other = { ...ref, issueKey: 'DX-12' };

const archive = () => new Blob(['sealed']).stream();

async function storeOf(generations: number) {
  const store = memoryStore();
  for (let generation = 1; generation <= generations; generation++)
    await store.write(ref, generation, archive());
  await store.write(other, 1, archive());
  return store;
}

const failing = (error: unknown) => ({ remove: () => Promise.reject(error) });

async function forgetIn(
  stores: [StoreName, Pick<SessionStore, 'remove'>][],
  removeFiles: () => Promise<void> = async () => undefined,
  unnamed: StoreName[] = [],
) {
  const warnings: string[] = [];
  const result = await forget({
    ref,
    stores: new Map(stores),
    unnamed: new Set(unnamed),
    removeFiles,
    warn: (message) => warnings.push(message),
  });
  return { ...result, warnings };
}

const unreachable = new AppError('session-not-saved', {
  message: `No answer. ${'x'.repeat(900)}`,
  hint: 'Wait.',
});

describe('forget', () => {
  it('removes the session from every store, then its files, and nothing of another issue', async () => {
    const [s3, workspace] = [await storeOf(3), await storeOf(0)];
    const order: string[] = [];
    const result = await forgetIn(
      [
        ['s3', s3],
        ['workspace', workspace],
      ],
      async () => {
        order.push(`files, with ${s3.sessions.size} left`);
      },
    );
    expect(result).toEqual({
      forgotten: [
        { store: 's3', generations: 3 },
        { store: 'workspace', generations: 0 },
      ],
      notices: [],
      warnings: [],
    });
    expect(order).toEqual(['files, with 1 left']);
    expect((await s3.read(other)).outcome).toBe('hit');
    expect((await s3.read(ref)).outcome).toBe('miss');
  });

  it('goes on after a store that fails, and says what is left without the text of unexpected errors', async () => {
    const s3 = await storeOf(2);
    let filesRemoved = false;
    const { forgotten, problem, warnings } = await forgetIn(
      [
        ['actions-cache', failing(unreachable)],
        ['workspace', failing(new Error('token ghs_secret in /home/runner'))],
        ['s3', s3],
      ],
      async () => {
        filesRemoved = true;
      },
    );
    expect(forgotten).toEqual([
      { store: 'actions-cache', generations: 0, problem: unreachable.message.slice(0, 500) },
      { store: 'workspace', generations: 0, problem: 'Dexter ran into an unexpected error.' },
      { store: 's3', generations: 2 },
    ]);
    expect(problem).toMatchObject({ code: 'session-not-removed' });
    expect(problem?.message).toContain('actions-cache');
    expect(problem?.message).toContain('workspace');
    expect(problem?.message).not.toMatch(/s3|secret/);
    expect(warnings).toHaveLength(2);
    expect(filesRemoved).toBe(true);
  });

  it('says of a store that no input names that it was not searched, and does not fail for it', async () => {
    const stores: [StoreName, Pick<SessionStore, 'remove'>][] = [
      ['actions-cache', failing(unreachable)],
      ['s3', await storeOf(1)],
    ];
    const { forgotten, notices, problem } = await forgetIn(stores, undefined, ['actions-cache']);
    expect(forgotten).toEqual([{ store: 's3', generations: 1 }]);
    expect(notices).toEqual([expect.stringContaining('was not searched: No answer.')]);
    expect(problem).toBeUndefined();
  });

  it('tells of files that are left', async () => {
    const inUse = new AppError('session-conflict', { message: 'Another run uses them.', hint: 'Wait.' });
    const { forgotten, problem } = await forgetIn([['s3', await storeOf(1)]], () => Promise.reject(inUse));
    expect(forgotten).toEqual([{ store: 's3', generations: 1 }]);
    expect(problem).toMatchObject({
      code: 'session-not-removed',
      message: expect.stringContaining('Another run uses them.'),
    });
  });
});
