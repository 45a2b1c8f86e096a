import { readFile } from 'node:fs/promises';
import { AppError, messageOf } from '../core/errors.ts';
import { TicketSnapshotFile } from '../core/ticket-snapshot.ts';

/** @throws AppError `input-invalid` when the file cannot be read or is none. */
export async function readTicketSnapshot(path: string): Promise<TicketSnapshotFile> {
  let why: string;
  try {
    const file = TicketSnapshotFile.safeParse(JSON.parse(await readFile(path, 'utf8')));
    if (file.success) return file.data;
    const [first] = file.error.issues;
    why = `${first?.path.join('.')}: ${first?.message}`;
  } catch (error) {
    // What the parser says quotes the file.
    why = error instanceof SyntaxError ? 'it is not JSON' : messageOf(error);
  }
  throw new AppError('input-invalid', {
    message: `The snapshot of tickets in ${path} cannot be used: ${why}.`,
    hint: 'Give the file that the action writes, or leave --snapshot out.',
  });
}
