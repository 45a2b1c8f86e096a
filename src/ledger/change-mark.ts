import { sql } from 'kysely';
import type { Scope } from '../core/viewer.ts';
import type { Db } from './commands.ts';
import { inScope } from './in-scope.ts';
import { isOpen } from './open-commands.ts';

/** More commands than are open at once, as a rule; what changes beyond them is seen when it ends. */
const mostOpen = 500;

/**
 * A text that changes with everything that pages show of a scope's commands: those that are open, with their progress,
 * and those that came or ended in the last hour. Cheap, whatever the ledger holds.
 */
export async function changeMark(db: Db, scope: Scope): Promise<string> {
  const seen = inScope(scope, 'c.repository_id');
  const { rows } = await sql<{ mark: string }>`
    select md5(concat_ws('|',
      (select string_agg(concat_ws(' ', o.id, o.status, o.stop_requested, o.resume_at, o.repository_id,
          r.run_url, r.waiting_for, r.progress_at), ',' order by o.id)
        from (select c.id, c.status, c.stop_requested, c.resume_at, c.repository_id from commands as c
          where ${isOpen('c')} and ${seen} order by c.id limit ${mostOpen}) as o
        left join runs as r on r.command_id = o.id),
      (select concat_ws(' ', count(*), max(c.created_at)) from commands as c
        where c.created_at > now() - interval '1 hour' and ${seen}),
      (select concat_ws(' ', count(*), max(c.ended_at), max(c.published_at)) from commands as c
        where c.ended_at > now() - interval '1 hour' and ${seen}),
      (select concat_ws(' ', count(*), max(c.since)) from alerts as c where ${seen})
    )) as mark`.execute(db);
  return rows[0]?.mark ?? '';
}
