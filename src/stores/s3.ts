import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { SessionRef } from '../core/session.ts';
import { type Bucket, type Condition, openBucket } from './s3/bucket.ts';
import { download } from './s3/download.ts';
import { explain, listingError, StoreFault, storeError } from './s3/explain.ts';
import { completeOptions, type S3StoreOptions } from './s3/options.ts';
import {
  decodePointer,
  encodePointer,
  folderOf,
  generationIn,
  newestOf,
  nextPointer,
  objectName,
  type Pointer,
  pointerName,
  type StoredGeneration,
} from './s3/pointer.ts';
import { isPassing, pause, type Retrying, withRetries } from './s3/retry.ts';
import { upload } from './s3/upload.ts';
import type { ReadResult, SessionStore, WriteResult } from './session-store.ts';

/** More than this is no pointer. */
const pointerLimit = 64 * 1024;
/** An object that no pointer names, and an upload that nobody ended, is left over when it is older than this. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;
/** Pointers that a list reads at the same time. */
const pointersAtATime = 8;
/** How often a removal starts again because somebody saves at the same time. */
const removalRounds = 5;

interface Head {
  pointer: Pointer;
  etag: string;
}

/**
 * Sessions in S3: `<prefix>/<installation>/<repository>/<hash of the issue key>/gen-000001-<random>.dxs`, and
 * beside them `HEAD`, which names the newest three.
 *
 * An archive is sent under a name of its own; then `HEAD` is replaced on the condition that it is still the one
 * that was read. Of two writers exactly one succeeds, and a crash leaves an object that nothing names.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export function s3Store(options: S3StoreOptions): SessionStore {
  const setup = completeOptions(options);
  const { place, now, warn } = setup;
  const bucket = openBucket(setup);
  let keepsConditions: Promise<void> | undefined;

  async function headOf(ref: SessionRef): Promise<Head | undefined> {
    const key = folderOf(place.prefix, ref) + pointerName;
    const found = await bucket.get(key, pointerLimit);
    if (found === undefined) return undefined;
    const pointer = decodePointer(found.bytes, key, place.prefix);
    if (!isDeepStrictEqual(pointer.ref, SessionRef.parse(ref))) {
      throw new StoreFault(
        `the pointer ${key} is that of another session`,
        'Remove the session (`forget`); the next run starts a new one.',
      );
    }
    return { pointer, etag: found.etag };
  }

  /** Once per store: the answer is the same for the whole bucket. After a failure the next save asks again. */
  async function proveConditions(key: string): Promise<void> {
    keepsConditions ??= mustRefuse(bucket, key, setup);
    try {
      await keepsConditions;
    } catch (error) {
      keepsConditions = undefined;
      throw error;
    }
  }

  /** Replaces the pointer that was read, unless somebody else was faster. */
  async function movePointer(ref: SessionRef, before: Head | undefined, pointer: Pointer): Promise<Moved> {
    const key = folderOf(place.prefix, ref) + pointerName;
    const condition: Condition = before ? { ifMatch: before.etag } : { ifNoneMatch: '*' };
    const own = newestOf(pointer).object;
    let mayHaveArrived = false;
    for (let failures = 1; ; failures += 1) {
      let trouble: unknown;
      try {
        if ((await bucket.putIf(key, encodePointer(pointer), condition)) === 'written')
          return { isMoved: true };
      } catch (error) {
        if (!isPassing(error)) throw mayHaveArrived ? new Undecided(error) : error;
        trouble = error;
        mayHaveArrived = true;
      }
      // Refused, or nobody knows: a try whose answer was lost may have arrived. What is there now tells.
      const after = await headOrLost(ref);
      if (after?.pointer.generations.some(({ object }) => object === own)) return { isMoved: true };
      if (after?.etag !== before?.etag) {
        return { isMoved: false, newest: after ? newestOf(after.pointer).generation : 0 };
      }
      if (failures >= setup.patience.tries) {
        throw mayHaveArrived ? new Undecided(trouble ?? contention(key)) : contention(key);
      }
      await pause(failures, trouble, setup);
    }
  }

  /** After a write whose end is unknown, a failure to read leaves it unknown. */
  async function headOrLost(ref: SessionRef): Promise<Head | undefined> {
    try {
      return await headOf(ref);
    } catch (error) {
      throw new Undecided(error);
    }
  }

  async function save(
    ref: SessionRef,
    generation: number,
    before: Head | undefined,
    archive: ReadableStream<Uint8Array>,
  ): Promise<WriteResult> {
    const folder = folderOf(place.prefix, ref);
    const object = objectName(generation, randomBytes(16).toString('hex'));
    let saved: StoredGeneration;
    let pointer: Pointer;
    try {
      const { bytes, sha256 } = await upload(bucket, folder + object, archive, warn);
      await proveConditions(folder + object);
      saved = { generation, object, bytes, sha256, savedAt: now().toISOString() };
      pointer = nextPointer(before?.pointer, ref, saved);
      const moved = await movePointer(ref, before, pointer);
      if (!moved.isMoved) {
        await takeBack([folder + object]);
        return { outcome: 'conflict', newest: moved.newest };
      }
    } catch (error) {
      // What the pointer may name stays.
      if (error instanceof Undecided) throw error.cause;
      await takeBack([folder + object]);
      throw error;
    }
    // From here on the pointer names the object: it stays, whatever fails.
    await tidy(folder, before?.pointer, pointer);
    if (before === undefined) await mustStillBe(ref, object);
    return { outcome: 'saved', bytes: saved.bytes };
  }

  /**
   * A removal that ran at the same time has taken the object before the pointer named it, when this was the
   * first generation. The pointer must not stay without its object.
   */
  async function mustStillBe(ref: SessionRef, object: string): Promise<void> {
    const folder = folderOf(place.prefix, ref);
    try {
      if ((await bucket.size(folder + object)) !== undefined) return;
      const isOurs = (await headOf(ref))?.pointer.generations.some((one) => one.object === object);
      if (isOurs) await bucket.remove([folder + pointerName]);
    } catch (error) {
      warn(`It could not be checked that ${folder}${object} is still there: ${explain(error, place).what}.`);
      return;
    }
    throw new StoreFault(
      'it was removed while it was being saved',
      'Nothing is to be mended when the removal was meant; the next run starts a new session.',
    );
  }

  async function takeBack(keys: string[]): Promise<void> {
    try {
      await bucket.remove(keys);
    } catch (error) {
      warn(`${keys.join(', ')} could not be removed: ${explain(error, place).what}.`);
    }
  }

  /** Removes what the pointer names no longer, and what writers that died have left. Fails no save. */
  async function tidy(folder: string, before: Pointer | undefined, { generations }: Pointer): Promise<void> {
    const isNamed = (key: string) => generations.some(({ object }) => folder + object === key);
    const isAbandoned = (since: Date) => since.getTime() < now().getTime() - abandonedAfterMs;
    try {
      const dropped = (before?.generations ?? []).map(({ object }) => folder + object);
      await bucket.remove(dropped.filter((key) => !isNamed(key)));
      for (const { key, writtenAt } of await archivesIn(folder)) {
        if (!isNamed(key) && isAbandoned(writtenAt)) await bucket.remove([key]);
      }
      for (const { key, upload, startedAt } of await bucket.uploads(folder)) {
        if (isAbandoned(startedAt)) await bucket.abortParts(key, upload);
      }
    } catch (error) {
      warn(`What is left over in ${folder} could not be removed: ${explain(error, place).what}.`);
    }
  }

  /** Our archives in a folder; whatever else lies there is not ours to touch. */
  async function archivesIn(folder: string) {
    const objects = await Array.fromAsync(bucket.objects(folder));
    return objects.filter(({ key }) => generationIn(key.slice(folder.length)) !== undefined);
  }

  return {
    async read(ref, { below = Infinity } = {}): Promise<ReadResult> {
      const failed = (error: unknown) => storeError('read', ref, error, place);
      try {
        const head = await headOf(ref);
        const found = head?.pointer.generations.find(({ generation }) => generation < below);
        if (found === undefined) return { outcome: 'miss' };
        const key = folderOf(place.prefix, ref) + found.object;
        const archive = await download(bucket, key, found, failed);
        const { generation, bytes, savedAt } = found;
        return { outcome: 'hit', generation, savedAt: new Date(savedAt), bytes, archive };
      } catch (error) {
        throw failed(error);
      }
    },

    async write(ref, generation, archive): Promise<WriteResult> {
      try {
        const before = await headOf(ref);
        const newest = before ? newestOf(before.pointer).generation : 0;
        if (generation !== newest + 1) {
          await cancel(archive);
          return { outcome: 'conflict', newest };
        }
        return await save(ref, generation, before, archive);
      } catch (error) {
        if (!archive.locked) await cancel(archive);
        throw storeError('save', ref, error, place);
      }
    },

    async remove(ref): Promise<number> {
      const folder = folderOf(place.prefix, ref);
      const removed = new Set<number | undefined>();
      try {
        for (let round = 1; round <= removalRounds; round += 1) {
          // The pointer first: without it the session is gone, whatever happens to the rest.
          await bucket.remove([folder + pointerName]);
          for (const { key, upload } of await bucket.uploads(folder)) await bucket.abortParts(key, upload);
          const archives = (await archivesIn(folder)).map(({ key }) => key);
          await bucket.remove(archives);
          for (const key of archives) removed.add(generationIn(key.slice(folder.length)));
          if (archives.length === 0) return removed.size;
        }
        throw new StoreFault(
          `somebody saves it again and again in ${folder}`,
          'Stop the runs of this issue first, then remove the session.',
        );
      } catch (error) {
        throw storeError('remove', ref, error, place);
      }
    },

    async *list(installationId) {
      const damaged: unknown[] = [];
      try {
        for await (const keys of batches(pointersBelow(bucket, `${place.prefix}/${installationId}/`))) {
          const results = await Promise.allSettled(
            keys.map(async (key) => {
              const found = await bucket.get(key, pointerLimit);
              return found && decodePointer(found.bytes, key, place.prefix);
            }),
          );
          for (const result of results) {
            if (result.status === 'rejected') damaged.push(result.reason);
            // Removed since it was listed.
            else if (result.value) yield listed(result.value);
          }
        }
      } catch (error) {
        throw listingError(error, place);
      }
      // After the good ones: one damaged pointer hides no other session.
      if (damaged.length > 0) throw listingError(damaged[0], place);
    },
  };
}

/** Tells whoever packs that nobody reads any more; that it fails at being told changes nothing. */
async function cancel(archive: ReadableStream<Uint8Array>): Promise<void> {
  await archive.cancel().catch(() => undefined);
}

type Moved = { isMoved: true } | { isMoved: false; newest: number };

/** Nobody knows whether the pointer was written. */
class Undecided extends Error {
  constructor(cause: unknown) {
    super('it is unknown whether the pointer moved', { cause });
    this.name = 'Undecided';
  }
}

function contention(key: string): StoreFault {
  return new StoreFault(
    `others write ${key} all the time`,
    'Try again with `retry` when the other runs of this issue have ended.',
  );
}

/**
 * Sends two writes to our own new object that have to be refused. A server that ignores conditions would let
 * two runners overwrite each other's generations without a word.
 */
async function mustRefuse(bucket: Bucket, key: string, retrying: Retrying): Promise<void> {
  const conditions: Condition[] = [{ ifNoneMatch: '*' }, { ifMatch: `"${'0'.repeat(32)}"` }];
  for (const condition of conditions) {
    const probe = () => bucket.putIf(key, Buffer.from('{}'), condition);
    if ((await withRetries(probe, retrying)) !== 'written') continue;
    throw new StoreFault(
      'the server ignores the conditions of a write (`If-Match`, `If-None-Match`)',
      'Use a server that knows conditional writes, or a newer version of this one; without them two runners overwrite each other.',
    );
  }
}

function listed(pointer: Pointer) {
  const { generation, bytes, savedAt } = newestOf(pointer);
  return { ref: pointer.ref, generation, bytes, savedAt: new Date(savedAt) };
}

/** Keys of the pointers below the folder of an installation. */
async function* pointersBelow(bucket: Bucket, installation: string): AsyncGenerator<string> {
  for await (const { key } of bucket.objects(installation)) {
    if (/^\d+\/[0-9a-f]{32}\/HEAD$/.test(key.slice(installation.length))) yield key;
  }
}

async function* batches(keys: AsyncIterable<string>): AsyncGenerator<string[]> {
  let batch: string[] = [];
  for await (const key of keys) {
    batch.push(key);
    if (batch.length < pointersAtATime) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
