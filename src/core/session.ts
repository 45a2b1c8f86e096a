import { z } from 'zod';
import { EngineName } from './engine.ts';

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

/**
 * What every request of a session has in common, because with another value nothing is read from the prompt cache.
 * A conversation keeps the pins that it began with.
 */
export const SessionPins = z.object({
  /** Absent in sessions of earlier versions of Dexter, which had one engine alone. */
  engine: EngineName.optional(),
  /** Exact version of the engine. */
  engineVersion: z.string(),
  model: z.string().nullable(),
  effort: z.string().nullable(),
  /** Built-in tools that the engine was offered, in its words, sorted; null for its own default. */
  tools: z.array(z.string()).nullable(),
  /** Hash of what requests hold of MCP servers, of the rules that decide which tools are described, and of the other flags. */
  flags: z.string(),
  workingDirectory: z.string(),
});
export type SessionPins = z.infer<typeof SessionPins>;

/** The copy that begins with a summary of the conversation instead of all of it. */
export const CompactedCopy = z.object({
  /** Its transcript lies beside the whole one, under this id. */
  sessionId: z.uuid(),
  /** Tokens that its first request would hold, tools and system prompt included. */
  contextTokens: z.number().int().nonnegative(),
  /** Generation whose end was summed up; what was said since then stands in the copy word for word. */
  summedUpTo: z.number().int().positive(),
});
export type CompactedCopy = z.infer<typeof CompactedCopy>;

/** What the runs of a session came to, for the choice of how to go on with it. */
export const SessionFigures = z.object({
  /** When the last request of the conversation was made: the life of the prompt cache counts from there. */
  lastRequestAt: z.iso.datetime(),
  cacheLife: z.enum(['5m', '1h']),
  /** Tokens of tools and system prompt; 0 when unknown. */
  baseTokens: z.number().int().nonnegative(),
  /** Requests of the main conversation in the run that saved this. */
  requests: z.number().int().nonnegative(),
  /** Requests of each run that continued the conversation, oldest first, the newest ten. */
  followUps: z.array(z.number().int().nonnegative()).max(10),
  /** The run that began the conversation. */
  start: z.object({
    contextTokens: z.number().int().nonnegative(),
    requests: z.number().int().nonnegative(),
    costUsd: z.number().nonnegative().nullable(),
  }),
});
export type SessionFigures = z.infer<typeof SessionFigures>;

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
  /** What spoke last in the conversation. */
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
  /** Absent in archives of earlier versions, like the two after it. */
  pins: SessionPins.optional(),
  figures: SessionFigures.optional(),
  compacted: CompactedCopy.optional(),
  /** Version of the rules that the files were scrubbed with. */
  scrubRules: z.string(),
  createdAt: z.iso.datetime(),
  files: z.array(SessionFile),
});
export type SessionManifest = z.infer<typeof SessionManifest>;

/** How a run came by its conversation. */
export const SessionMode = z.enum(['fresh', 'resume']);
export type SessionMode = z.infer<typeof SessionMode>;

/** How a run goes on: with the whole conversation, with its compacted copy, or with a new one. */
export const ResumeChoice = z.enum(['warm', 'compacted', 'fresh']);
export type ResumeChoice = z.infer<typeof ResumeChoice>;
