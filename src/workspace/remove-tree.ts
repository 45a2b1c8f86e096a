import { randomUUID } from 'node:crypto';
import { chmod, lstat, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode } from '../core/errors.ts';
import { removingPrefix } from './layout.ts';

/**
 * Removes a file or a directory with all that is in it; nothing when there is none. Also through directories
 * that nobody may write to, which an agent and some package managers leave behind. Links are not followed.
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 2 });
  } catch (error) {
    if (!hasCode(error, 'EACCES', 'EPERM', 'ENOTEMPTY', 'ENOTDIR')) throw error;
    if (hasCode(error, 'ENOTDIR')) return;
    await openUp(path);
    await rm(path, { recursive: true, force: true, maxRetries: 2 });
  }
}

/** Takes a directory away in one step, then removes it. False when it was not there. */
export async function takeAway(path: string): Promise<boolean> {
  const away = join(dirname(path), `${removingPrefix}${randomUUID()}`);
  try {
    await rename(path, away);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
  await removeTree(away);
  return true;
}

/** Gives the owner back what is needed to empty a directory. */
async function openUp(path: string): Promise<void> {
  if (!(await lstat(path)).isDirectory()) return;
  await chmod(path, 0o700);
  for (const entry of await readdir(path, { withFileTypes: true }))
    if (entry.isDirectory()) await openUp(join(path, entry.name));
}
