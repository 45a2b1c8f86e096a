import { createHash } from 'node:crypto';
import { z } from 'zod';
import { SessionRef } from '../../core/session.ts';
import { StoreFault } from './explain.ts';

/** Generations that the pointer names; older ones are removed. */
const keptGenerations = 3;

export const pointerName = 'HEAD';

const objectPattern = /^gen-(\d{6,15})-[0-9a-f]{32}\.dxs$/;

const StoredGeneration = z.strictObject({
  generation: z.number().int().positive(),
  /** Its name beside the pointer. Never a whole key: a forged pointer leads nowhere else. */
  object: z.string().regex(objectPattern),
  bytes: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  savedAt: z.iso.datetime(),
});
export type StoredGeneration = z.infer<typeof StoredGeneration>;

/** `HEAD` of a session: which generations there are. It is replaced by conditional writes only. */
export const Pointer = z
  .strictObject({
    format: z.literal(1),
    ref: SessionRef.strict(),
    /** Newest first. */
    generations: z.array(StoredGeneration).min(1).max(keptGenerations),
  })
  .refine(({ generations }) => generations.every((one) => generationIn(one.object) === one.generation))
  .refine(({ generations }) =>
    generations.every((one, index) => one.generation < (generations[index - 1]?.generation ?? Infinity)),
  );
export type Pointer = z.infer<typeof Pointer>;

export function newestOf({ generations }: Pointer): StoredGeneration {
  const [newest] = generations;
  if (newest === undefined) throw new Error('A pointer without a generation');
  return newest;
}

/** What follows when `saved` is added; the oldest of more than three go. */
export function nextPointer(before: Pointer | undefined, ref: SessionRef, saved: StoredGeneration): Pointer {
  const generations = [saved, ...(before?.generations ?? [])].slice(0, keptGenerations);
  return Pointer.parse({ format: 1, ref: SessionRef.parse(ref), generations });
}

export function objectName(generation: number, random: string): string {
  return `gen-${String(generation).padStart(6, '0')}-${random}.dxs`;
}

/** Generation of an object beside the pointer; undefined when it is none of ours. */
export function generationIn(object: string): number | undefined {
  const [, number] = objectPattern.exec(object) ?? [];
  return number === undefined ? undefined : Number(number);
}

/** Folder of a session, with a slash at its end. A hash is no beginning of another one, and holds no slash. */
export function folderOf(prefix: string, { installationId, repositoryId, issueKey }: SessionRef): string {
  const key = createHash('sha256').update(issueKey).digest('hex').slice(0, 32);
  return `${prefix}/${installationId}/${repositoryId}/${key}/`;
}

export function encodePointer(pointer: Pointer): Buffer {
  return Buffer.from(`${JSON.stringify(pointer)}\n`);
}

/** The pointer at `key`, which has to be that of the folder it is in. */
export function decodePointer(bytes: Uint8Array, key: string, prefix: string): Pointer {
  const pointer = Pointer.safeParse(parsed(bytes)).data;
  if (!pointer || `${folderOf(prefix, pointer.ref)}${pointerName}` !== key) {
    throw new StoreFault(
      `the pointer ${key} is damaged, of a later version, or not of this session`,
      'Remove the session (`forget`); the next run starts a new one. Find out who else writes to the bucket.',
    );
  }
  return pointer;
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
