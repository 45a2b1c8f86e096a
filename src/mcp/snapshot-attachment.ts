import { realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { AppError } from '../core/errors.ts';
import { readPlainFile } from '../core/read-plain-file.ts';

/**
 * The bytes of a file that came with the snapshot. It has to lie in the snapshot's directory, also after every link
 * is followed: names come from JIRA.
 * @throws AppError `ticket-unreadable` when it is elsewhere, gone, no file, or larger than `maxBytes`.
 */
export async function readSnapshotFile(
  directory: string,
  path: string,
  maxBytes: number,
): Promise<Uint8Array> {
  try {
    const root = await realpath(directory);
    const file = await realpath(resolve(root, path));
    if (!file.startsWith(`${root}${sep}`)) throw new Error('it lies outside of the snapshot');
    // The last part is not followed again, should it have become a link meanwhile.
    return await readPlainFile(file, maxBytes);
  } catch (cause) {
    throw new AppError('ticket-unreadable', {
      message: 'The file of the attachment cannot be read from the snapshot.',
      hint: 'Go on without it.',
      cause,
    });
  }
}
