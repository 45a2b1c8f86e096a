import {
  type CipherGCM,
  createCipheriv,
  createDecipheriv,
  type DecipherGCM,
  randomBytes,
  randomUUID,
} from 'node:crypto';
import { type FileHandle, mkdir, open as openFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { SessionRef } from '../core/session.ts';
import type { SealingKey, SessionKeys } from '../core/session-key.ts';
import { limits } from './session-files.ts';

/**
 * A sealed archive:
 *
 *     magic (4) | key id (8) | iv (12) | wrapped data key (32 + 16) | iv (12) | content | tag (16)
 *
 * The content is encrypted with AES-256-GCM under a data key that is used once; the data key is wrapped, with
 * AES-256-GCM as well, by the session's own key. Both authenticate whose archive this is and which generation:
 * one that was swapped, played back or edited does not open.
 */
const magic = Buffer.from('DXS1');
const algorithm = 'aes-256-gcm';
const sizes = { keyId: 8, iv: 12, key: 32, tag: 16 } as const;
const headerBytes = magic.length + sizes.keyId + sizes.iv + sizes.key + sizes.tag + sizes.iv;

/** What does not compress at all grows a little in an archive. */
const mostSealedBytes = limits.totalBytes + 16 * 1024 * 1024;

/** Stores hand out small pieces; decrypted one by one they would cost more than all else. */
const pieceBytes = 1024 * 1024;
/** Most archives are smaller than this, and need no file while they are verified. */
const keptInMemory = 16 * 1024 * 1024;

/** What an archive is bound to. */
export interface Binding {
  ref: SessionRef;
  generation: number;
}

/** Encrypts an archive as it is read; a failure of the archive is a failure of what is returned. */
export function seal(
  archive: ReadableStream<Uint8Array>,
  key: SealingKey,
  binding: Binding,
): ReadableStream<Uint8Array> {
  const dataKey = randomBytes(sizes.key);
  const header = sealHeader(dataKey, key, binding);
  const cipher = createCipheriv(algorithm, dataKey, header.subarray(-sizes.iv));
  cipher.setAAD(boundTo(binding, header));
  return archive.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      start: (controller) => controller.enqueue(header),
      transform: (chunk, controller) => controller.enqueue(cipher.update(chunk)),
      flush(controller) {
        cipher.final();
        controller.enqueue(cipher.getAuthTag());
      },
    }),
  );
}

function sealHeader(dataKey: Buffer, key: SealingKey, binding: Binding): Buffer {
  const start = Buffer.concat([magic, Buffer.from(key.id, 'hex'), randomBytes(sizes.iv)]);
  const wrap: CipherGCM = createCipheriv(algorithm, keyOf(key), start.subarray(-sizes.iv));
  wrap.setAAD(boundTo(binding, start));
  const wrapped = Buffer.concat([wrap.update(dataKey), wrap.final(), wrap.getAuthTag()]);
  return Buffer.concat([start, wrapped, randomBytes(sizes.iv)]);
}

export type OpenResult =
  /** All of it was verified before the first byte is given out. */
  | { outcome: 'opened'; archive: ReadableStream<Uint8Array>; keyId: string }
  /** None of the keys opens it. */
  | { outcome: 'wrong-key'; keyId: string }
  /** Damaged, cut short, edited, or the archive of another session or generation. */
  | { outcome: 'refused'; reason: string };

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/**
 * Decrypts and verifies a sealed archive. What is not verified yet is kept in memory, and from 16 MiB on in a
 * file without a name in `temporaryDirectory`; nobody reads it before the last byte proved right.
 */
export async function openSealed(
  sealed: ReadableStream<Uint8Array>,
  keys: SessionKeys,
  binding: Binding,
  temporaryDirectory: string,
): Promise<OpenResult> {
  const reader = sealed.getReader();
  try {
    const { header, rest } = await readHeader(reader);
    if (header === undefined) return { outcome: 'refused', reason: 'the archive is not complete' };
    const keyId = keyIdIn(header);
    if (keyId === undefined) return { outcome: 'refused', reason: 'it is not a sealed archive' };
    const key = [keys.current, ...keys.previous].find(({ id }) => id === keyId);
    if (key === undefined) return { outcome: 'wrong-key', keyId };
    const dataKey = unwrap(header, key, binding);
    if (dataKey === undefined) return { outcome: 'refused', reason: notThisOne };

    const decipher = createDecipheriv(algorithm, dataKey, header.subarray(-sizes.iv));
    decipher.setAAD(boundTo(binding, header));
    const place = holdingPlace(temporaryDirectory);
    try {
      const problem = await decrypt(reader, rest, decipher, place);
      if (problem !== undefined) return { outcome: 'refused', reason: problem };
      return { outcome: 'opened', archive: place.take(), keyId };
    } finally {
      await place.close();
    }
  } finally {
    // Nothing is left to read after a success; otherwise the store may stop sending.
    await reader.cancel().catch(() => undefined);
  }
}

/** Id of the key that an archive is sealed with; undefined when it is no sealed archive. Reads the head alone. */
export async function keyIdOf(sealed: ReadableStream<Uint8Array>): Promise<string | undefined> {
  const reader = sealed.getReader();
  try {
    const { header } = await readHeader(reader);
    return header === undefined ? undefined : keyIdIn(header);
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

const notThisOne = 'it was changed after it was sealed, or belongs to another session or generation';

function keyIdIn(header: Buffer): string | undefined {
  if (!header.subarray(0, magic.length).equals(magic)) return undefined;
  return header.subarray(magic.length, magic.length + sizes.keyId).toString('hex');
}

async function readHeader(reader: Reader): Promise<{ header: Buffer | undefined; rest: Buffer }> {
  let read = Buffer.alloc(0);
  while (read.length < headerBytes) {
    const { value, done } = await reader.read();
    if (done) return { header: undefined, rest: read };
    read = Buffer.concat([read, value]);
  }
  return { header: read.subarray(0, headerBytes), rest: read.subarray(headerBytes) };
}

function unwrap(header: Buffer, key: SealingKey, binding: Binding): Buffer | undefined {
  const startBytes = magic.length + sizes.keyId + sizes.iv;
  const start = header.subarray(0, startBytes);
  const decipher: DecipherGCM = createDecipheriv(algorithm, keyOf(key), start.subarray(-sizes.iv));
  decipher.setAAD(boundTo(binding, start));
  const wrapped = header.subarray(startBytes, startBytes + sizes.key);
  decipher.setAuthTag(header.subarray(startBytes + sizes.key, startBytes + sizes.key + sizes.tag));
  const dataKey = decipher.update(wrapped);
  return verified(decipher) ? dataKey : undefined;
}

/** Puts the plain archive into `place`; answers with what is wrong with it, or undefined. */
async function decrypt(
  reader: Reader,
  first: Buffer,
  decipher: DecipherGCM,
  place: HoldingPlace,
): Promise<string | undefined> {
  let held: Uint8Array[] = [first];
  let heldBytes = first.length;
  let total = heldBytes;
  for (;;) {
    const { value, done } = await reader.read();
    if (value !== undefined) {
      held.push(value);
      heldBytes += value.byteLength;
      total += value.byteLength;
    }
    if (total > mostSealedBytes) return 'it is larger than a session may be';
    if (!done && heldBytes < pieceBytes) continue;
    // The last bytes are the tag, and which ones are the last is known only at the end.
    const bytes = Buffer.concat(held);
    const end = Math.max(0, bytes.length - sizes.tag);
    if (end > 0) await place.add(decipher.update(bytes.subarray(0, end)));
    const rest = Buffer.from(bytes.subarray(end));
    if (done) return verdict(decipher, rest);
    held = [rest];
    heldBytes = rest.length;
  }
}

function verdict(decipher: DecipherGCM, tag: Buffer): string | undefined {
  if (tag.length < sizes.tag) return 'the archive is not complete';
  decipher.setAuthTag(tag);
  return verified(decipher) ? undefined : notThisOne;
}

function verified(decipher: DecipherGCM): boolean {
  try {
    decipher.final();
    return true;
  } catch {
    // The one failure that `final` knows: the tag is not that of the content.
    return false;
  }
}

/** Where an archive waits until it is verified. */
interface HoldingPlace {
  add(bytes: Buffer): Promise<void>;
  /** The archive, whose reader now has to end it. */
  take(): ReadableStream<Uint8Array>;
  /** Lets go of what was not taken. */
  close(): Promise<void>;
}

function holdingPlace(temporaryDirectory: string): HoldingPlace {
  let pieces: Buffer[] = [];
  let bytesInMemory = 0;
  let file: FileHandle | undefined;
  return {
    async add(bytes) {
      pieces.push(bytes);
      bytesInMemory += bytes.length;
      if (file === undefined && bytesInMemory <= keptInMemory) return;
      file ??= await namelessFile(temporaryDirectory);
      for (const piece of pieces) await file.writeFile(piece);
      pieces = [];
    },
    take() {
      if (file === undefined) return ReadableStream.from(pieces);
      const stream = file.createReadStream({ start: 0, highWaterMark: pieceBytes });
      file = undefined;
      return Readable.toWeb(stream);
    },
    async close() {
      await file?.close();
    },
  };
}

/** Open for this process alone, and gone with it. */
async function namelessFile(directory: string): Promise<FileHandle> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, `opening-${randomUUID()}`);
  const file = await openFile(path, 'wx+', 0o600);
  await rm(path);
  return file;
}

function keyOf({ key }: SealingKey): Buffer {
  return Buffer.from(key, 'base64');
}

/** Lengths cannot be shifted between the parts: they are one JSON array. */
function boundTo({ ref, generation }: Binding, header: Buffer): Buffer {
  const { installationId, repositoryId, issueKey } = ref;
  const json = JSON.stringify(['dexter session', 1, installationId, repositoryId, issueKey, generation]);
  return Buffer.concat([Buffer.from(json), header]);
}
