import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { AppError, messageOf } from '../core/errors.ts';
import { jiraKeyPattern } from '../core/issue-key.ts';

const Moment = z.iso.datetime({ offset: true });

const TicketComment = z.object({
  id: z.string().min(1),
  author: z.string(),
  createdAt: Moment,
  markdown: z.string(),
});

export const TicketAttachment = z.object({
  id: z.string().min(1),
  name: z.string(),
  mimeType: z.string(),
  bytes: z.number().int().nonnegative(),
  /** Of the file on this machine, in the directory of the snapshot; absent when it was not fetched. */
  path: z.string().min(1).optional(),
});
export type TicketAttachment = z.infer<typeof TicketAttachment>;

export const SnapshotTicket = z.object({
  key: z.string().regex(jiraKeyPattern),
  /** The fields and the description, without comments. */
  markdown: z.string(),
  /** When it was changed last, as JIRA says it: the snapshot holds while JIRA says the same. */
  updated: z.string().min(1),
  /** Oldest first. */
  comments: z.array(TicketComment),
  attachments: z.array(TicketAttachment),
});
export type SnapshotTicket = z.infer<typeof SnapshotTicket>;

/** The tickets that were fetched before the job began, as the action writes them for `dexter mcp-jira`. */
export const TicketSnapshotFile = z.object({ fetchedAt: Moment, tickets: z.array(SnapshotTicket) });
export type TicketSnapshotFile = z.infer<typeof TicketSnapshotFile>;

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
