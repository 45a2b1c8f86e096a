import { z } from 'zod';
import { EngineName, jobKinds } from './engine.ts';
import { Problem } from './errors.ts';
import { ResumeChoice, SessionMode, StoreName } from './session.ts';

/**
 * Figures of a report are summed up over all repositories: no runner may send one that is beyond all that can be, and
 * that would spoil the sums of the others.
 */
const count = z.number().int().nonnegative().max(1_000_000_000_000);
const dollars = z.number().nonnegative().max(1_000_000);
const milliseconds = z.number().nonnegative().max(1_000_000_000_000);

/** Tokens by kind, as the Messages API counts them: the four never overlap. */
export const Usage = z.object({
  inputTokens: count,
  cacheReadTokens: count,
  cacheWriteTokens: count,
  /** Of `cacheWriteTokens`, those that were written for an hour; absent for none. */
  cacheWriteHourTokens: count.optional(),
  outputTokens: count,
});
export type Usage = z.infer<typeof Usage>;

export const noUsage: Usage = { inputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 0 };

/** Whether nothing was asked of a model, as far as anybody has counted. */
export function isNoUsage({ inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens }: Usage): boolean {
  return inputTokens + cacheReadTokens + cacheWriteTokens + outputTokens === 0;
}

export function addUsage(one: Usage, other: Usage): Usage {
  const hour = (one.cacheWriteHourTokens ?? 0) + (other.cacheWriteHourTokens ?? 0);
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    cacheReadTokens: one.cacheReadTokens + other.cacheReadTokens,
    cacheWriteTokens: one.cacheWriteTokens + other.cacheWriteTokens,
    ...(hour > 0 ? { cacheWriteHourTokens: hour } : {}),
    outputTokens: one.outputTokens + other.outputTokens,
  };
}

export const PullRequestRef = z.object({
  number: z.number().int().positive(),
  url: z.string(),
  branch: z.string(),
});
export type PullRequestRef = z.infer<typeof PullRequestRef>;

/** How long several things took, in milliseconds and in the buckets of `boundsMs`. */
export const Latencies = z.object({
  count,
  sum: milliseconds,
  buckets: z.array(count).max(100),
});
export type Latencies = z.infer<typeof Latencies>;

/** Calls of one MCP server that its cache was asked for, and how many of them it answered by itself. */
export const McpUse = z.object({
  server: z.string().max(200),
  calls: count,
  savedCalls: count,
  /** What the cache held in the end; absent in reports of earlier versions, like the three after it. */
  items: count.optional(),
  bytes: count.optional(),
  /** How long it took to look an answer up, and to keep one. */
  reads: Latencies.optional(),
  writes: Latencies.optional(),
});
export type McpUse = z.infer<typeof McpUse>;

/** Why a run went on the way it did. Costs are US dollars that were expected before it began; null without prices. */
export const Resumption = z.object({
  choice: ResumeChoice,
  /** In words, for the person who asked. */
  reason: z.string().max(500),
  expectedUsd: z.object({
    warm: z.number().nonnegative().nullable(),
    compacted: z.number().nonnegative().nullable(),
    fresh: z.number().nonnegative().nullable(),
  }),
  /** Tokens that were expected to be read from the prompt cache by the first request; 0 for none. */
  expectedCacheRead: count,
});
export type Resumption = z.infer<typeof Resumption>;

/** A run read far less of its conversation from the prompt cache than it should have: what, and the likely cause. */
export const CacheCanary = z.object({
  expectedCacheRead: z.number().int().positive(),
  /** What the first request read. */
  cacheRead: count,
  /** A pin of the session that changed; the time since its last request; or nothing that is known. */
  cause: z.enum([
    'engine',
    'engineVersion',
    'model',
    'effort',
    'tools',
    'flags',
    'workingDirectory',
    'time',
    'unknown',
  ]),
});
export type CacheCanary = z.infer<typeof CacheCanary>;

/** The compacted copy that a run made at its end; its usage is part of the report's. */
export const CompactionReport = z.object({
  outcome: z.enum(['compacted', 'appended', 'failed']),
  /** Tokens of the copy; 0 when there is none. */
  contextTokens: count,
  costUsd: dollars.nullable(),
  /** What the model wrote for it, which the usage of the run holds too; absent in reports of earlier versions. */
  outputTokens: count.optional(),
  durationMs: count,
});
export type CompactionReport = z.infer<typeof CompactionReport>;

/**
 * What the session saved in a run, against a new start; `method` says how that was reckoned. A figure is null where
 * nobody can say it.
 */
export const Saving = z.object({
  baseline: z.literal('cold-start'),
  baselineCostUsd: dollars.nullable(),
  /** Input tokens of all kinds. */
  baselineTokens: count.nullable(),
  /** What bringing the conversation back and sending it again cost, to be held against what was expected of that. */
  goingOnCostUsd: dollars.nullable(),
  method: z.string().max(500),
  /** Input tokens of all kinds; below zero when the session took more than a new start. */
  estimatedTokensSaved: z.number().int().min(-1_000_000_000_000).max(1_000_000_000_000).nullable(),
  /** US dollars; below zero when the session cost more than a new start. */
  estimatedCostSaved: z.number().min(-1_000_000).max(1_000_000).nullable(),
});
export type Saving = z.infer<typeof Saving>;

/** What became of the session in the store that the run keeps it in. */
export const StoreUse = z.object({
  name: StoreName,
  /**
   * Absent where there was nothing to restore: in a first run, and in one that was asked to start fresh. A `miss` is a
   * session that the store did not have; `failed`: it did not answer, or gave out nothing that can be used.
   */
  restore: z
    .object({
      outcome: z.enum(['hit', 'miss', 'failed']),
      durationMs: count,
      /** Of the archive, of a hit alone. */
      bytes: count.optional(),
    })
    .optional(),
  /**
   * Absent where there was nothing to save. `conflict`: another run had saved that generation first. The bytes of what was
   * saved are those of the session.
   */
  save: z
    .object({
      outcome: z.enum(['saved', 'conflict', 'failed']),
      durationMs: count,
    })
    .optional(),
});
export type StoreUse = z.infer<typeof StoreUse>;

/** What is kept on the runner's own disk, where that outlives runs. */
/** Disks are larger than anything that is summed up. */
const bytesOnDisk = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

const WorkspaceUse = z.object({
  /** As the runner calls itself. */
  runner: z.string().max(200),
  /** As it was measured at the end of an earlier run, a day ago or so; of a very large one what was looked at. */
  bytes: bytesOnDisk,
  /** On its disk, now. */
  freeBytes: bytesOnDisk,
});
export type WorkspaceUse = z.infer<typeof WorkspaceUse>;

/** What the runner tells the app when a run ends. Everything in it that the model wrote is untrusted text. */
export const Report = z.object({
  outcome: z.enum(['done', 'failed', 'cancelled']),
  problem: Problem.optional(),
  /** Last answer of the engine, Markdown, untrusted. */
  summary: z.string().max(200_000),
  /** What talked to the model; absent where no engine was ready, and in reports of earlier versions. */
  engine: EngineName.optional(),
  /** What was asked of it; absent for an instruction. */
  kind: z.enum(jobKinds).optional(),
  session: z
    .object({
      id: z.uuid(),
      mode: SessionMode,
      /** Generation that this run saved; 0 when nothing was saved. */
      generation: count,
      /** Seconds since the last request of what was restored; absent for a fresh session, and where nobody knows. */
      ageSeconds: z.number().nonnegative().optional(),
      /** What the store calls the generation, when that is more than its number. */
      entry: z.string().max(512).optional(),
      bytes: count,
      contextTokens: count,
      engineVersion: z.string(),
      model: z.string().nullable(),
      resumption: Resumption.optional(),
      compaction: CompactionReport.optional(),
      canary: CacheCanary.optional(),
    })
    .optional(),
  saving: Saving.optional(),
  /** Absent in reports of earlier versions, and of a run that had no conversation. */
  store: StoreUse.optional(),
  /** What a `forget` removed, store by store. */
  forgotten: z
    .array(
      z.object({
        store: StoreName,
        generations: count,
        /** Why nothing could be removed there. */
        problem: z.string().optional(),
      }),
    )
    .optional(),
  usage: Usage,
  /** US dollars, as the engine computed them; null when it could not say. */
  costUsd: dollars.nullable(),
  turns: count,
  durationMs: count,
  commits: z.array(z.object({ sha: z.string(), title: z.string() })),
  pullRequest: PullRequestRef.optional(),
  /** Tools that the engine asked for and was not allowed to use, by name. */
  denials: z.array(z.string()),
  /** The MCP servers of the run that a cache stood in front of. */
  mcp: z.array(McpUse).max(100).optional(),
  /** Absent where nothing has measured it yet. */
  workspace: WorkspaceUse.optional(),
  /** What the user should know although the run went on: a missing session, a notice of a limit. */
  notices: z.array(z.string()),
});
export type Report = z.infer<typeof Report>;

/** What the runner says while it works; the last one wins. */
export const Progress = z.object({
  /** What is being done now, one short line, untrusted where it names files. */
  step: z.string().max(500),
  turns: count,
  /** Newest lines of what was done, oldest first. */
  lines: z.array(z.string().max(300)).max(20),
  costUsd: dollars.nullable(),
  pullRequest: PullRequestRef.optional(),
});
export type Progress = z.infer<typeof Progress>;
