import { sql } from 'kysely';
import type { Histogram } from '../core/histogram.ts';
import {
  type Gauged,
  type GaugeName,
  type Measured,
  type MeasureName,
  sumMeasured,
} from '../core/measure.ts';
import { storable } from '../core/storable.ts';
import type { Scope } from '../core/viewer.ts';
import type { Db } from './commands.ts';
import { inScope } from './in-scope.ts';

/**
 * Counts what happened, by the hour of the database. In the transaction of what it belongs to, so that both or neither
 * are kept; last in it, because the rows of an hour are shared by all. Two that write the same rows cannot wait for each
 * other: they write them in the same order.
 */
export async function addMeasures(db: Db, measured: readonly Measured[]): Promise<void> {
  const sums = sumMeasured(measured);
  if (sums.length === 0) return;
  const rows = sums.map(
    ({ name, label, repositoryId, values: { count, sum, buckets } }) =>
      sql`(${name}, ${storable(label)}, ${repositoryId}::bigint, date_trunc('hour', now(), 'UTC'), ${count}::bigint,
        ${sum}::float8, ${literal(buckets)}::bigint[])`,
  );
  await sql`
    insert into measures (name, label, repository_id, hour, count, sum, buckets)
    values ${sql.join(rows)}
    ${addedToKept}`.execute(db);
}

/** Element by element; where one is longer (another version has more buckets), what it has more stays. */
const addedBuckets = sql`array(
  select coalesce(one, 0) + coalesce(other, 0)
  from unnest(measures.buckets, excluded.buckets) with ordinality as both_of(one, other, place)
  order by place)`;

const addedToKept = sql`on conflict (name, label, repository_id, hour) do update set
  count = measures.count + excluded.count,
  sum = measures.sum + excluded.sum,
  buckets = ${addedBuckets}`;

function literal(buckets: readonly number[]): string {
  return `{${buckets.join(',')}}`;
}

export interface MeasureSum extends Histogram {
  name: MeasureName;
  label: string;
}

export interface MeasureQuery {
  names?: readonly MeasureName[];
  /** From the hour that holds this moment on, of old ones the day after it; from the beginning when absent. */
  since?: Date | undefined;
  /** To the end of the hour before the one that holds this moment; to now when absent. */
  until?: Date | undefined;
  scope: Scope;
}

/** More buckets than any unit has: another version of Dexter may have a few more of them. */
const mostBuckets = 24;

const bucketSums = sql.join(
  Array.from({ length: mostBuckets }, (_, index) => sql`sum(buckets[${sql.lit(index + 1)}])::bigint`),
);

/** What was counted in the time that is asked for, summed up by name and label. */
export async function sumMeasures(db: Db, query: MeasureQuery): Promise<MeasureSum[]> {
  // One column for each bucket: taking the arrays apart and together again takes five times as long.
  const { rows } = await sql<MeasureSum>`
    select name, label, sum(count)::bigint as count, sum(sum)::float8 as sum,
      array_remove(array[${bucketSums}], null) as buckets
    from measures where ${conditions(query)}
    group by name, label order by name, label`.execute(db);
  return rows.map((row) => ({ ...row, count: Number(row.count), buckets: row.buckets.map(Number) }));
}

export interface HourOfMeasure {
  name: MeasureName;
  label: string;
  hour: Date;
  count: number;
  sum: number;
}

/** What was counted in each hour, oldest first, without its buckets; of old days in all of their hours together. */
export async function measuresByHour(db: Db, query: MeasureQuery): Promise<HourOfMeasure[]> {
  const { rows } = await sql<HourOfMeasure>`
    select name, label, hour, sum(count)::bigint as count, sum(sum)::float8 as sum
    from measures where ${conditions(query)}
    group by name, label, hour order by hour, name, label`.execute(db);
  return rows.map((row) => ({ ...row, count: Number(row.count) }));
}

function hourOf(moment: Date) {
  return sql`date_trunc('hour', ${moment.toISOString()}::timestamptz, 'UTC')`;
}

function conditions({ names, since, until, scope }: MeasureQuery) {
  return sql.join(
    [
      ...(names ? [sql`name = any(${[...names]})`] : []),
      ...(since ? [sql`hour >= ${hourOf(since)}`] : []),
      ...(until ? [sql`hour < ${hourOf(until)}`] : []),
      inScope(scope),
    ],
    sql` and `,
  );
}

/** Of an hour other than the first one of its day of UTC; in the words of the index that holds these alone. */
export const isWithinDay = sql<boolean>`extract(hour from hour at time zone 'UTC') <> 0`;

/** How long the hours of a day are told apart, after its end by UTC. */
const hourlyDays = 90;

/**
 * Makes one row of the hours of a day that is long over, at its beginning; up to `limit` rows at once. True when there
 * may be more. In one statement, so that nothing is ever counted twice or not at all; any number of processes may do so.
 */
export async function foldMeasures(db: Db, limit: number): Promise<boolean> {
  const { rows } = await sql`
    with hourly as (
      delete from measures where (name, label, repository_id, hour) in (
        select name, label, repository_id, hour from measures
        where hour < date_trunc('day', now(), 'UTC') - make_interval(days => ${hourlyDays}) and ${isWithinDay}
        order by hour limit ${limit} for update skip locked)
      returning *
    ), folded as (
      insert into measures (name, label, repository_id, hour, count, sum, buckets)
      select name, label, repository_id, date_trunc('day', hour, 'UTC') as day, sum(count), sum(sum),
        array_remove(array[${bucketSums}], null)
      from hourly group by name, label, repository_id, day order by name, label, repository_id, day
      ${addedToKept}
    )
    select from hourly`.execute(db);
  return rows.length === limit;
}

/** Notes how large things are now. Last in a transaction, after `addMeasures`. */
export async function setGauges(db: Db, gauged: readonly Gauged[]): Promise<void> {
  if (gauged.length === 0) return;
  const rows = gauged
    .map(({ name, label, value }) => ({ name, label: storable(label), value, at: sql<Date>`now()` }))
    .sort((one, other) => (`${one.name} ${one.label}` < `${other.name} ${other.label}` ? -1 : 1));
  await db
    .insertInto('gauges')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['name', 'label'])
        .doUpdateSet((row) => ({ value: row.ref('excluded.value'), at: row.ref('excluded.at') })),
    )
    .execute();
}

/** How large things were when they were last seen, those alone that were seen in the last `seconds` where that is given. */
export async function gauges(
  db: Db,
  name: GaugeName,
  { seconds }: { seconds?: number } = {},
): Promise<{ label: string; value: number; at: Date }[]> {
  return db
    .selectFrom('gauges')
    .select(['label', 'value', 'at'])
    .where('name', '=', name)
    .$if(seconds !== undefined, (query) =>
      query.where('at', '>', sql<Date>`now() - make_interval(secs => ${seconds ?? 0})`),
    )
    .orderBy('label')
    .execute();
}

/** Takes gauges of one label back. */
export async function removeGauges(db: Db, names: readonly GaugeName[], label: string): Promise<void> {
  await db.deleteFrom('gauges').where('name', 'in', names).where('label', '=', label).execute();
}

/** Of processes that died, and of a Redis that is not used any more. */
const forgottenAfterDay: readonly GaugeName[] = ['context_items', 'context_bytes', 'redis_memory_bytes'];

/** Removes what has not been seen for so long that it is not there any more: of all else 30 days. */
export async function forgetOldGauges(db: Db): Promise<void> {
  await db
    .deleteFrom('gauges')
    .where((where) =>
      where.or([
        where('at', '<', sql<Date>`now() - interval '30 days'`),
        where.and([
          where('name', 'in', forgottenAfterDay),
          where('at', '<', sql<Date>`now() - interval '1 day'`),
        ]),
      ]),
    )
    .execute();
}
