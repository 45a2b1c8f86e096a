import { sql } from 'kysely';
import type { Db } from './commands.ts';
import { isOpen, isUntold } from './open-commands.ts';

/** The time of the database, by which ages are told. */
export async function databaseTime(db: Db): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`select now() as now`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new Error('the time without a row');
  return row.now;
}

/** For how many seconds something has waited, at most; 0 where nothing waits. */
export interface OldestWaiting {
  /** For Dexter: nothing holds these. From when on they could have been taken. */
  forDexter: number;
  /** For their turn: an earlier command of the same issue is under way. */
  forTurn: number;
  /** For a runner, by repository, those alone where something waits. */
  forRunner: { repositoryId: number; repository: string; seconds: number }[];
}

export async function oldestWaiting(db: Db): Promise<OldestWaiting> {
  const queued = await sql<{ is_held: boolean; seconds: number }>`
    with waiting as (
      select c.*, exists (
          select from commands as e
          where e.issue_key = c.issue_key and e.queue_key = c.queue_key and ${isOpen('e')}
            and (e.created_at, e.id) < (c.created_at, c.id)) as is_held
      from commands as c where ${isOpen('c', ['received', 'queued'])}
    ), heads as (
      (select * from waiting where is_held order by created_at limit 1)
      union all
      (select * from waiting where not is_held order by created_at limit 100)
    )
    select h.is_held, max(extract(epoch from now() - greatest(h.created_at, case when not h.is_held then (
        select max(b.ended_at) from commands as b
        where b.issue_key = h.issue_key and b.queue_key = h.queue_key and b.created_at <= h.created_at) end)))::float8
        as seconds
    from heads as h group by h.is_held`.execute(db);
  const dispatched = await sql<{ repository_id: number; repository: string; seconds: number }>`
    select c.repository_id, min(c.repository_owner || '/' || c.repository_name) as repository,
      max(extract(epoch from now() - r.created_at))::float8 as seconds
    from commands as c join runs as r on r.command_id = c.id
    where ${isOpen('c', ['dispatched'])} and r.claimed_at is null and c.repository_id is not null
    group by c.repository_id`.execute(db);
  const secondsOf = (isHeld: boolean) =>
    Math.max(0, ...queued.rows.filter((row) => row.is_held === isHeld).map(({ seconds }) => seconds));
  return {
    forDexter: secondsOf(false),
    forTurn: secondsOf(true),
    forRunner: dispatched.rows.map(({ repository_id: repositoryId, ...row }) => ({ ...row, repositoryId })),
  };
}

/** Ends that are not told after this long have failed at least once. */
const tellingMinutes = 15;

/**
 * Commands since then that expired, broke inside of Dexter, or whose run was lost, and those whose end could not be told
 * yet. What was given up telling is counted as `end_untold`.
 */
export async function deadLetters(db: Db, since: Date): Promise<number> {
  const { rows } = await sql<{ commands: number }>`
    select count(*)::int as commands from commands
    where (ended_at >= ${since.toISOString()}::timestamptz
        and (status = 'expired' or (status = 'failed' and problem->>'code' in ('internal', 'no-runner', 'runner-lost'))))
      or (${isUntold()}
        and ended_at < now() - make_interval(mins => ${tellingMinutes}))`.execute(db);
  return rows[0]?.commands ?? 0;
}
