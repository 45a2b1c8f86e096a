import { lstat } from 'node:fs/promises';
import { hasCode } from '../src/core/errors.ts';

/** Whether there is a directory at this very place: a link to one may lead anywhere, and is none. */
export async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}
