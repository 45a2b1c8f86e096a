import { readFile } from 'node:fs/promises';
import { AppError, whyUnreadable } from '../core/errors.ts';
import { mistakeText, readAs } from '../core/read-as.ts';
import { TicketSnapshotFile } from '../core/ticket-snapshot.ts';

/** @throws AppError `input-invalid` when the file cannot be read or is none. */
export async function readTicketSnapshot(path: string): Promise<TicketSnapshotFile> {
  let why: string;
  try {
    const read = readAs(TicketSnapshotFile, JSON.parse(await readFile(path, 'utf8')));
    if (read.outcome === 'read') return read.value;
    why = read.mistakes
      .slice(0, 3)
      .map((mistake) => mistakeText(mistake, 'it'))
      .join('; ');
  } catch (error) {
    // What the parser says quotes the file.
    why = error instanceof SyntaxError ? 'it is not JSON' : whyUnreadable(error);
  }
  throw new AppError('input-invalid', {
    message: `The snapshot of tickets in ${path} cannot be used: ${why}.`,
    hint: 'Give the file that the action writes, or leave --snapshot out.',
  });
}
