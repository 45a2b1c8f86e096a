import { type EndStatus, endStatuses } from '../core/status.ts';
import type { Scope } from '../core/viewer.ts';
import type { Db } from '../ledger/commands.ts';
import { costsByDay, type DayOfCosts, type DayOfEnds, endsByDay } from '../ledger/daily-figures.ts';
import { sumMeasures } from '../ledger/measures.ts';
import { type CacheLayers, cacheMetricsOf } from '../metrics/cache-metrics.ts';
import { formatCost, formatCount, formatSaved } from '../report/figures.ts';
import { barsByDay } from './charts/bars-by-day.ts';
import { lastDays, startOfLastDays } from './days.ts';
import type { Html } from './html.ts';

export const daysShown = 30;
const daysOfCaches = 7;

/** What the overview shows of a longer time. */
export interface MonthFigures {
  runs: number;
  unknownRuns: number;
  costUsd: number;
  comparedRuns: number;
  baselineUsd: number;
  savedUsd: number;
  ended: number;
  done: number;
  /** Of the last week. */
  layers: CacheLayers;
  costChart: Html;
  endChart: Html;
}

/** Sums of the last 30 days, and their charts drawn. */
export async function monthFigures(db: Db, scope: Scope, now: Date): Promise<MonthFigures> {
  const since = startOfLastDays(now, daysShown);
  const [costs, ends, measures] = await Promise.all([
    costsByDay(db, { scope, since }),
    endsByDay(db, { scope, since }),
    sumMeasures(db, {
      scope,
      since: startOfLastDays(now, daysOfCaches),
      names: ['cache_hit', 'cache_miss', 'cache_read'],
    }),
  ]);
  const days = lastDays(now, daysShown);
  const none = { items: 0, bytes: 0 };
  return {
    runs: sum(costs, ({ runs }) => runs),
    unknownRuns: sum(costs, ({ unknownRuns }) => unknownRuns),
    costUsd: sum(costs, ({ costUsd }) => costUsd),
    comparedRuns: sum(costs, ({ comparedRuns }) => comparedRuns),
    baselineUsd: sum(costs, ({ baselineUsd }) => baselineUsd),
    savedUsd: sum(costs, ({ savedUsd }) => savedUsd),
    ended: sum(ends, ({ commands }) => commands),
    done: sum(ends, ({ status, commands }) => (status === 'done' ? commands : 0)),
    layers: cacheMetricsOf({ measures, sizes: { context: none, mcp: none }, archives: [], runs: [] }).layers,
    costChart: costChart(days, costs),
    endChart: endChart(days, ends),
  };
}

function costChart(days: readonly string[], costs: readonly DayOfCosts[]): Html {
  const of = new Map(costs.map((cost) => [cost.day, cost]));
  const costUsd = days.map((day) => of.get(day)?.costUsd ?? 0);
  const savedUsd = days.map((day) => of.get(day)?.savedUsd ?? 0);
  return barsByDay({
    title: 'Cost and saving by day',
    description: `What runs cost on each of the last ${days.length} days, ${formatCost(total(costUsd))} in all, and on top of it what their sessions are estimated to have saved against cold starts, ${formatSaved(total(savedUsd))} in all.`,
    days,
    series: [
      { name: 'Cost', colour: 1, values: costUsd },
      { name: 'Saved (estimated)', colour: 2, values: savedUsd },
    ],
    format: (usd) => formatSaved(usd),
    formatTick: (usd) => (usd >= 10 || usd === 0 ? `$${formatCount(Math.round(usd))}` : formatCost(usd)),
    empty: `No run has cost anything in the last ${days.length} days.`,
  });
}

const colours: Record<EndStatus, 1 | 2 | 3 | 4 | 5> = {
  done: 1,
  refused: 2,
  expired: 3,
  failed: 4,
  cancelled: 5,
};

function endChart(days: readonly string[], ends: readonly DayOfEnds[]): Html {
  const of = new Map(ends.map(({ day, status, commands }) => [`${day} ${status}`, commands]));
  return barsByDay({
    title: 'Commands by day',
    description: `How many commands ended on each of the last ${days.length} days, ${formatCount(sum(ends, ({ commands }) => commands))} in all, and how.`,
    days,
    series: endStatuses.map((status) => ({
      name: `${status.charAt(0).toUpperCase()}${status.slice(1)}`,
      colour: colours[status],
      values: days.map((day) => of.get(`${day} ${status}`) ?? 0),
    })),
    format: formatCount,
    leastTop: 4,
    empty: `No command has ended in the last ${days.length} days.`,
  });
}

function sum<T>(rows: readonly T[], of: (row: T) => number): number {
  return rows.reduce((all, row) => all + of(row), 0);
}

function total(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
