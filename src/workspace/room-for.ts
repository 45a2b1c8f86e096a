import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode, messageOf } from '../core/errors.ts';

export type Room =
  /** `at` is the directory itself, or the nearest one above it that is there. */
  { outcome: 'writable'; at: string; freeBytes: number } | { outcome: 'blocked'; reason: string };

/** Whether a directory can be written to, or made where it is missing. Nothing is written. */
export async function roomFor(directory: string): Promise<Room> {
  try {
    const found = await stat(directory);
    if (!found.isDirectory()) return { outcome: 'blocked', reason: `${directory} is not a directory` };
    await access(directory, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = await statfs(directory);
    return { outcome: 'writable', at: directory, freeBytes: bavail * bsize };
  } catch (error) {
    const above = dirname(directory);
    if (hasCode(error, 'ENOENT') && above !== directory) return roomFor(above);
    return { outcome: 'blocked', reason: messageOf(error) };
  }
}
