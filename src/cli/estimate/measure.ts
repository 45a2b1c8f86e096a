import type { MeasuredRun } from '../../ledger/measured-use.ts';
import type { EstimateParameters } from '../../pricing/estimate/estimate.ts';
import { gapsSeen } from '../../pricing/estimate/gaps.ts';
import { counted } from './figures.ts';

/** What the ledger says of the parameters, and what it cannot say. */
export interface Measured {
  values: Partial<EstimateParameters>;
  model: string | undefined;
  /** Of what it was measured, in words. */
  basis: { tickets: number; runs: number; days: number };
  /** What remains as it was, and why; what is only rough. */
  doubts: string[];
}

const dayMs = 86_400_000;
const daysOfMonth = 365.25 / 12;

/** With fewer it says so. */
const enough = { tickets: 10, followUps: 10, days: 14 };

/** Parameters from the runs that there were, oldest first; undefined when there was none. */
export function measure(runs: readonly MeasuredRun[]): Measured | undefined {
  const [first, last] = [runs[0], runs.at(-1)];
  if (!first || !last) return undefined;
  const issues = [...Map.groupBy(runs, ({ issue }) => issue).values()];
  const firsts = issues.flatMap(([run]) => (run ? [run] : []));
  const followUps = issues.flatMap((ofIssue) => ofIssue.slice(1));
  const gaps = issues.flatMap((ofIssue) =>
    ofIssue.slice(1).flatMap((run, index) => {
      const before = ofIssue[index];
      return before ? [Math.max(0, run.startedAt.getTime() - before.endedAt.getTime()) / 1000] : [];
    }),
  );
  // A month of less than a day of work would be thirty times whatever happened to be done in it.
  const days = Math.max(1, (last.endedAt.getTime() - first.startedAt.getTime()) / dayMs);
  const contexts = firsts.flatMap(({ contextTokens }) => (contextTokens ? [contextTokens] : []));
  const archives = issues.flatMap((ofIssue) => {
    const newest = ofIssue.findLast(({ archiveBytes }) => archiveBytes);
    return newest?.archiveBytes ? [newest.archiveBytes] : [];
  });
  const resumed = followUps.filter(({ isFresh }) => !isFresh);
  const values: Partial<EstimateParameters> = {
    tickets: Math.max(1, Math.round((issues.length / days) * daysOfMonth)),
    followUps: followUps.length / issues.length,
    outputTokens: Math.round(mean(runs.map(({ outputTokens }) => outputTokens))),
    ...(gaps.length > 0 ? { gaps: gapsSeen(gaps) } : {}),
    ...(contexts.length > 0 ? { taskTokens: Math.round(mean(contexts)) } : {}),
    ...(archives.length > 0 ? { archiveMb: mean(archives) / 1e6 } : {}),
    ...(mean(firsts.map(({ turns }) => turns)) >= 1
      ? { firstRequests: Math.round(mean(firsts.map(({ turns }) => turns))) }
      : {}),
    ...(resumed.length > 0 && mean(resumed.map(({ turns }) => turns)) >= 1
      ? { requests: Math.round(mean(resumed.map(({ turns }) => turns))) }
      : {}),
  };
  return {
    values,
    model: mostFrequent(runs.flatMap(({ model }) => (model === null ? [] : [model]))),
    basis: { tickets: issues.length, runs: runs.length, days },
    doubts: doubtsOf({ tickets: issues.length, followUps: followUps.length, days }, values),
  };
}

function doubtsOf(
  seen: { tickets: number; followUps: number; days: number },
  values: Partial<EstimateParameters>,
): string[] {
  const few = [
    ...(seen.tickets < enough.tickets ? [counted(seen.tickets, 'ticket')] : []),
    ...(seen.followUps < enough.followUps ? [counted(seen.followUps, 'follow-up')] : []),
    ...(seen.days < enough.days ? [counted(seen.days, 'day')] : []),
  ];
  const kept = [
    ...(values.gaps ? [] : ['gaps']),
    ...(values.taskTokens ? [] : ['context tokens']),
    ...(values.archiveMb ? [] : ['size of the archive']),
    ...(values.requests ? [] : ['requests of a follow-up']),
  ];
  return [
    ...(few.length > 0
      ? [`That is little to go by (${few.join(', ')}): the figures will move as more runs are kept.`]
      : []),
    ...(kept.length > 0
      ? [`The ledger says nothing of these, so their defaults stand: ${kept.join(', ')}.`]
      : []),
  ];
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function mostFrequent(names: readonly string[]): string | undefined {
  const counts = [...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length] as const);
  return counts.sort((a, b) => b[1] - a[1])[0]?.[0];
}
