import { randomUUID } from 'node:crypto';
import { lstat, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { SessionRef } from '../core/session.ts';
import { workName } from './layout.ts';

/** Said in a session's directory, whose name alone cannot say it: whose it is and when it was used last. */
export const WorkRecord = z.object({
  ref: SessionRef,
  /** `owner/name`, for people; the ref has only the number. */
  repository: z.string().max(300).optional(),
  usedAt: z.iso.datetime(),
});
export type WorkRecord = z.infer<typeof WorkRecord>;

const recordOf = (path: string) => join(path, 'workspace.json');
const longestRecord = 10_000;

export async function writeRecord(path: string, record: WorkRecord): Promise<void> {
  const temporary = `${recordOf(path)}.${randomUUID()}`;
  try {
    await writeFile(temporary, JSON.stringify(WorkRecord.parse(record)), { mode: 0o600 });
    await rename(temporary, recordOf(path));
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Undefined when there is none, or when it names a session whose directory this is not: the agent can write there. */
export async function readRecord(path: string): Promise<WorkRecord | undefined> {
  try {
    const stats = await lstat(recordOf(path));
    if (!stats.isFile() || stats.size > longestRecord) return undefined;
    const record = WorkRecord.parse(JSON.parse(await readFile(recordOf(path), 'utf8')));
    return workName(record.ref) === basename(path) ? record : undefined;
  } catch {
    // Without a record a directory still has a time and a size to go by.
    return undefined;
  }
}
