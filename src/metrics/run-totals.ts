import type { Db } from '../ledger/commands.ts';
import { lastClosedHour, lostRuns, type RunSum, runSums } from '../ledger/metric-facts.ts';

/**
 * What all runs came to. Those of hours that are over are summed up once, so that asking again and again looks at the
 * newest rows alone; again when a report has come late, which makes a known run out of a lost one.
 */
export function runTotals(db: Db, closedHour = lastClosedHour): () => Promise<RunSum[]> {
  let closed: { until: Date; lost: number; sums: readonly RunSum[] } | undefined;
  return async () => {
    const until = await closedHour(db);
    // Before the sums: what comes between the two is found by the next one.
    const lost = await lostRuns(db, until);
    if (closed && (await lostRuns(db, closed.until)) !== closed.lost) closed = undefined;
    if (closed === undefined || closed.until < until) {
      const more = await runSums(db, { scope: 'all', since: closed?.until, until });
      closed = { until, lost, sums: addSums(closed?.sums ?? [], more) };
    }
    return addSums(closed.sums, await runSums(db, { scope: 'all', since: closed.until }));
  };
}

function addSums(one: readonly RunSum[], other: readonly RunSum[]): RunSum[] {
  const sums = new Map<string, RunSum>();
  for (const sum of [...one, ...other]) {
    const key = JSON.stringify([sum.model, sum.outcome, sum.choice]);
    const known = sums.get(key);
    sums.set(key, known ? added(known, sum) : sum);
  }
  return [...sums.values()];
}

function added(one: RunSum, other: RunSum): RunSum {
  return {
    ...one,
    runs: one.runs + other.runs,
    unknownRuns: one.unknownRuns + other.unknownRuns,
    costUsd: one.costUsd + other.costUsd,
    usage: {
      inputTokens: one.usage.inputTokens + other.usage.inputTokens,
      cacheReadTokens: one.usage.cacheReadTokens + other.usage.cacheReadTokens,
      cacheWriteTokens: one.usage.cacheWriteTokens + other.usage.cacheWriteTokens,
      cacheWriteHourTokens: one.usage.cacheWriteHourTokens + other.usage.cacheWriteHourTokens,
      outputTokens: one.usage.outputTokens + other.usage.outputTokens,
    },
    estimatedCostSaved: one.estimatedCostSaved + other.estimatedCostSaved,
    estimatedTokensSaved: one.estimatedTokensSaved + other.estimatedTokensSaved,
  };
}
