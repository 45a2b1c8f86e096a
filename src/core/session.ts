import { z } from 'zod';

/** What a session is filed under. Two refs that differ in any part are two sessions. */
export const SessionRef = z.object({
  installationId: z.number().int().nonnegative(),
  repositoryId: z.number().int().positive(),
  issueKey: z.string().min(1),
});
export type SessionRef = z.infer<typeof SessionRef>;

/** Where sessions are kept. */
export const StoreName = z.enum(['workspace', 's3', 'actions-cache']);
export type StoreName = z.infer<typeof StoreName>;

/** One file of a session, by its path below the CLI's configuration directory. */
export const SessionFile = z.object({
  path: z.string(),
  bytes: z.number().int().nonnegative(),
  /** Of its content, lower case hex. */
  sha256: z.string(),
});
export type SessionFile = z.infer<typeof SessionFile>;

/** How much of the ticket a conversation has seen. */
export const TicketSeen = z.object({
  /** Of everything that was seen of the ticket and the pull request, as `hashOfSeen` gives it. */
  hash: z.string(),
  /** Id of the newest comment; empty when there is none. */
  newestComment: z.string(),
});
export type TicketSeen = z.infer<typeof TicketSeen>;

/** The same of one context for the conversation that goes on, and for one that begins with it where that differs. */
export const TicketsSeen = z.object({ ticket: TicketSeen, ticketAlone: TicketSeen.optional() });
export type TicketsSeen = z.infer<typeof TicketsSeen>;

/** Written beside the transcript in every archive; read before anything else of it is used. */
export const SessionManifest = z.object({
  format: z.literal(1),
  ref: SessionRef,
  /** 1 for the first save of a session, one more for each save after it. */
  generation: z.number().int().positive(),
  /** Generation that the conversation was restored from; 0 for a new one. */
  parentGeneration: z.number().int().nonnegative(),
  /** The Claude Code session id, a UUID. */
  sessionId: z.uuid(),
  engine: z.string(),
  engineVersion: z.string(),
  model: z.string().nullable(),
  /** Effort level that the CLI was told; null for its own default. */
  effort: z.string().nullable(),
  /** Absolute path in which the CLI ran: the prompt cache only hits from the same one. */
  workingDirectory: z.string(),
  /** Commit that the run began from. */
  baseCommit: z.string().nullable(),
  /** Newest commit of the branch when the session was saved. */
  headCommit: z.string().nullable(),
  /** Newest commit of the branch that the work goes into, when the run began. */
  baseBranchCommit: z.string().nullable().optional(),
  ticket: TicketSeen.nullable(),
  /** Tokens that the last request of the session held, 0 when unknown. */
  contextTokens: z.number().int().nonnegative(),
  /** US dollars of all runs of the session together. */
  costUsd: z.number().nonnegative(),
  /** Version of the rules that the files were scrubbed with. */
  scrubRules: z.string(),
  createdAt: z.iso.datetime(),
  files: z.array(SessionFile),
});
export type SessionManifest = z.infer<typeof SessionManifest>;

/** How a run came by its conversation. */
export const SessionMode = z.enum(['fresh', 'resume']);
export type SessionMode = z.infer<typeof SessionMode>;
