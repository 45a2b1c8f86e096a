import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { newMasterKey, sessionKeys } from '../../src/core/session-key.ts';
import { newestGeneration } from '../../src/sessions/restore.ts';
import type { SessionStore } from '../../src/stores/session-store.ts';
import { archiveOf } from '../contracts/session-store.ts';
import { memoryStore } from '../fakes/memory-store.ts';
import { custody, master } from './custody.ts';
import { readTree } from './read-tree.ts';
import { ref, sessionFiles } from './session-folder.ts';

it('brings back the generation that was saved last', async () => {
  await using runner = await custody(memoryStore());
  expect(await runner.save({ generation: 1 })).toMatchObject({ outcome: 'saved', generation: 1 });
  expect(await runner.save({ generation: 2, costUsd: 0.75 })).toMatchObject({ generation: 2 });
  expect(await runner.restore()).toMatchObject({
    outcome: 'restored',
    generation: 2,
    newest: 2,
    manifest: { generation: 2, costUsd: 0.75 },
    notices: [],
  });
  expect(await readTree(join(runner.directory, 'restored'))).toEqual(sessionFiles);
  expect((await readdir(runner.directory)).sort()).toEqual(['config', 'restored', 'tmp']);
  expect(await readdir(runner.temporaryDirectory)).toEqual([]);
});

it('has nothing to bring back before the first save', async () => {
  await using runner = await custody(memoryStore());
  expect(await runner.restore()).toEqual({ outcome: 'none' });
  expect(await newestGeneration(memoryStore(), ref)).toBe(0);
});

it('brings back the generation before one that is damaged, and says what is missing', async () => {
  const store = memoryStore();
  await using runner = await custody(store);
  await runner.save({ generation: 1 });
  await runner.save({ generation: 2 });
  await store.write(ref, 3, archiveOf('not an archive'));
  expect(await runner.restore()).toMatchObject({
    outcome: 'restored',
    generation: 2,
    newest: 3,
    notices: [expect.stringMatching(/Generation 3 .* could not be used .* generation 2 was restored/)],
  });
});

it('gives up after three generations, with the reason of the newest', async () => {
  const store = memoryStore();
  await using runner = await custody(store);
  await runner.save({ generation: 1 });
  for (const generation of [2, 3]) await store.write(ref, generation, archiveOf('x'.repeat(500)));
  await store.write(ref, 4, archiveOf('short'));
  expect(await runner.restore()).toEqual({
    outcome: 'unusable',
    newest: 4,
    reason: 'the archive is not complete',
  });
});

it('reads a damaged archive once more, because it may have been damaged on the way', async () => {
  await using runner = await custody(cutOnce(memoryStore()));
  await runner.save();
  expect(await runner.restore()).toMatchObject({ outcome: 'restored', generation: 1, notices: [] });
});

/** The first archive that is read ends early, as after a lost connection that nobody noticed. */
function cutOnce(store: SessionStore): SessionStore {
  let isCut = false;
  return {
    ...store,
    async read(of, options) {
      const found = await store.read(of, options);
      if (found.outcome === 'miss' || isCut) return found;
      isCut = true;
      const bytes = await new Response(found.archive).bytes();
      return { ...found, archive: new Blob([bytes.slice(0, -7)]).stream() };
    },
  };
}

it('refuses the archive of another session, and an earlier one in the place of a later one', async () => {
  const store = memoryStore();
  await using runner = await custody(store);
  const other = { ...ref, issueKey: 'DXTR-2' };
  await runner.save({ ref: other });
  const stolen = await store.read(other);
  if (stolen.outcome === 'hit') await store.write(ref, 1, stolen.archive);
  expect(await runner.restore()).toMatchObject({ outcome: 'unusable', reason: /another session/ });

  await store.remove(ref);
  await runner.save({ generation: 1 });
  const first = await store.read(ref);
  if (first.outcome === 'hit') await store.write(ref, 2, first.archive);
  expect(await runner.restore()).toMatchObject({ outcome: 'restored', generation: 1, newest: 2 });
});

it('names the key that is missing', async () => {
  const store = memoryStore();
  await using before = await custody(store);
  await before.save();
  const next = newMasterKey();
  await using without = await custody(store, sessionKeys({ current: next, previous: [] }, ref));
  expect(await without.restore()).toMatchObject({
    outcome: 'unusable',
    reason: expect.stringMatching(new RegExp(`${before.keys.current.id}.*DEXTER_SESSION_KEY_PREVIOUS`)),
  });
  const both = sessionKeys({ current: next, previous: [master.current] }, ref);
  await using rotated = await custody(store, both);
  expect(await rotated.restore()).toMatchObject({ outcome: 'restored' });
});

it('brings back the generation before one that the store cannot bring whole', async () => {
  const store = memoryStore();
  const error = new AppError('session-unreadable', { message: 'Its object is gone.', hint: '' });
  await using runner = await custody({
    ...store,
    async read(of, options) {
      const found = await store.read(of, options);
      if (found.outcome === 'miss' || found.generation < 2) return found;
      const archive = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(error) });
      return { ...found, archive };
    },
  });
  await runner.save({ generation: 1 });
  await runner.save({ generation: 2 });
  expect(await runner.restore()).toMatchObject({
    outcome: 'restored',
    generation: 1,
    newest: 2,
    notices: [expect.stringContaining('Its object is gone')],
  });
});

it('lets a failing store be seen', async () => {
  const error = new AppError('session-unreadable', { message: 'down', hint: '' });
  await using runner = await custody({ ...memoryStore(), read: () => Promise.reject(error) });
  await expect(runner.restore()).rejects.toBe(error);
});
