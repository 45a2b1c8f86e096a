import type { Db } from '../ledger/commands.ts';
import { gauges, type MeasureSum } from '../ledger/measures.ts';
import {
  type AlertNow,
  alertsNow,
  countSessions,
  keptArchives,
  type OpenCommands,
  openCommandSums,
  type RunSum,
  untoldEnds,
} from '../ledger/metric-facts.ts';
import type { ModelPrices } from '../pricing/model-prices.ts';
import { type CacheReport, cacheMetricsOf, cacheSizes } from './cache-metrics.ts';
import { measureTotals } from './measure-totals.ts';
import { runTotals } from './run-totals.ts';

/** What the ledger says of everything and of all time, for Prometheus. */
export interface LedgerFacts {
  measures: readonly MeasureSum[];
  runs: readonly RunSum[];
  caches: CacheReport;
  open: readonly OpenCommands[];
  untold: { commands: number; oldestSeconds: number };
  sessions: number;
  alerts: readonly AlertNow[];
  /** Undefined where there is no Redis, or where nobody has looked at it lately. */
  redisBytes: number | undefined;
  workspaces: { count: number; bytes: number; largestBytes: number; leastFreeBytes: number | undefined };
}

const seenLately = { seconds: 5 * 60 };

/** Runners say once a day how large their workspace is; one that has not for a month is gone. */
const seenThisMonth = { seconds: 31 * 24 * 60 * 60 };

/** Reads the ledger, one question after the other: a scrape is to take one connection of the pool. */
export function ledgerReader(db: Db, prices: readonly ModelPrices[]): () => Promise<LedgerFacts> {
  const totals = measureTotals(db);
  const totalsOfRuns = runTotals(db);
  return async () => {
    const measures = await totals();
    const runs = await totalsOfRuns();
    const archives = await keptArchives(db, 'all');
    const sizes = await cacheSizes(db, 'all');
    const [redis] = await gauges(db, 'redis_memory_bytes', seenLately);
    const workspaces = (await gauges(db, 'workspace_bytes', seenThisMonth)).map(({ value }) => value);
    const free = (await gauges(db, 'workspace_free_bytes', seenThisMonth)).map(({ value }) => value);
    return {
      measures,
      runs,
      caches: cacheMetricsOf({ measures, sizes, archives, runs }, prices),
      open: await openCommandSums(db),
      untold: await untoldEnds(db),
      sessions: await countSessions(db),
      alerts: await alertsNow(db),
      redisBytes: redis?.value,
      workspaces: {
        count: workspaces.length,
        bytes: workspaces.reduce((sum, bytes) => sum + bytes, 0),
        largestBytes: Math.max(0, ...workspaces),
        leastFreeBytes: free.length === 0 ? undefined : Math.min(...free),
      },
    };
  };
}
