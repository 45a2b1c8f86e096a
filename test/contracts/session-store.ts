import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SessionRef } from '../../src/core/session.ts';
import type { SessionStore } from '../../src/stores/session-store.ts';

export interface StoreUnderTest {
  store: SessionStore;
  cleanUp?: () => Promise<void>;
}

const ref: SessionRef = { installationId: 1, repositoryId: 20, issueKey: 'DXTR-1' };

export function archiveOf(text: string): ReadableStream<Uint8Array> {
  return new Blob([text]).stream();
}

export async function newestText(store: SessionStore, of: SessionRef = ref): Promise<string | undefined> {
  const found = await store.read(of);
  return found.outcome === 'hit' ? await new Response(found.archive).text() : undefined;
}

/** What every session store has to do, whatever it keeps its archives in. */
export function sessionStoreContract(name: string, create: () => Promise<StoreUnderTest>): void {
  describe(`the session store contract, by ${name}`, () => {
    let under: StoreUnderTest;
    let store: SessionStore;
    beforeEach(async () => {
      under = await create();
      store = under.store;
    });
    afterEach(async () => {
      await under.cleanUp?.();
    });

    it('misses what was never written', async () => {
      expect(await store.read(ref)).toEqual({ outcome: 'miss' });
    });

    it('gives back what was written, byte for byte', async () => {
      const bytes = new Uint8Array(300_000).map((_, index) => index % 251);
      expect(await store.write(ref, 1, new Blob([bytes]).stream())).toEqual({
        outcome: 'saved',
        bytes: 300_000,
      });
      const found = await store.read(ref);
      if (found.outcome !== 'hit') throw new Error('miss');
      expect(found).toMatchObject({ generation: 1, bytes: 300_000 });
      expect(Math.abs(found.savedAt.getTime() - Date.now())).toBeLessThan(60_000);
      expect(Buffer.from(await new Response(found.archive).bytes()).equals(Buffer.from(bytes))).toBe(true);
    });

    it('reads the newest generation', async () => {
      for (const generation of [1, 2, 3, 4, 5])
        await store.write(ref, generation, archiveOf(`g${generation}`));
      expect(await store.read(ref)).toMatchObject({ outcome: 'hit', generation: 5 });
      expect(await newestText(store)).toBe('g5');
    });

    it.each([1, 3, 7])(
      'refuses generation %i after generation 1, and changes nothing',
      async (generation) => {
        await store.write(ref, 1, archiveOf('one'));
        let isReleased = false;
        const release = () => {
          isReleased = true;
        };
        const source = new ReadableStream<Uint8Array>(
          {
            pull(controller) {
              release();
              controller.close();
            },
            cancel: release,
          },
          { highWaterMark: 0 },
        );
        expect(await store.write(ref, generation, source)).toEqual({ outcome: 'conflict', newest: 1 });
        expect(await newestText(store)).toBe('one');
        expect(isReleased, 'the archive is read to its end or cancelled').toBe(true);
      },
    );

    it('lets one of several writers of a generation win', async () => {
      const results = await Promise.all(
        ['a', 'b', 'c', 'd'].map((text) => store.write(ref, 1, archiveOf(text))),
      );
      expect(results.filter(({ outcome }) => outcome === 'saved')).toHaveLength(1);
      expect(results.filter(({ outcome }) => outcome === 'conflict')).toHaveLength(3);
      const winner = ['a', 'b', 'c', 'd'][results.findIndex(({ outcome }) => outcome === 'saved')];
      expect(await newestText(store)).toBe(winner);
    });

    it.each([
      { ...ref, issueKey: 'DXTR-12' },
      { ...ref, issueKey: 'dxtr-1' },
      { ...ref, issueKey: '../20/DXTR-1' },
      { ...ref, repositoryId: 2 },
      { ...ref, installationId: 12 },
    ])('keeps $installationId/$repositoryId/$issueKey apart from the first session', async (other) => {
      await store.write(ref, 1, archiveOf('mine'));
      expect(await store.read(other)).toEqual({ outcome: 'miss' });
      await store.write(other, 1, archiveOf('other'));
      expect(await newestText(store)).toBe('mine');
      expect(await newestText(store, other)).toBe('other');
    });

    it('leaves the earlier generation when an archive breaks off', async () => {
      await store.write(ref, 1, archiveOf('one'));
      const broken = new ReadableStream<Uint8Array>({
        pull(controller) {
          controller.enqueue(new Uint8Array(10));
          controller.error(new Error('connection lost'));
        },
      });
      await expect(store.write(ref, 2, broken)).rejects.toThrow();
      expect(await newestText(store)).toBe('one');
      expect(await store.write(ref, 2, archiveOf('two'))).toMatchObject({ outcome: 'saved' });
    });

    it('removes all generations of one session, and says how many', async () => {
      const other = { ...ref, issueKey: 'DXTR-2' };
      await store.write(ref, 1, archiveOf('one'));
      await store.write(ref, 2, archiveOf('two'));
      await store.write(other, 1, archiveOf('other'));
      expect(await store.remove(ref)).toBe(2);
      expect(await store.read(ref)).toEqual({ outcome: 'miss' });
      expect(await newestText(store, other)).toBe('other');
      expect(await store.remove(ref)).toBe(0);
    });

    it('lists the newest generation of each session of an installation', async () => {
      const second = { ...ref, repositoryId: 21, issueKey: 'gh-21-3' };
      await store.write(ref, 1, archiveOf('one'));
      await store.write(ref, 2, archiveOf('two!'));
      await store.write(second, 1, archiveOf('x'));
      await store.write({ ...ref, installationId: 2 }, 1, archiveOf('theirs'));
      const listed = await Array.fromAsync(store.list(1));
      expect(listed.map(({ ref, generation, bytes }) => ({ ref, generation, bytes }))).toEqual(
        expect.arrayContaining([
          { ref, generation: 2, bytes: 4 },
          { ref: second, generation: 1, bytes: 1 },
        ]),
      );
      expect(listed).toHaveLength(2);
      expect(await Array.fromAsync(store.list(3))).toEqual([]);
    });
  });
}
