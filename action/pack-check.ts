import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../src/core/errors.ts';

/** Names of the packs of an object store, without their suffix, and why those that are broken are. */
export interface PackCheck {
  whole: string[];
  /** By name. */
  broken: Map<string, string>;
}

const packPattern = /^(pack-[0-9a-f]{40})\.(pack|idx)$/;
const hashBytes = 20;
/** Magic, version, and the count of objects. https://git-scm.com/docs/gitformat-pack */
const packHeaderBytes = 12;
const indexHeaderBytes = 8;
const fanoutBytes = 256 * 4;
/** For each object of a version 2 index: its name, a checksum, an offset. */
const entryBytes = hashBytes + 4 + 4;

/**
 * Looks at the ends and the sizes of packs, which costs the same however large they are: a crash, a full disk
 * and a copy that broke off show there. Bytes that changed in the middle do not.
 */
export async function checkPacks(objects: string): Promise<PackCheck> {
  const names = await namesIn(join(objects, 'pack'));
  const check: PackCheck = { whole: [], broken: new Map() };
  for (const name of names) {
    const problem = await problemOf(join(objects, 'pack', name));
    if (problem === undefined) check.whole.push(name);
    else check.broken.set(name, problem);
  }
  return check;
}

/**
 * What tells a file from another one in its place: git itself sets the times of a pack when an object in it
 * is written again, so these say nothing. Undefined when it is not there.
 */
export async function identityOf(objects: string, name: string): Promise<string | undefined> {
  try {
    const files = ['pack', 'idx'].map((suffix) =>
      stat(join(objects, 'pack', `${name}.${suffix}`), { bigint: true }),
    );
    return (await Promise.all(files))
      .map(({ ino, size, birthtimeNs }) => `${ino}:${size}:${birthtimeNs}`)
      .join(' ');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    const found = (await readdir(directory)).flatMap((name) => packPattern.exec(name)?.[1] ?? []);
    return [...new Set(found)].sort();
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}

async function problemOf(path: string): Promise<string | undefined> {
  try {
    await using pack = await open(`${path}.pack`, 'r');
    await using index = await open(`${path}.idx`, 'r');
    return await compare(pack, index);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 'one of its files is missing';
    throw error;
  }
}

async function compare(pack: FileHandle, index: FileHandle): Promise<string | undefined> {
  const packBytes = (await pack.stat()).size;
  const indexBytes = (await index.stat()).size;
  if (packBytes < packHeaderBytes + hashBytes) return 'it is cut off';
  if (indexBytes < indexHeaderBytes + fanoutBytes + 2 * hashBytes) return 'its index is cut off';
  const header = await read(pack, 0, packHeaderBytes);
  if (header.toString('latin1', 0, 4) !== 'PACK') return 'it is no pack';
  const fanout = await read(index, indexHeaderBytes, fanoutBytes);
  const count = fanout.readUInt32BE(fanoutBytes - 4);
  if (header.readUInt32BE(8) !== count) return 'its index is of another one';
  const least = indexHeaderBytes + fanoutBytes + count * entryBytes + 2 * hashBytes;
  // Offsets beyond 2 GB have eight bytes more.
  if (indexBytes < least || (indexBytes - least) % 8 !== 0) return 'its index is cut off';
  const trailer = await read(pack, packBytes - hashBytes, hashBytes);
  const expected = await read(index, indexBytes - 2 * hashBytes, hashBytes);
  return trailer.equals(expected) ? undefined : 'it is cut off';
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  await file.read(buffer, 0, length, position);
  return buffer;
}
