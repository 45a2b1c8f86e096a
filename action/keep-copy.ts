import { randomUUID } from 'node:crypto';
import { AppError, messageOf } from '../src/core/errors.ts';
import { redact } from '../src/core/redact.ts';
import {
  addUsage,
  type CompactionReport,
  isNoUsage,
  noUsage,
  type Report,
  type Usage,
} from '../src/core/report.ts';
import type { CompactedCopy } from '../src/core/session.ts';
import type { CompactionResult, Engine, EngineResult, EngineTask } from '../src/engines/engine.ts';
import { costOfRequest } from '../src/pricing/cost-of-usage.ts';
import { requestsOf } from '../src/pricing/expected-cost.ts';
import { graftCopyFile, removeCopyFile, trimCopyFile } from '../src/sessions/compacted-copy.ts';
import { compactionInstructions } from '../src/sessions/compaction-instructions.ts';
import { type CompactionFacts, type EndOfRun, planCompaction } from '../src/sessions/plan-compaction.ts';
import { sessionFigures } from '../src/sessions/session-figures.ts';
import { transcriptPath } from '../src/sessions/session-files.ts';
import type { Conversation } from './open-conversation.ts';
import type { SessionDirectory } from './session-directory.ts';
import type { Work } from './work.ts';

/** A summary of some thousand tokens is written in a minute or two; nobody is to wait much longer for it. */
const timeLimitMs = 4 * 60 * 1000;

/** What was done at the end of a run so that a late follow-up is cheap. */
export interface KeptCopy {
  /** The copy that is saved with the conversation; absent for none. */
  compacted?: CompactedCopy;
  /** Absent when there was nothing to do. */
  report?: CompactionReport;
  /** Tokens and dollars that it took, which the run's own do not hold. */
  usage: Usage;
  /** Null when nothing was asked, or when nobody knows the price. */
  costUsd: number | null;
  /** When the conversation was last read from the prompt cache, which counts as its use. */
  lastRequestAt: Date;
}

/** What is needed of a run for it. */
export type CopyWork = Pick<Work, 'log' | 'now' | 'pricesOf' | 'secrets'> & {
  board: Pick<Work['board'], 'step'>;
  inputs: Pick<Work['inputs'], 'compactAbove'> & { job: { session: { maxBudgetUsd?: number | undefined } } };
  report: Pick<Report, 'notices'>;
  stop: Pick<Work['stop'], 'signal'>;
};

export interface EndedRun {
  conversation: Conversation;
  task: EngineTask;
  result: EngineResult;
  /** When the conversation's newest answer came: its last tool may have taken longer than the prompt cache lives. */
  endedAt: Date;
}

/**
 * Compacts the conversation, or appends what was said to the copy that it has. Never rejects: a copy that cannot be made
 * is a notice in the report. Waits for the engine, which must be up.
 */
export async function keepCopy(
  work: CopyWork,
  directory: Pick<SessionDirectory, 'config'>,
  engine: Engine,
  run: EndedRun,
): Promise<KeptCopy> {
  const nothing = unspent(run);
  const kept = await orNotice(work, async () => {
    const plan = planCompaction(factsOf(work, run));
    if (plan.action === 'none') {
      work.log.info(`No compacted copy of the conversation: ${plan.reason}.`);
      return nothing;
    }
    if (plan.action === 'append') return { ...nothing, ...(await appended(work, directory, run)) };
    return await compacted(work, directory, engine, run);
  });
  return kept ?? nothing;
}

function unspent({ endedAt }: EndedRun): KeptCopy {
  return { usage: noUsage, costUsd: null, lastRequestAt: endedAt };
}

/** Undefined for what was thrown: it is a notice in the report, and what else can be kept is. */
async function orNotice<Value>(
  { log, report }: CopyWork,
  act: () => Promise<Value>,
): Promise<Value | undefined> {
  try {
    return await act();
  } catch (error) {
    log.warn(messageOf(error));
    const notice = notMade(error instanceof AppError ? error.message : 'the runner failed');
    if (!report.notices.includes(notice)) report.notices.push(notice);
    return undefined;
  }
}

/** Puts what the copy took into the report of the run. A sum with a part that nobody knows is not known. */
export function countCopy(report: Report, copy: Pick<KeptCopy, 'usage' | 'costUsd'>): void {
  const costUsd = copy.costUsd ?? (isNoUsage(copy.usage) ? 0 : null);
  report.costUsd = report.costUsd === null || costUsd === null ? null : report.costUsd + costUsd;
  report.usage = addUsage(report.usage, copy.usage);
}

function factsOf(
  { inputs, now, pricesOf, stop }: CopyWork,
  { conversation, task, result, endedAt }: EndedRun,
): CompactionFacts {
  const { restored, mode } = conversation;
  const { maxBudgetUsd } = inputs.job.session;
  const figures = sessionFigures({ mode, result, restored, prompt: task.prompt, lastRequestAt: endedAt });
  const copy = copyOf(conversation);
  const { followUps } = figures;
  return {
    end: stop.signal.aborted ? 'stopped' : endOf(result),
    threshold: inputs.compactAbove,
    contextTokens: result.contextTokens,
    baseTokens: figures.baseTokens,
    copy: copy && { contextTokens: copy.contextTokens + (addedTokens(conversation, result) ?? 0) },
    prices: result.model === null ? undefined : pricesOf(result.model),
    cacheLife: figures.cacheLife,
    idleMs: now() - endedAt.getTime(),
    requests: requestsOf(followUps),
    start: figures.start,
    ...(maxBudgetUsd === undefined ? {} : { budgetLeftUsd: maxBudgetUsd - (result.costUsd ?? maxBudgetUsd) }),
  };
}

function endOf({ stopReason }: EngineResult): EndOfRun {
  switch (stopReason) {
    case 'completed':
    case 'turns':
    case 'budget':
      return 'ended';
    case 'cancelled':
      return 'stopped';
    case 'session-lost':
    case 'logged-out':
    case 'failed':
      return 'failed';
  }
}

/** The copy of what was continued; the one that was continued itself is none any more. */
function copyOf({ choice, restored }: Conversation): CompactedCopy | undefined {
  return choice === 'warm' ? restored?.compacted : undefined;
}

/** Measured by the difference between the last requests of two runs; undefined when one of them is not known. */
function addedTokens({ restored }: Conversation, { contextTokens }: EngineResult): number | undefined {
  const before = restored?.contextTokens ?? 0;
  return before > 0 && contextTokens > 0 ? Math.max(0, contextTokens - before) : undefined;
}

async function appended(
  { report }: CopyWork,
  directory: Pick<SessionDirectory, 'config'>,
  { conversation, result }: EndedRun,
): Promise<Pick<KeptCopy, 'compacted' | 'report'>> {
  const copy = copyOf(conversation);
  const { restored, sessionId } = conversation;
  if (copy === undefined || restored === undefined) return {};
  const startedAt = performance.now();
  const path = transcriptPath(sessionId);
  const bytesBefore = restored.files.find((file) => file.path === path)?.bytes ?? 0;
  const options = { sessionId, copyId: copy.sessionId, bytesBefore };
  const grafted = await graftCopyFile(directory.config, options);
  const durationMs = Math.round(performance.now() - startedAt);
  if (grafted.outcome === 'unfit') {
    report.notices.push(notMade(grafted.reason));
    return { report: { outcome: 'failed', contextTokens: 0, costUsd: 0, durationMs } };
  }
  const more = addedTokens(conversation, result) ?? grafted.messageTokens;
  const contextTokens = copy.contextTokens + more;
  return {
    compacted: { ...copy, contextTokens },
    report: { outcome: 'appended', contextTokens, costUsd: 0, durationMs },
  };
}

async function compacted(
  work: CopyWork,
  directory: Pick<SessionDirectory, 'config'>,
  engine: Engine,
  run: EndedRun,
): Promise<KeptCopy> {
  work.board.step('Summing up the conversation');
  const { prompt, mode: _, maxBudgetUsd: __, maxTurns: ___, ...pins } = run.task;
  const { mode, nextGeneration, restored } = run.conversation;
  const copyId = randomUUID();
  const requestAt = new Date(work.now());
  const task = { ...pins, copyId, instructions: compactionInstructions, timeLimitMs };
  const startedAt = performance.now();
  const result = await orNotice(work, () => engine.compact(task, work.stop.signal));
  const { usage, costUsd } = result ? spentOn(result, work, run) : unspent(run);
  const lastRequestAt = (result?.usage.cacheReadTokens ?? 0) > 0 ? requestAt : run.endedAt;
  const spent = { usage, costUsd, lastRequestAt };
  const trimmed =
    result?.outcome === 'compacted'
      ? await orNotice(work, () => trimCopyFile(directory.config, copyId))
      : result && failure(result);
  const durationMs = result?.durationMs ?? Math.round(performance.now() - startedAt);
  if (trimmed?.outcome === 'made') {
    const { baseTokens } = sessionFigures({ ...run, mode, restored, prompt, lastRequestAt: run.endedAt });
    const contextTokens = baseTokens + trimmed.messageTokens;
    return {
      ...spent,
      compacted: { sessionId: copyId, contextTokens, summedUpTo: nextGeneration },
      report: { outcome: 'compacted', contextTokens, costUsd, durationMs },
    };
  }
  const isStopped = result?.outcome === 'failed' && result.reason === 'cancelled';
  if (trimmed !== undefined && !isStopped) {
    work.report.notices.push(notMade(redact(trimmed.reason, work.secrets)));
  }
  await orNotice(work, () => removeCopyFile(directory.config, copyId));
  const earlier = await orNotice(work, () => appended(work, directory, run));
  const contextTokens = earlier?.compacted?.contextTokens ?? 0;
  return { ...spent, ...earlier, report: { outcome: 'failed', contextTokens, costUsd, durationMs } };
}

/**
 * Tokens and dollars of a compaction. The provider bills what a request that was broken off has read, and nobody says
 * how much that was: it is taken for the whole conversation, from the prompt cache.
 */
function spentOn(
  result: CompactionResult,
  { pricesOf }: CopyWork,
  { result: { contextTokens, model } }: EndedRun,
): Pick<KeptCopy, 'usage' | 'costUsd'> {
  const isBrokenOff =
    result.outcome === 'failed' && (result.reason === 'time' || result.reason === 'cancelled');
  if (!isBrokenOff || model === null || !isNoUsage(result.usage)) return result;
  const usage = { ...noUsage, cacheReadTokens: contextTokens };
  const prices = pricesOf(model);
  return { usage, costUsd: prices ? costOfRequest(usage, prices) : null };
}

function failure({ detail }: CompactionResult & { outcome: 'failed' }): { outcome: 'unfit'; reason: string } {
  return { outcome: 'unfit', reason: detail.replaceAll(/\s+/g, ' ').slice(0, 300) };
}

function notMade(reason: string): string {
  return `No compacted copy of the conversation was made (${reason.trim().replace(/\.$/, '')}). The whole conversation is saved; a follow-up that comes late may cost more.`;
}
