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

/** What runs cost that ended since the hour that holds this moment, day by day, oldest first; days without any are left out. */
export async function costsByDay(
  db: Db,
  { scope, since }: { scope: Scope; since: Date },
): Promise<DayOfCosts[]> {
  // The hours first: naming a day takes longer than all sums.
  const { rows } = await sql<DayOfCosts>`
    select to_char(hour at time zone 'UTC', 'YYYY-MM-DD') as day, sum(runs)::int as runs,
      sum(unknown_runs)::int as "unknownRuns", sum(cost_usd)::float8 as "costUsd",
      sum(estimated_cost_saved)::float8 as "savedUsd", sum(compared_runs)::int as "comparedRuns",
      sum(baseline_cost_usd)::float8 as "baselineUsd"
    from (
      select hour, sum(runs) as runs, sum(unknown_runs) as unknown_runs, sum(cost_usd) as cost_usd,
        sum(estimated_cost_saved) as estimated_cost_saved, sum(compared_runs) as compared_runs,
        sum(baseline_cost_usd) as baseline_cost_usd
      from hourly_costs
      where hour >= date_trunc('hour', ${since.toISOString()}::timestamptz, 'UTC') and ${inScope(scope)}
      group by hour
    ) as hourly
    group by 1 having sum(runs) > 0 order by 1`.execute(db);
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
