import { z } from 'zod';
import { jiraKeyPattern } from './issue-key.ts';

const TicketComment = z.object({
  id: z.string().min(1),
  author: z.string(),
  /** ISO 8601; empty when JIRA did not say. */
  createdAt: z.string(),
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
  /** When it was changed last, as JIRA says it: the snapshot holds while JIRA says the same. Empty when it does not. */
  updated: z.string(),
  /** Oldest first. */
  comments: z.array(TicketComment),
  attachments: z.array(TicketAttachment),
});
export type SnapshotTicket = z.infer<typeof SnapshotTicket>;

/** The tickets that were fetched before the job began, as the action writes them for `dexter mcp-jira`. */
export const TicketSnapshotFile = z.object({
  fetchedAt: z.iso.datetime({ offset: true }),
  tickets: z.array(SnapshotTicket),
});
export type TicketSnapshotFile = z.infer<typeof TicketSnapshotFile>;
