import { sql } from 'kysely';
import type { RepositoryRef } from '../core/command.ts';
import type { EndStatus } from '../core/status.ts';
import type { Scope } from '../core/viewer.ts';
import { commandRepositories } from './command-pages.ts';
import type { Db } from './commands.ts';
import { inScope } from './in-scope.ts';
import { isOpen } from './open-commands.ts';
import { spentByRepository } from './spending.ts';

export interface RepositoryFigures extends RepositoryRef {
  /** Commands that ended since the day that was asked for, by their ends. */
  ended: Partial<Record<EndStatus, number>>;
  open: number;
  /** US dollars that were spent in this month of UTC, as the budget counts it. */
  monthUsd: number;
  sessions: number;
  /** Of all generations that stores still keep. */
  sessionBytes: number;
  /** What became of its onboarding; null where it was not looked at, or has no row. */
  onboarding: { outcome: string | null; isDue: boolean } | null;
}

/** All repositories of the scope that a command was for, or that the app was installed on. By name. */
export async function repositoryFigures(
  db: Db,
  scope: Scope,
  { since }: { since: Date },
): Promise<RepositoryFigures[]> {
  const [known, onboarded, ended, open, spent, sessions] = await Promise.all([
    commandRepositories(db, scope),
    sql<RepositoryRef & { outcome: string | null; isDue: boolean }>`
      select repository_id as id, repository_owner as owner, repository_name as name, outcome,
        due_at is not null as "isDue"
      from onboardings where ${inScope(scope)}`.execute(db),
    sql<{ id: number; status: EndStatus; count: number }>`
      select repository_id as id, split_part(label, '/', 2) as status, sum(count)::int as count
      from measures
      where name = 'command_ended' and hour >= ${since.toISOString()}::timestamptz and ${inScope(scope)}
        and repository_id <> 0
      group by 1, 2`.execute(db),
    sql<{ id: number; count: number }>`
      select repository_id as id, count(*)::int as count from commands
      where ${isOpen()} and repository_id is not null and ${inScope(scope)}
      group by 1`.execute(db),
    spentByRepository(db, scope),
    sql<{ id: number; sessions: number; bytes: number }>`
      select id, counted.sessions, coalesce(kept.bytes, 0)::float8 as bytes
      from (select repository_id as id, count(*)::int as sessions from sessions
          where ${inScope(scope)} group by 1) as counted
      left join (select repository_id as id, sum(bytes) as bytes from generations
          where not dropped and ${inScope(scope)} group by 1) as kept using (id)`.execute(db),
  ]);
  const onboardings = new Map(onboarded.rows.map((row) => [row.id, row]));
  const endsOf = Map.groupBy(ended.rows, ({ id }) => id);
  const ofId = <Row extends { id: number }>(rows: readonly Row[]) =>
    new Map(rows.map((row) => [row.id, row]));
  const [openOf, sessionsOf] = [ofId(open.rows), ofId(sessions.rows)];
  const spentOf = new Map(spent.map(({ repositoryId, usd }) => [repositoryId, usd]));
  // As commands name it: those are newer than its installation.
  const all = new Map<number, RepositoryRef>([...onboardings, ...ofId(known)]);
  return [...all.values()]
    .map(({ id, owner, name }): RepositoryFigures => {
      const onboarding = onboardings.get(id);
      return {
        id,
        owner,
        name,
        ended: Object.fromEntries((endsOf.get(id) ?? []).map(({ status, count }) => [status, count])),
        open: openOf.get(id)?.count ?? 0,
        monthUsd: spentOf.get(id) ?? 0,
        sessions: sessionsOf.get(id)?.sessions ?? 0,
        sessionBytes: sessionsOf.get(id)?.bytes ?? 0,
        onboarding: onboarding ? { outcome: onboarding.outcome, isDue: onboarding.isDue } : null,
      };
    })
    .sort((one, other) => nameOf(one).localeCompare(nameOf(other), 'en') || one.id - other.id);
}

function nameOf({ owner, name }: RepositoryRef): string {
  return `${owner}/${name}`.toLowerCase();
}
