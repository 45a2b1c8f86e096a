import { addHistograms } from '../core/histogram.ts';
import type { Db } from '../ledger/commands.ts';
import { type MeasureSum, sumMeasures } from '../ledger/measures.ts';
import { lastClosedHour } from '../ledger/metric-facts.ts';

/**
 * All that was ever counted. Hours that are over are summed up once, so that asking again and again looks at the newest
 * rows alone, however long the ledger has been written.
 */
export function measureTotals(db: Db, closedHour = lastClosedHour): () => Promise<MeasureSum[]> {
  let closed: { until: Date; sums: readonly MeasureSum[] } | undefined;
  return async () => {
    const until = await closedHour(db);
    if (closed === undefined || closed.until < until) {
      const more = await sumMeasures(db, { scope: 'all', since: closed?.until, until });
      closed = { until, sums: addSums(closed?.sums ?? [], more) };
    }
    return addSums(closed.sums, await sumMeasures(db, { scope: 'all', since: closed.until }));
  };
}

function addSums(one: readonly MeasureSum[], other: readonly MeasureSum[]): MeasureSum[] {
  const sums = new Map<string, MeasureSum>();
  for (const sum of [...one, ...other]) {
    const key = JSON.stringify([sum.name, sum.label]);
    const known = sums.get(key);
    sums.set(key, known ? { ...sum, ...addHistograms(known, sum) } : sum);
  }
  return [...sums.values()];
}
