import type { ResumeChoice } from '../../src/core/session.ts';
import { costFacts } from '../../src/report/cost-facts.ts';
import { formatCount, formatDuration, plural } from '../../src/report/figures.ts';
import type { ListedCommand } from '../app.ts';

/** One command as `--json` tells it; null where nobody knows it. */
export interface CommandResult {
  id: string;
  source: 'github' | 'jira';
  issueKey: string;
  status: string;
  sessionId: string | null;
  mode: string | null;
  /** How the run went on with the session, and why. */
  choice: ResumeChoice | null;
  reason: string | null;
  turns: number;
  inputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  outputTokens: number;
  costUsd: number | null;
  /** Against a cold start; below zero for a loss. */
  estimatedCostSaved: number | null;
  /** Input tokens of all kinds. */
  estimatedTokensSaved: number | null;
  durationMs: number;
  commits: number;
  /** What talked to the model. */
  engine: string | null;
}

/** A command that has ended, in one line. */
export function endLine({ status, report, problem }: ListedCommand): string {
  if (!report || status !== 'done') return `${status}: ${problem?.message ?? ''} ${problem?.hint ?? ''}`;
  const { headline } = costFacts(report);
  const read = report.usage.cacheReadTokens;
  const all = read + report.usage.inputTokens + report.usage.cacheWriteTokens;
  // The least interesting stands last: a long line is cut.
  return [
    `done in ${formatDuration(report.durationMs)}`,
    `${headline.charAt(0).toLowerCase()}${headline.slice(1)}`,
    `${formatCount(all)} tokens read, ${all === 0 ? 0 : Math.round((100 * read) / all)} % from the cache`,
    plural(report.commits.length, 'commit'),
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

export function commandResult({ id, source, issueKey, status, report }: ListedCommand): CommandResult {
  const { session, usage, saving } = report ?? {};
  return {
    id,
    source,
    issueKey,
    status,
    sessionId: session?.id ?? null,
    mode: session?.mode ?? null,
    choice: session?.resumption?.choice ?? null,
    reason: session?.resumption?.reason ?? null,
    turns: report?.turns ?? 0,
    inputTokens: usage?.inputTokens ?? 0,
    cacheReadTokens: usage?.cacheReadTokens ?? 0,
    cacheWriteTokens: usage?.cacheWriteTokens ?? 0,
    outputTokens: usage?.outputTokens ?? 0,
    costUsd: report?.costUsd ?? null,
    estimatedCostSaved: saving?.estimatedCostSaved ?? null,
    estimatedTokensSaved: saving?.estimatedTokensSaved ?? null,
    durationMs: report?.durationMs ?? 0,
    commits: report?.commits.length ?? 0,
    engine: report?.engine ?? null,
  };
}
