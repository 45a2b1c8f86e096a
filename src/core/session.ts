import { z } from 'zod';

/** What a session is filed under. Two refs that differ in any part are two sessions. */
export const SessionRef = z.object({
  installationId: z.number().int().nonnegative(),
  repositoryId: z.number().int().positive(),
  issueKey: z.string().min(1),
});
export type SessionRef = z.infer<typeof SessionRef>;

/** Written beside the transcript in every archive; read before anything else of it is used. */
export const SessionManifest = z.object({
  format: z.literal(1),
  ref: SessionRef,
  /** 1 for the first save of a session, one more for each save after it. */
  generation: z.number().int().positive(),
  /** The Claude Code session id, a UUID. */
  sessionId: z.uuid(),
  engine: z.string(),
  engineVersion: z.string(),
  model: z.string().nullable(),
  /** Absolute path in which the CLI ran: the prompt cache only hits from the same one. */
  workingDirectory: z.string(),
  /** Newest commit of the branch when the session was saved. */
  headCommit: z.string().nullable(),
  /** Tokens that the last request of the session held, 0 when unknown. */
  contextTokens: z.number().int().nonnegative(),
  /** US dollars of all runs of the session together. */
  costUsd: z.number().nonnegative(),
  createdAt: z.iso.datetime(),
  files: z.array(z.object({ path: z.string(), bytes: z.number().int().nonnegative(), sha256: z.string() })),
});
export type SessionManifest = z.infer<typeof SessionManifest>;

/** How a run came by its conversation. */
export const SessionMode = z.enum(['fresh', 'resume']);
export type SessionMode = z.infer<typeof SessionMode>;
