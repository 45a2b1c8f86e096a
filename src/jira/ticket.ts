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
});
export type JiraTicket = z.infer<typeof JiraTicket>;
