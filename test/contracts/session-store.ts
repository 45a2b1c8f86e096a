import { createCipheriv, createHash, type Hash } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SessionRef } from '../../src/core/session.ts';
import { newMasterKey, sessionKeys } from '../../src/core/session-key.ts';
import { openSealed, seal } from '../../src/sessions/seal.ts';
import type { ReadOptions, SessionStore } from '../../src/stores/session-store.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

export interface StoreUnderTest {
  store: SessionStore;
  cleanUp?: () => Promise<void>;
}

const ref: SessionRef = { installationId: 1, repositoryId: 20, issueKey: 'DXTR-1' };

export function archiveOf(text: string): ReadableStream<Uint8Array> {
  return new Blob([text]).stream();
}

export async function newestText(
  store: SessionStore,
  of: SessionRef = ref,
  options: ReadOptions = {},
): Promise<string | undefined> {
  const found = await store.read(of, options);
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
      expect(await store.write(ref, 1, new Blob([bytes]).stream())).toMatchObject({
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

    it('reads the newest generation below one that turned out to be unusable', async () => {
      for (const generation of [1, 2, 3, 4]) await store.write(ref, generation, archiveOf(`g${generation}`));
      const third = await store.read(ref, { below: 4 });
      expect(third).toMatchObject({ outcome: 'hit', generation: 3 });
      if (third.outcome === 'hit') expect(await new Response(third.archive).text()).toBe('g3');
      const second = await store.read(ref, { below: 3 });
      expect(second).toMatchObject({ outcome: 'hit', generation: 2 });
      if (second.outcome === 'hit') await second.archive.cancel();
      expect(await store.read(ref, { below: 1 })).toEqual({ outcome: 'miss' });
    });

    it('finds the newest generation by what the ledger remembers of it, and one that is newer still', async () => {
      await store.write(ref, 1, archiveOf('one'));
      const second = await store.write(ref, 2, archiveOf('two'));
      if (second.outcome !== 'saved') throw new Error('conflict');
      const options = second.entry === undefined ? {} : { entry: second.entry };
      expect(await newestText(store, ref, options)).toBe('two');
      await store.write(ref, 3, archiveOf('three'));
      expect(await newestText(store, ref, options), 'saved by a run whose report was lost').toBe('three');
    });

    it('keeps an archive of no bytes', async () => {
      expect(await store.write(ref, 1, archiveOf(''))).toMatchObject({ outcome: 'saved', bytes: 0 });
      expect(await newestText(store)).toBe('');
    });

    it('hands out an archive that need not be read', async () => {
      await store.write(ref, 1, new Blob([new Uint8Array(300_000)]).stream());
      const found = await store.read(ref);
      if (found.outcome !== 'hit') throw new Error('miss');
      await found.archive.cancel();
      expect(await store.write(ref, 2, archiveOf('two'))).toMatchObject({ outcome: 'saved' });
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
      { ...ref, issueKey: 'ДЕКС-1' },
      { ...ref, issueKey: 'デクスター-1 🧵' },
      { ...ref, issueKey: 'DXTR-1\0' },
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
      expect(listed.map(({ ref, generation }) => ({ ref, generation }))).toEqual(
        expect.arrayContaining([
          { ref, generation: 2 },
          { ref: second, generation: 1 },
        ]),
      );
      expect(listed).toHaveLength(2);
      // A store may pack what it is given once more.
      for (const { bytes } of listed) expect(bytes).toBeGreaterThan(0);
      expect(await Array.fromAsync(store.list(3))).toEqual([]);
    });

    it('lists sessions with keys in any script', async () => {
      const unicode = { ...ref, issueKey: 'ДЕКС-1 デ' };
      await store.write(unicode, 1, archiveOf('x'));
      expect((await Array.fromAsync(store.list(1))).map((listed) => listed.ref)).toEqual([unicode]);
    });

    describe('with a sealed archive', () => {
      const master = { current: newMasterKey(), previous: [] };
      const keys = sessionKeys(master, ref);
      const text = 'what was said '.repeat(40);

      async function stored(): Promise<Buffer> {
        const found = await store.read(ref);
        if (found.outcome !== 'hit') throw new Error('miss');
        return Buffer.from(await new Response(found.archive).bytes());
      }

      /** The content, or why it was not given out. */
      async function opened(bytes: Buffer, as = ref, generation = 1): Promise<string> {
        await using temporary = await temporaryDirectory();
        const sealed = new Blob([bytes.slice()]).stream();
        const directory = join(temporary.path, 't');
        const result = await openSealed(sealed, sessionKeys(master, as), { ref: as, generation }, directory);
        return result.outcome === 'opened' ? await new Response(result.archive).text() : result.outcome;
      }

      beforeEach(async () => {
        await store.write(ref, 1, seal(archiveOf(text), keys.current, { ref, generation: 1 }));
      });

      it('opens it again', async () => {
        expect(await opened(await stored())).toBe(text);
      });

      it('refuses it with a bit flipped or its end cut off, wherever that is', async () => {
        const whole = await stored();
        for (let at = 0; at < whole.length; at += 23) {
          const flipped = Buffer.from(whole);
          flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
          expect(await opened(flipped), `bit flipped at ${at}`).toMatch(/^(?:refused|wrong-key)$/);
          expect(await opened(whole.subarray(0, at)), `cut at ${at}`).toBe('refused');
        }
      });

      it.each([
        ['another tenant', { ...ref, installationId: 2 }, 1],
        ['another repository', { ...ref, repositoryId: 21 }, 1],
        ['another issue', { ...ref, issueKey: 'DXTR-12' }, 1],
        ['another generation', ref, 2],
      ])('refuses it as that of %s', async (_, as, generation) => {
        expect(await opened(await stored(), as, generation)).toMatch(/^(?:refused|wrong-key)$/);
      });
    });
  });
}

const large = 500 * 1024 * 1024;

/** One archive of 500 MB, there and back. Not in every run of the contract: it takes seconds. */
export function largeArchiveContract(name: string, create: () => Promise<StoreUnderTest>): void {
  it(`keeps 500 MB, by ${name}`, { timeout: 120_000 }, async () => {
    const { store, cleanUp } = await create();
    try {
      const written = createHash('sha256');
      expect(await store.write(ref, 1, noise(large, written))).toMatchObject({
        outcome: 'saved',
        bytes: large,
      });
      const found = await store.read(ref);
      if (found.outcome !== 'hit') throw new Error('miss');
      const read = createHash('sha256');
      let bytes = 0;
      for await (const chunk of found.archive) {
        bytes += chunk.byteLength;
        read.update(chunk);
      }
      expect(bytes).toBe(large);
      expect(read.digest('hex')).toBe(written.digest('hex'));
    } finally {
      await cleanUp?.();
    }
  });
}

/** Bytes that no store can make smaller; no two megabytes are the same. */
function noise(bytes: number, hash: Hash): ReadableStream<Uint8Array> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16));
  const zeros = Buffer.alloc(1024 * 1024);
  let left = bytes;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = cipher.update(zeros.subarray(0, left));
        left -= chunk.byteLength;
        hash.update(chunk);
        controller.enqueue(chunk);
        if (left === 0) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}
