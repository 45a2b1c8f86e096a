import { type RawBuilder, sql } from 'kysely';
import type { Amounts } from '../core/budget.ts';
import type { Scope } from '../core/viewer.ts';
import type { Db } from './commands.ts';
import { inScope } from './in-scope.ts';
import { isOpen } from './open-commands.ts';

/** Whose spending is asked for. */
export interface SpendingOf {
  /** The command that asks: its own run counts for nothing yet. */
  commandId: string;
  issueKey: string;
  repositoryId: number;
  person: string;
}

/** What has been spent in this month of UTC and of what budgets are for, and what is held. */
export interface Spending {
  /** The time of the database. */
  at: Date;
  /** The issue, at all times and in all repositories. */
  issue: Amounts;
  issueHere: Amounts;
  /** The person today. */
  person: Amounts;
  personHere: Amounts;
  /** The repository this month. */
  repository: Amounts;
}

/** Number of the lock, which means nothing but this. */
const lockNumber = 0x64_65_78_62;

/**
 * Lets one transaction after the other give out what is left, until each has ended: two commands that are planned at
 * the same time would both be given the same dollars.
 */
export async function lockSpending(transaction: Db): Promise<void> {
  await sql`select pg_advisory_xact_lock(${sql.lit(lockNumber)})`.execute(transaction);
}

const reported = sql`(r.report->>'costUsd')::float8`;
const soFar = sql`(r.progress->>'costUsd')::float8`;

/** Nothing is told until the engine begins: beside the report of a run that asked for something it is out of date. */
const newestTold = sql`case when r.report is null then ${soFar} else nullif(${soFar}, 0) end`;
const given = sql`(r.job->'session'->>'maxBudgetUsd')::float8`;

/** A run that broke off before the engine began says no session and no answer, and has cost nothing. */
const didNotBegin = sql`coalesce(r.report->'session' is null and r.report->>'turns' = '0'
  and r.report->'usage'->>'outputTokens' = '0', false)`;

/** US dollars that an ended run counts for. Its row of `runs` is large, and read only where the cost is not known. */
const spentOn = sql`coalesce(k.cost_usd, (
  select coalesce(${reported}, ${newestTold}, case when ${didNotBegin} then 0 else ${given} end)
  from runs as r where r.command_id = k.command_id), 0)`;

/** Whose spending an ended run is. */
const spender = sql<string>`coalesce((select r.person from runs as r where r.command_id = k.command_id), k.actor)`;

/**
 * All sums that a command's budgets need. A run counts on the day and in the month in which it ended, whatever its end.
 * Where its cost is not known the newest that it told counts, which is 0 until the engine begins, else all that it was
 * given, else nothing. A run that has not ended holds all that it was given, on whatever day.
 */
export async function spendingOf(db: Db, of: SpendingOf, at?: Date): Promise<Spending> {
  const { commandId, issueKey, repositoryId, person } = of;
  const now = at === undefined ? sql`now()` : sql`${at.toISOString()}::timestamptz`;
  const start = (unit: 'day' | 'month') => startOf(unit, now);
  const ofIssue = sql`issue_key = ${issueKey}`;
  const here = sql`repository_id = ${repositoryId}`;
  const today = sql`(not ended or ended_at >= ${start('day')})`;
  const ofPerson = sql`person = ${person} and ${today}`;
  const found = await sql<Record<string, number> & { at: Date }>`
    with counted as (
      select true as ended, k.ended_at, k.issue_key, k.repository_id,
        case when k.ended_at >= ${start('day')} then ${spender} end as person, ${spentOn} as usd
      from run_costs as k
      where k.issue_key = ${issueKey} or (k.ended_at >= ${start('day')} and ${spender} = ${person})
      union all
      select false, null, c.issue_key, c.repository_id, r.person, greatest(${given}, ${soFar}, 0)
      from commands as c join runs as r on r.command_id = c.id
      where ${isOpen('c')} and c.id <> ${commandId}
        and r.job->'session'->>'mode' <> 'forget'
    )
    select ${now} as at,
      ${sumsOf('issue', ofIssue)}, ${sumsOf('issueHere', sql`${ofIssue} and ${here}`)},
      ${sumsOf('person', ofPerson)}, ${sumsOf('personHere', sql`${ofPerson} and ${here}`)},
      (select coalesce(sum(usd), 0) from (${spentSince(start('month'))}) as month where ${here}) as repository_spent,
      ${heldOf('repository', here)}
    from counted`.execute(db);
  const [row] = found.rows;
  if (row === undefined) throw new Error('sums without a row');
  const amounts = (name: string): Amounts => ({
    spentUsd: row[`${name}_spent`] ?? 0,
    heldUsd: row[`${name}_held`] ?? 0,
  });
  return {
    at: row.at,
    issue: amounts('issue'),
    issueHere: amounts('issueHere'),
    person: amounts('person'),
    personHere: amounts('personHere'),
    repository: amounts('repository'),
  };
}

/** Of a day or a month of UTC. */
function startOf(unit: 'day' | 'month', now: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(date_trunc(${sql.lit(unit)}, ${now} at time zone 'UTC') at time zone 'UTC')`;
}

export interface Spent {
  usd: number;
  /** What it is called now: `owner/name`, a login or a name. */
  name: string;
}

/** What each repository has spent in this month of UTC, as its budget counts it. */
export async function spentByRepository(
  db: Db,
  scope: Scope = 'all',
): Promise<(Spent & { repositoryId: number })[]> {
  const { rows } = await sql<Spent & { repositoryId: number }>`
    select repository_id as "repositoryId", sum(usd)::float8 as usd,
      (array_agg(name order by hour desc) filter (where name is not null))[1] as name
    from (${spentSince(startOf('month', sql`now()`))}) as month
    where ${inScope(scope)} group by repository_id having sum(runs) > 0`.execute(db);
  return rows;
}

/** What each person has spent today, by UTC, as the budget counts it. */
export async function spentByPerson(db: Db): Promise<(Spent & { person: string })[]> {
  const { rows } = await sql<Spent & { person: string }>`
    select person, sum(usd)::float8 as usd,
      (array_agg(coalesce(actor->>'login', actor->>'displayName', 'dexter')
        order by actor->>'login' is null, ended_at desc))[1] as name
    from (
      select ${spender} as person, ${spentOn} as usd, k.ended_at,
        (select c.actor from commands as c where c.id = k.command_id) as actor
      from run_costs as k where k.ended_at >= ${startOf('day', sql`now()`)}
    ) as today
    group by person`.execute(db);
  return rows;
}

/** US dollars that the runs of repositories count for that ended since the beginning of an hour, in parts. */
function spentSince(start: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    select repository_id, hour, repository_owner || '/' || repository_name as name, runs, cost_usd::float8 as usd
    from hourly_costs where hour >= ${start}
    union all
    select k.repository_id, k.ended_at, null, 0, ${spentOn} from run_costs as k
    where k.cost_usd is null and k.ended_at >= ${start}`;
}

function sumsOf(name: string, which: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`coalesce(sum(usd) filter (where ${which} and ended), 0) as ${sql.ref(`${name}_spent`)},
    ${heldOf(name, which)}`;
}

function heldOf(name: string, which: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`coalesce(sum(usd) filter (where ${which} and not ended), 0) as ${sql.ref(`${name}_held`)}`;
}
