import { DatabaseSync } from 'node:sqlite';

/**
 * Holds a directory for this process: PGlite does not notice a second process in its directory, and each
 * would overwrite what the other wrote. Node has no file locks of its own, but SQLite has; the operating
 * system gives them free when the process ends, however it ends, so a crash leaves nothing to clean up.
 * @returns a function that gives the directory free
 * @throws when another process holds it
 */
export function lockDirectory(directory: string): () => void {
  const lock = new DatabaseSync(`${directory}.lock`, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    throw new Error('another process is using it', { cause: error });
  }
  return () => lock.close();
}
