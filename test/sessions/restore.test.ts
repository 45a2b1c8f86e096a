import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { newestGeneration, restore } from '../../src/sessions/restore.ts';
import { save } from '../../src/sessions/save.ts';
import { archiveOf } from '../contracts/session-store.ts';
import { memoryStore } from '../fakes/memory-store.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { readTree } from './read-tree.ts';
import { factsOf, ref, sessionFiles, writeFiles } from './session-folder.ts';

describe('restore', () => {
  it('brings back the generation that was saved last', async () => {
    await using from = await temporaryDirectory();
    await using to = await temporaryDirectory();
    const store = memoryStore();
    await writeFiles(from.path, sessionFiles);
    expect(await save(store, from.path, factsOf(1))).toMatchObject({ outcome: 'saved', generation: 1 });
    expect(await save(store, from.path, { ...factsOf(2), costUsd: 0.75 })).toMatchObject({ generation: 2 });
    const target = join(to.path, 'config');
    expect(await restore(store, ref, target)).toMatchObject({
      outcome: 'restored',
      generation: 2,
      manifest: { generation: 2, costUsd: 0.75 },
    });
    expect(await readTree(target)).toEqual(sessionFiles);
  });

  it('has nothing to bring back before the first save', async () => {
    await using to = await temporaryDirectory();
    expect(await restore(memoryStore(), ref, to.path)).toEqual({ outcome: 'none' });
    expect(await newestGeneration(memoryStore(), ref)).toBe(0);
  });

  it('says which generation cannot be used', async () => {
    await using to = await temporaryDirectory();
    const store = memoryStore();
    await store.write(ref, 1, archiveOf('not an archive'));
    expect(await restore(store, ref, join(to.path, 'config'))).toMatchObject({
      outcome: 'unusable',
      generation: 1,
      reason: expect.any(String),
    });
  });

  it('refuses the archive of another session that lies under this one', async () => {
    await using from = await temporaryDirectory();
    const store = memoryStore();
    await writeFiles(from.path, sessionFiles);
    const other = { ...ref, issueKey: 'DXTR-2' };
    await save(store, from.path, { ...factsOf(1), ref: other });
    const stolen = await store.read(other);
    if (stolen.outcome !== 'hit') throw new Error('miss');
    await store.write(ref, 1, stolen.archive);
    const target = join(from.path, 'config');
    expect(await restore(store, ref, target)).toMatchObject({
      outcome: 'unusable',
      reason: /another session/,
    });
  });

  it('lets a failing store be seen', async () => {
    const error = new AppError('session-unreadable', { message: 'down', hint: '' });
    const store = { ...memoryStore(), read: () => Promise.reject(error) };
    await expect(restore(store, ref, '/nowhere')).rejects.toBe(error);
  });
});

describe('save', () => {
  it('leaves the session of a faster run alone', async () => {
    await using from = await temporaryDirectory();
    const store = memoryStore();
    await writeFiles(from.path, sessionFiles);
    await save(store, from.path, factsOf(1));
    expect(await save(store, from.path, factsOf(1))).toEqual({ outcome: 'conflict', newest: 1 });
  });

  it('writes nothing where there is no transcript', async () => {
    await using from = await temporaryDirectory();
    const store = memoryStore();
    expect(await save(store, from.path, factsOf(1))).toEqual({ outcome: 'nothing' });
    expect(store.sessions.size).toBe(0);
  });
});
