import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AttachmentRef } from '../core/context.ts';

/** `server` accounts have no id: their user name stands in its place. */
export const JiraAccount = z.object({ accountId: z.string(), displayName: z.string() });
export type JiraAccount = z.infer<typeof JiraAccount>;

export const JiraComment = z.object({
  id: z.string(),
  /** As typed when the comment was read for its command; Markdown with the ticket. A mention of Dexter reads `@<name>`. */
  text: z.string(),
  author: JiraAccount,
  /** Times are ISO 8601 in UTC; empty when JIRA did not say. */
  createdAt: z.string(),
  updatedAt: z.string(),
  edited: z.boolean(),
  /** Invisible characters that were removed from the text. */
  invisible: z.int().nonnegative(),
});
export type JiraComment = z.infer<typeof JiraComment>;

export const JiraAttachment = AttachmentRef;
export type JiraAttachment = z.infer<typeof JiraAttachment>;

const OtherTicket = z.object({ key: z.string(), summary: z.string(), status: z.string() });

/** A ticket as it was at one moment: what is said of it, and what a later moment is compared with. */
export const JiraTicket = z.object({
  /** As JIRA calls it now. */
  key: z.string(),
  /** The key that was asked for, where the ticket was moved since; the session stays under that one. */
  movedFrom: z.string().optional(),
  url: z.string(),
  summary: z.string(),
  /** Markdown, as are all longer texts here; empty for a ticket without one. */
  description: z.string(),
  status: z.string(),
  type: z.string(),
  priority: z.string(),
  labels: z.array(z.string()),
  components: z.array(z.string()),
  fixVersions: z.array(z.string()),
  parent: z.object({ key: z.string(), summary: z.string() }).optional(),
  subtasks: z.array(OtherTicket),
  /** `relation` is as seen from this ticket: "blocks", "is blocked by". */
  linkedIssues: z.array(OtherTicket.extend({ relation: z.string() })),
  sprint: z.string().optional(),
  storyPoints: z.number().optional(),
  acceptanceCriteria: z.string().optional(),
  /** Oldest first. */
  comments: z.array(JiraComment),
  /** Comments that are older than the ones here: only where there are more than the limits let in. */
  olderComments: z.int().nonnegative(),
  attachments: z.array(JiraAttachment),
  /** Pages and pull requests elsewhere that somebody linked. */
  remoteLinks: z.array(z.object({ title: z.string(), url: z.string(), relation: z.string() })),
  /** When JIRA changed anything of it last, ISO 8601 in UTC; empty when JIRA did not say. */
  updatedAt: z.string(),
  /** Invisible characters that were removed from everything but the comments. */
  invisible: z.int().nonnegative(),
  /** SHA-256 of all the rest but `updatedAt` and addresses, hex: the same for the same content. */
  hash: z.string(),
});
export type JiraTicket = z.infer<typeof JiraTicket>;

/** The hash of a snapshot; `ticket` may have any in its place. */
export function hashOf(ticket: Omit<JiraTicket, 'hash'>): string {
  return sha256(
    JSON.stringify([fieldsOf(ticket), ticket.comments, ticket.olderComments, ticket.attachments]),
  );
}

function fieldsOf(ticket: Omit<JiraTicket, 'hash'>) {
  const { key, summary, description, status, type, priority, labels, components, fixVersions } = ticket;
  const { parent, subtasks, linkedIssues, sprint, storyPoints, acceptanceCriteria, remoteLinks } = ticket;
  return {
    ...{ key, summary, description, status, type, priority, labels, components, fixVersions },
    ...{ parent, subtasks, linkedIssues, sprint, storyPoints, acceptanceCriteria, remoteLinks },
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
