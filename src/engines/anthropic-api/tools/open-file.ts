import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readlink, rename, unlink } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { ToolError } from '@anthropic-ai/sdk/lib/tools/ToolError';
import { hasCode } from '../../../core/errors.ts';
import type { Place } from './confinement.ts';
import { fileFailure } from './tool-failure.ts';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

const isLinux = process.platform === 'linux';

export interface OpenedFile {
  bytes: Buffer;
  /** Permission bits. */
  mode: number;
}

/**
 * The bytes of a plain file. Every directory on the way is opened from the one before it and no link is followed, so
 * that nothing that is put in the place of one meanwhile leads elsewhere. Nothing is waited for, as at a pipe.
 * @returns undefined when there is none.
 */
export async function readPlace(
  place: Place,
  maxBytes: number,
  tooLarge: string,
): Promise<OpenedFile | undefined> {
  try {
    await using directory = await openDirectory(place.root, dirname(place.path), false);
    await using file = await open(nameIn(directory, place), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const stats = await file.stat();
    if (stats.isDirectory())
      throw new ToolError(`${place.shown} is a directory. Use LS to see what is in it.`);
    if (!stats.isFile()) throw new ToolError(`${place.shown} is no plain file, and is not opened.`);
    const bytes = await readUpTo(file, maxBytes + 1);
    if (stats.size > maxBytes || bytes.length > maxBytes) {
      throw new ToolError(
        `${place.shown} has ${Math.max(stats.size, bytes.length)} bytes, more than ${maxBytes}. ${tooLarge}`,
      );
    }
    return { bytes, mode: stats.mode & 0o777 };
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw fileFailure(error, place.shown);
  }
}

/**
 * Puts a file in its place, whole or not at all. A new one has the mode that programs give a file here, an existing one
 * keeps its own; directories on the way are made.
 */
export async function writePlace(place: Place, bytes: Uint8Array, mode: number | undefined): Promise<void> {
  try {
    await using directory = await openDirectory(place.root, dirname(place.path), true);
    const made = join(directory.base, `.dexter-${randomUUID()}.tmp`);
    try {
      await using file = await open(made, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o666);
      if (mode !== undefined) await file.chmod(mode);
      await file.writeFile(bytes);
      await rename(made, nameIn(directory, place));
    } catch (error) {
      await unlink(made).catch(() => undefined);
      throw error;
    }
  } catch (error) {
    throw fileFailure(error, place.shown);
  }
}

export interface OpenedDirectory {
  /** A path that leads to the opened directory itself, wherever it has been moved to. */
  base: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Opens a directory within a root, link by link refused. The root may be a file: then it is the one around it. */
export async function openDirectory(root: string, path: string, create: boolean): Promise<OpenedDirectory> {
  const start = path.length < root.length ? path : root;
  let handle = await open(start, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  let plain = start;
  try {
    if (isLinux && (await readlink(baseOf(handle, start))) !== start)
      throw new Error('the root leads elsewhere');
    for (const name of relative(start, path).split(sep).filter(Boolean)) {
      plain = join(plain, name);
      const next = join(baseOf(handle, dirname(plain)), name);
      if (create) {
        await mkdir(next).catch((error) => {
          if (!hasCode(error, 'EEXIST')) throw error;
        });
      }
      const opened = await open(next, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      await handle.close();
      handle = opened;
    }
  } catch (error) {
    await handle.close();
    throw error;
  }
  const last = handle;
  return { base: baseOf(last, plain), [Symbol.asyncDispose]: () => last.close() };
}

/** Node has no openat(2); on Linux a path through the handle is the same. Elsewhere it is the plain path. */
function baseOf(handle: FileHandle, plain: string): string {
  return isLinux ? `/proc/self/fd/${handle.fd}` : plain;
}

function nameIn({ base }: OpenedDirectory, { path }: Place): string {
  return join(base, path.slice(dirname(path).length).replace(/^[/\\]/, ''));
}

async function readUpTo(file: FileHandle, most: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  while (length < most) {
    const piece = Buffer.alloc(Math.min(65_536, most - length));
    const { bytesRead } = await file.read(piece, 0, piece.length, null);
    if (bytesRead === 0) break;
    pieces.push(piece.subarray(0, bytesRead));
    length += bytesRead;
  }
  return Buffer.concat(pieces);
}
