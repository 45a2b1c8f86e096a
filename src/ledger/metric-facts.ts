import { sql } from 'kysely';
import type { sourceOf } from '../core/command.ts';
import type { Usage } from '../core/report.ts';
import type { ResumeChoice, StoreName } from '../core/session.ts';
import type { CommandStatus } from '../core/status.ts';
import type { Scope } from '../core/viewer.ts';
import { commandSource } from './command-words.ts';
import type { Db } from './commands.ts';
import { inScope } from './in-scope.ts';
import { isOpen, isUntold } from './open-commands.ts';
import type { RunOutcome } from './tables.ts';

/** What runs came to that have all of these in common. */
export interface RunSum {
  model: string | null;
  outcome: RunOutcome;
  choice: ResumeChoice | null;
  runs: number;
  /** Those of which nobody can say what they cost. */
  unknownRuns: number;
  costUsd: number;
  usage: Required<Usage>;
  estimatedCostSaved: number;
  estimatedTokensSaved: number;
}

/** All runs that ended since then and before that, summed up. */
export async function runSums(
  db: Db,
  { scope, since, until }: { scope: Scope; since?: Date | undefined; until?: Date | undefined },
): Promise<RunSum[]> {
  const steps = sql.lit(2 ** 30);
  const sumOf = (column: string) => sql<number>`coalesce(sum(${sql.ref(`run.${column}`)}), 0)::float8`;
  const rows = await db
    .selectFrom('run_costs as run')
    .$if(since !== undefined, (query) => query.where('run.ended_at', '>=', since ?? new Date(0)))
    .$if(until !== undefined, (query) => query.where('run.ended_at', '<', until ?? new Date(0)))
    .where(inScope(scope, 'run.repository_id'))
    .select([
      'run.model',
      'run.outcome',
      'run.choice',
      sql<number>`count(*)::int`.as('runs'),
      sql<number>`(count(*) filter (where run.cost_usd is null))::int`.as('unknown_runs'),
      // In steps of a power of two, about a billionth: such numbers add up exactly, in whatever order.
      sql<number>`coalesce(sum(round(run.cost_usd * ${steps}) / ${steps}), 0)::float8`.as('cost_usd'),
      sumOf('input_tokens').as('input_tokens'),
      sumOf('cache_read_tokens').as('cache_read_tokens'),
      sumOf('cache_write_tokens').as('cache_write_tokens'),
      sumOf('cache_write_hour_tokens').as('cache_write_hour_tokens'),
      sumOf('output_tokens').as('output_tokens'),
      sumOf('estimated_cost_saved').as('estimated_cost_saved'),
      sumOf('estimated_tokens_saved').as('estimated_tokens_saved'),
    ])
    .groupBy(['run.model', 'run.outcome', 'run.choice'])
    .execute();
  return rows.map((row) => ({
    model: row.model,
    outcome: row.outcome,
    choice: row.choice,
    runs: row.runs,
    unknownRuns: row.unknown_runs,
    costUsd: row.cost_usd,
    usage: {
      inputTokens: row.input_tokens,
      cacheReadTokens: row.cache_read_tokens,
      cacheWriteTokens: row.cache_write_tokens,
      cacheWriteHourTokens: row.cache_write_hour_tokens,
      outputTokens: row.output_tokens,
    },
    estimatedCostSaved: row.estimated_cost_saved,
    estimatedTokensSaved: row.estimated_tokens_saved,
  }));
}

/** Runs that ended before then and whose report may still come. */
export async function lostRuns(db: Db, until: Date): Promise<number> {
  const row = await db
    .selectFrom('run_costs')
    .select(sql<number>`count(*)::int`.as('runs'))
    // In the words of an index.
    .where(sql<boolean>`outcome = 'lost'`)
    .where('ended_at', '<', until)
    .executeTakeFirstOrThrow();
  return row.runs;
}

/** Archives of sessions that a store holds. */
export interface KeptArchives {
  /** Null where no report said it. */
  store: StoreName | null;
  items: number;
  bytes: number;
}

/** What the stores hold now, as far as reports told. */
export async function keptArchives(db: Db, scope: Scope): Promise<KeptArchives[]> {
  return db
    .selectFrom('generations')
    .select([
      'store',
      sql<number>`count(*)::int`.as('items'),
      sql<number>`coalesce(sum(bytes), 0)::float8`.as('bytes'),
    ])
    .where('dropped', '=', false)
    .where(inScope(scope))
    .groupBy('store')
    .orderBy('store')
    .execute();
}

export type Source = ReturnType<typeof sourceOf>;

/** Commands without an end that stand at the same place and came from the same side. */
export interface OpenCommands {
  status: CommandStatus;
  source: Source;
  commands: number;
  /** Since the oldest of them arrived. */
  oldestSeconds: number;
}

export async function openCommandSums(db: Db): Promise<OpenCommands[]> {
  const { rows } = await sql<OpenCommands>`
    select status,
      ${commandSource} as source,
      count(*)::int as commands,
      greatest(0, max(extract(epoch from now() - created_at)))::float8 as "oldestSeconds"
    from commands
    where ${isOpen()}
    group by 1, 2 order by 1, 2`.execute(db);
  return rows;
}

/** Ends that people have not been told yet. */
export async function untoldEnds(db: Db): Promise<{ commands: number; oldestSeconds: number }> {
  const row = await db
    .selectFrom('commands')
    .select([
      sql<number>`count(*)::int`.as('commands'),
      sql<number>`coalesce(greatest(0, max(extract(epoch from now() - ended_at))), 0)::float8`.as(
        'oldestSeconds',
      ),
    ])
    .where(isUntold())
    .executeTakeFirstOrThrow();
  return row;
}

/** Sessions that a store may hold something of. */
export async function countSessions(db: Db): Promise<number> {
  const row = await db
    .selectFrom('sessions')
    .select(sql<number>`count(*)::int`.as('sessions'))
    .executeTakeFirstOrThrow();
  return row.sessions;
}

/** An alert that is not over. */
export interface AlertNow {
  name: string;
  label: string;
  level: string;
}

export function alertsNow(db: Db): Promise<AlertNow[]> {
  return db
    .selectFrom('alerts')
    .select(['name', 'label', 'level'])
    .where('level', '!=', 'ok')
    .orderBy('name')
    .limit(10_000)
    .execute();
}

/** The beginning of the hour before this one, by the time of the database: nobody writes what is older any more. */
export async function lastClosedHour(db: Db): Promise<Date> {
  const { rows } = await sql<{ hour: Date }>`
    select date_trunc('hour', now(), 'UTC') - interval '1 hour' as hour`.execute(db);
  return rows[0]?.hour ?? new Date(0);
}
