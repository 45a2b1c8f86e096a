import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/**
 * The bytes of a file that others may have been at: nothing is waited for, as at a pipe, and no link in its place is
 * followed. Rejects when it is gone, no plain file, or larger than `maxBytes`.
 */
export async function readPlainFile(path: string, maxBytes: number): Promise<Buffer> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const stats = await file.stat();
  if (!stats.isFile()) throw new Error('it is no file');
  if (stats.size > maxBytes) throw new Error(`it has ${stats.size} bytes, and ${maxBytes} are allowed`);
  return await file.readFile();
}
