import { createHash } from 'node:crypto';
import type { Bucket, Part } from './bucket.ts';
import { ArchiveBroken, StoreFault } from './explain.ts';

/** Archives of this size and more are sent in parts of it. */
const partBytes = 8 * 1024 * 1024;
const partsAtATime = 4;

export interface Uploaded {
  bytes: number;
  /** Lower case hex. */
  sha256: string;
}

/**
 * Sends `archive` to `key`: one request, or parts of 8 MB, four at a time. The first part that fails stops
 * everything, and the parts are taken away again. The archive is read to its end or cancelled.
 */
export async function upload(
  bucket: Bucket,
  key: string,
  archive: ReadableStream<Uint8Array>,
  warn: (message: string) => void,
): Promise<Uploaded> {
  const reader = archive.getReader();
  try {
    const whole = createHash('sha256');
    let bytes = 0;
    const used: Buffer[] = [];
    const parts = counted(partsOf(reader, used), (part) => {
      whole.update(part);
      bytes += part.length;
    });
    const { value: first } = await parts.next();
    if (first === undefined || first.length < partBytes) {
      await bucket.put(key, first ?? new Uint8Array());
    } else {
      await sendParts(bucket, key, { first, rest: parts, used }, warn);
    }
    const kept = await bucket.size(key);
    if (kept !== bytes) {
      throw new StoreFault(
        `of the ${bytes} bytes sent to ${key}, the bucket keeps ${kept ?? 'none'}`,
        'Try again with `retry`; when it stays, look into the log of the storage service.',
      );
    }
    return { bytes, sha256: whole.digest('hex') };
  } catch (error) {
    await cancel(reader);
    throw error;
  }
}

interface Parts {
  first: Buffer;
  rest: AsyncGenerator<Buffer, void>;
  /** Parts that have arrived: their memory is taken for later ones, so that it does not wait for the collector. */
  used: Buffer[];
}

async function sendParts(
  bucket: Bucket,
  key: string,
  { first, rest, used }: Parts,
  warn: (message: string) => void,
): Promise<void> {
  const id = await bucket.beginParts(key);
  const stop = new AbortController();
  const done: Part[] = [];
  const running = new Set<Promise<void>>();
  let number = 0;
  const start = (body: Buffer) => {
    number += 1;
    const sent = bucket
      .putPart(key, id, number, body, stop.signal)
      .then((part) => {
        done.push(part);
        used.push(body);
      })
      .finally(() => running.delete(sent));
    sent.catch((error) => stop.abort(error));
    running.add(sent);
  };
  try {
    start(first);
    for await (const part of rest) {
      stop.signal.throwIfAborted();
      // As many as fit are under way before the next one is read, so that memory stays bounded.
      start(part);
      if (running.size >= partsAtATime) await Promise.race(running);
    }
    await Promise.all(running);
    await bucket.endParts(
      key,
      id,
      done.toSorted((a, b) => a.PartNumber - b.PartNumber),
    );
  } catch (error) {
    stop.abort();
    // A part that arrives after the abort would stay.
    await Promise.allSettled(running);
    await takeBack(bucket, key, id, warn);
    throw error;
  }
}

async function takeBack(bucket: Bucket, key: string, id: string, warn: (message: string) => void) {
  try {
    await bucket.abortParts(key, id);
  } catch {
    warn(`The parts of ${key} could not be removed; they go with a later save of the session.`);
  }
}

/** The archive in pieces of exactly `partBytes`; the last one is shorter, or missing when nothing is left. */
async function* partsOf(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  used: Buffer[],
): AsyncGenerator<Buffer, void> {
  let part: Buffer = Buffer.allocUnsafeSlow(0);
  let filled = 0;
  for (;;) {
    const { done, value } = await read(reader);
    if (done) break;
    for (let taken = 0; taken < value.length; ) {
      if (filled === part.length) part = grown(part, filled + value.length - taken);
      const piece = value.subarray(taken, taken + part.length - filled);
      part.set(piece, filled);
      filled += piece.length;
      taken += piece.length;
      if (filled < partBytes) continue;
      yield part;
      part = used.pop() ?? Buffer.allocUnsafeSlow(partBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
}

/** Room for `needed` bytes, with some to spare: most archives are much smaller than a part. */
function grown(part: Buffer, needed: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(Math.min(partBytes, Math.max(needed, 2 * part.length, 64 * 1024)));
  larger.set(part);
  return larger;
}

async function* counted(
  parts: AsyncGenerator<Buffer, void>,
  count: (part: Buffer) => void,
): AsyncGenerator<Buffer, void> {
  for await (const part of parts) {
    count(part);
    yield part;
  }
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>) {
  try {
    return await reader.read();
  } catch (error) {
    throw new ArchiveBroken(error);
  }
}

async function cancel(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  try {
    await reader.cancel();
  } catch {
    // The source has failed, or fails at being told to stop; the error that matters is the one at hand.
  }
}
