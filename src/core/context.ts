import { z } from 'zod';
import { ContextSeen } from './context-seen.ts';
import { TicketsSeen } from './session.ts';

/** What is news for a conversation, and which one. */
export const ContextDelta = z.object({
  /** Hash of what the conversation was told before, as its manifest has it; for another one it is not the news. */
  from: z.string(),
  markdown: z.string(),
  /** The ticket is largely another one than the conversation knows. */
  isRewritten: z.boolean(),
  /** Nothing was shortened or left out. */
  isWhole: z.boolean().default(true),
});
export type ContextDelta = z.infer<typeof ContextDelta>;

/** A file of the ticket. */
export const AttachmentRef = z.object({
  id: z.string(),
  /** As people see it; on one line and without invisible characters. */
  name: z.string(),
  /** The name of the file that may be written of it: safe below a directory, different for each attachment of a ticket. */
  fileName: z.string(),
  mimeType: z.string(),
  bytes: z.int().nonnegative(),
  createdAt: z.string(),
  author: z.string(),
});
export type AttachmentRef = z.infer<typeof AttachmentRef>;

/** What the app keeps of a run's context: for the runner to be given what the inputs cannot hold, and for the next delta. */
export const KeptContext = z.object({
  /** Markdown for the prompt. */
  text: z.string(),
  delta: ContextDelta.optional(),
  /** Markdown without anything left out, when `text` or `delta` leaves something out. */
  full: z.string().optional(),
  attachments: z.array(AttachmentRef),
  /** What the session's conversation knows when it has been told this. */
  seen: ContextSeen,
  /** What one knows that begins with this, where that is not the same. */
  alone: ContextSeen.optional(),
  /** How much of the ticket this shows, when it was read again because the job waited: then the inputs are older. */
  refreshed: TicketsSeen.optional(),
});
export type KeptContext = z.infer<typeof KeptContext>;
