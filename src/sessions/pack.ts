import { createHash } from 'node:crypto';
import { constants as modes } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { constants, createZstdCompress, type ZstdCompress } from 'node:zlib';
import { type SessionFile, SessionManifest } from '../core/session.ts';
import { giveBack } from './give-back.ts';
import { growsTooMuch } from './growth.ts';
import { isSessionFile, limits, transcriptPath } from './session-files.ts';
import { type TarFile, tarBytes, writeTar } from './tar-stream.ts';

export const manifestName = 'manifest.json';

export type ManifestFacts = Omit<SessionManifest, 'format' | 'files'>;

/**
 * Transcripts repeat themselves over long distances: with a long window they become several times smaller.
 * Once the long matches are found, a higher level makes them a tenth smaller again and costs twice the time.
 * Not `nbWorkers`: Node's stream stops before its end with it.
 */
const compression = {
  [constants.ZSTD_c_compressionLevel]: 1,
  [constants.ZSTD_c_enableLongDistanceMatching]: 1,
  [constants.ZSTD_c_windowLog]: 27,
  [constants.ZSTD_c_ldmBucketSizeLog]: 1,
};

/** Each chunk is a trip to another thread: few large ones are faster. */
const chunkBytes = 1024 * 1024;

/** Least that is handed out at once, but for the end. */
const sentBytes = 256 * 1024;

export type PackResult =
  | { outcome: 'packed'; manifest: SessionManifest; archive: ReadableStream<Uint8Array> }
  /** The engine wrote no transcript. */
  | { outcome: 'nothing' }
  /** More than could be restored again. */
  | { outcome: 'too-large'; reason: string };

/**
 * Packs files of `directory`, a session's manifest first, as a zstd-compressed tar stream. Nothing is read
 * before the stream is. It fails when a file is no longer what `files` says, and when the archive would grow
 * more on unpacking than is allowed.
 */
export function pack(directory: string, facts: ManifestFacts, files: SessionFile[]): PackResult {
  const { sessionId, compacted } = facts;
  if (!files.some(({ path }) => path === transcriptPath(sessionId))) return { outcome: 'nothing' };
  const reason = whyTooLarge(files);
  if (reason !== undefined) return { outcome: 'too-large', reason };
  const foreign = files.find(({ path }) => !isSessionFile(path, sessionId, compacted?.sessionId));
  if (foreign) throw new Error(`${JSON.stringify(foreign.path)} is no part of a session`);

  const manifest = SessionManifest.parse({ ...facts, format: 1, files });
  return { outcome: 'packed', manifest, archive: ReadableStream.from(archiveOf(directory, manifest)) };
}

function whyTooLarge(files: SessionFile[]): string | undefined {
  if (files.length > limits.files) return `it has ${files.length} files, more than ${limits.files}`;
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  return total > limits.totalBytes ? `it has ${total} bytes, more than ${limits.totalBytes}` : undefined;
}

async function* archiveOf(directory: string, manifest: SessionManifest): AsyncGenerator<Uint8Array> {
  const json = Buffer.from(JSON.stringify(manifest));
  const total = tarBytes([json.byteLength, ...manifest.files.map(({ bytes }) => bytes)]);
  const compressed = createZstdCompress({
    params: compression,
    pledgedSrcSize: total,
    chunkSize: chunkBytes / 4,
  });
  let packed = 0;
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  const checkGrowth = (unpacked: number) => {
    if (growsTooMuch(packed + compressed.readableLength, unpacked)) {
      throw new Error(`it would grow more than ${limits.ratio} times when it is unpacked`);
    }
  };
  // A failure of the source reaches whoever reads as an error of what is read below.
  const feeding = feed(compressed, writeTar(contents(directory, manifest, json)), checkGrowth).catch(
    (error: Error) => compressed.destroy(error),
  );
  try {
    for await (const chunk of compressed) {
      packed += chunk.byteLength;
      heldBytes += chunk.byteLength;
      held.push(chunk);
      if (heldBytes < sentBytes) continue;
      yield joined(held, heldBytes);
      held = [];
      heldBytes = 0;
    }
    checkGrowth(total);
    if (heldBytes > 0) yield joined(held, heldBytes);
  } finally {
    compressed.destroy();
    await feeding;
  }
}

/** In memory of its own, which whoever reads it last can give back. */
function joined(parts: Uint8Array[], bytes: number): Uint8Array {
  const whole = Buffer.allocUnsafeSlow(bytes);
  let filled = 0;
  for (const part of parts) {
    whole.set(part, filled);
    filled += part.byteLength;
    // The compressor fills its buffers one after the other, and is done with one when its end has come out.
    if (part.byteOffset + part.byteLength === part.buffer.byteLength) giveBack(part, 'shared');
  }
  return whole;
}

async function* contents(
  directory: string,
  { files }: SessionManifest,
  json: Uint8Array,
): AsyncGenerator<TarFile> {
  yield { path: manifestName, size: json.byteLength, content: Readable.from([json]) };
  const buffers: [Buffer, Buffer] = [Buffer.allocUnsafe(chunkBytes), Buffer.allocUnsafe(chunkBytes)];
  for (const file of files) {
    yield { path: file.path, size: file.bytes, content: readUnchanged(directory, file, buffers) };
  }
}

/**
 * Yields a file's content in turn from one buffer and the other: a chunk is good until the one after the next
 * is asked for. Fails when the content is no longer the one with the given hash.
 */
async function* readUnchanged(
  directory: string,
  { path, sha256 }: SessionFile,
  [first, second]: [Buffer, Buffer],
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  await using file = await open(join(directory, path), modes.O_RDONLY | modes.O_NOFOLLOW);
  for (let [buffer, other] = [first, second]; ; [buffer, other] = [other, buffer]) {
    const { bytesRead } = await file.read(buffer, 0, buffer.byteLength);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest('hex') !== sha256) throw new Error(`${path} changed while it was packed`);
}

/** Writes everything and ends the stream; while one chunk is compressed, the next one is read and hashed. */
async function feed(
  compressed: ZstdCompress,
  source: AsyncGenerator<Uint8Array>,
  checkGrowth: (unpacked: number) => void,
): Promise<void> {
  try {
    let unpacked = 0;
    let current = await source.next();
    while (!current.done) {
      unpacked += current.value.byteLength;
      const [next] = await Promise.all([source.next(), written(compressed, current.value)]);
      checkGrowth(unpacked);
      current = next;
    }
    compressed.end();
  } finally {
    await source.return(undefined);
  }
}

/** Resolves when all of the chunk was taken in, and its memory may be used again. */
export function written(stream: Writable, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    // A compressor that fails forgets whom it was to answer.
    const closed = () => reject(new Error('the stream was closed'));
    stream.once('close', closed);
    stream.write(chunk, (error) => {
      stream.off('close', closed);
      if (error) reject(error);
      else resolve();
    });
  });
}
