import { sql } from 'kysely';
import type { EndStatus } from '../core/status.ts';
import type { Scope } from '../core/viewer.ts';
import type { Db } from './commands.ts';
import { inScope } from './in-scope.ts';

export interface DayOfCosts {
  /** Of UTC: `2026-01-29`. */
  day: string;
  runs: number;
  /** Those of which nobody can say what they cost: they are in no other figure. */
  unknownRuns: number;
  costUsd: number;
  /** Against a cold start, of those runs alone that are compared with one; below zero where it cost more. */
  savedUsd: number;
  comparedRuns: number;
  /** What those are estimated to have cost from a cold start. */
  baselineUsd: number;
}

/** What runs cost that ended since then, day by day, oldest first; days without any are left out. */
export async function costsByDay(
  db: Db,
  { scope, since }: { scope: Scope; since: Date },
): Promise<DayOfCosts[]> {
  // The hours first: naming a day takes longer than all sums.
  const { rows } = await sql<DayOfCosts>`
    select to_char(hour at time zone 'UTC', 'YYYY-MM-DD') as day, sum(runs)::int as runs,
      sum(unknown)::int as "unknownRuns", sum(cost)::float8 as "costUsd", sum(saved)::float8 as "savedUsd",
      sum(compared)::int as "comparedRuns", sum(baseline)::float8 as "baselineUsd"
    from (
      select date_bin('1 hour', ended_at, timestamptz 'epoch') as hour, count(*) as runs,
        count(*) - count(cost_usd) as unknown, coalesce(sum(cost_usd), 0) as cost,
        coalesce(sum(estimated_cost_saved), 0) as saved, count(baseline_cost_usd) as compared,
        coalesce(sum(baseline_cost_usd), 0) as baseline
      from run_costs
      where ended_at >= ${since.toISOString()}::timestamptz and ${inScope(scope)}
      group by 1
    ) as hourly
    group by 1 order by 1`.execute(db);
  return rows;
}

export interface DayOfEnds {
  day: string;
  status: EndStatus;
  commands: number;
}

/** How commands ended since then, day by day, oldest first. */
export async function endsByDay(
  db: Db,
  { scope, since }: { scope: Scope; since: Date },
): Promise<DayOfEnds[]> {
  const { rows } = await sql<DayOfEnds>`
    select to_char(hour at time zone 'UTC', 'YYYY-MM-DD') as day, status, sum(ended)::int as commands
    from (
      select hour, split_part(label, '/', 2) as status, sum(count) as ended from measures
      where name = 'command_ended' and hour >= date_trunc('hour', ${since.toISOString()}::timestamptz, 'UTC')
        and ${inScope(scope)}
      group by 1, 2
    ) as hourly
    group by 1, 2 order by 1, 2`.execute(db);
  return rows;
}
