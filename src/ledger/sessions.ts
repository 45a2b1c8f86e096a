import { sql } from 'kysely';
import type { RepositoryRef } from '../core/command.ts';
import type { KeptContext } from '../core/context.ts';
import type { ContextSeen } from '../core/context-seen.ts';
import type { PullRequestRef, Report } from '../core/report.ts';
import type { SessionRef, StoreName } from '../core/session.ts';
import type { Db } from './commands.ts';
import { isOpen } from './open-commands.ts';

export interface SavedGeneration {
  generation: number;
  sessionId: string;
  commandId: string;
  /** What the store calls it, when that is more than its number. */
  entry?: string;
  bytes: number;
  contextTokens: number;
  /** Where it was saved; absent where no report said it. */
  store?: StoreName | undefined;
}

export interface NewestGeneration {
  /** 0 when none is known. */
  generation: number;
  /** A run was planned and its report may be lost: a store may hold what the ledger knows nothing of. */
  mayBeSaved: boolean;
  /** What the store calls it, when that is more than its number. */
  entry?: string;
  /** What it has seen of the ticket and the pull request. */
  seen?: ContextSeen;
}

/**
 * Generation that a runner saved last, or 0, what its store calls it, and what it has seen of the ticket. Last by
 * time, not by number: a store that was emptied begins anew.
 */
export async function newestGeneration(db: Db, ref: SessionRef): Promise<NewestGeneration> {
  const row = await db
    .selectFrom('generations')
    .leftJoin('runs', 'runs.command_id', 'generations.command_id')
    .select(['generation', 'entry', 'runs.context', 'runs.report'])
    .where('installation_id', '=', ref.installationId)
    .where('repository_id', '=', ref.repositoryId)
    .where('issue_key', '=', ref.issueKey)
    .orderBy('generations.created_at', 'desc')
    .orderBy('generation', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!row) return { generation: 0, mayBeSaved: await isNoted(db, ref) };
  return {
    generation: row.generation,
    mayBeSaved: true,
    ...(row.entry === null ? {} : { entry: row.entry }),
    ...(row.context ? { seen: seenIn(row.context, row.report) } : {}),
  };
}

/** A run whose session could not be continued began another conversation, which knows no more than it was told. */
function seenIn({ seen, alone }: KeptContext, report: Report | null): ContextSeen {
  return report?.session?.mode === 'fresh' ? (alone ?? seen) : seen;
}

async function isNoted(db: Db, ref: SessionRef): Promise<boolean> {
  const row = await db
    .selectFrom('sessions')
    .select('used_at')
    .where('installation_id', '=', ref.installationId)
    .where('repository_id', '=', ref.repositoryId)
    .where('issue_key', '=', ref.issueKey)
    .executeTakeFirst();
  return row !== undefined;
}

/** Notes a saved generation, in place of one of the same number that is no more. */
export async function keepGeneration(db: Db, ref: SessionRef, saved: SavedGeneration): Promise<void> {
  await db
    .insertInto('generations')
    .values({
      installation_id: ref.installationId,
      repository_id: ref.repositoryId,
      issue_key: ref.issueKey,
      generation: saved.generation,
      session_id: saved.sessionId,
      command_id: saved.commandId,
      entry: saved.entry ?? null,
      bytes: saved.bytes,
      context_tokens: saved.contextTokens,
      store: saved.store ?? null,
      created_at: sql`now()`,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['installation_id', 'repository_id', 'issue_key', 'generation'])
        .doUpdateSet((row) => ({
          session_id: row.ref('excluded.session_id'),
          command_id: row.ref('excluded.command_id'),
          entry: row.ref('excluded.entry'),
          bytes: row.ref('excluded.bytes'),
          context_tokens: row.ref('excluded.context_tokens'),
          store: row.ref('excluded.store'),
          dropped: false,
          created_at: row.ref('excluded.created_at'),
        })),
    )
    .execute();
  const ofSession = sql`installation_id = ${ref.installationId} and repository_id = ${ref.repositoryId}
    and issue_key = ${ref.issueKey}`;
  // Of which nobody knows the store, that may be any: all that were saved after it count.
  await sql`
    update generations set dropped = true where ${ofSession} and not dropped and generation in (
      select generation from (
        select generation, case when store is null then row_number() over newest_first
          else row_number() over newest_of_store end as place
        from generations where ${ofSession}
        window newest_first as (order by created_at desc, generation desc),
          newest_of_store as (partition by store order by created_at desc, generation desc)) as placed
      where place > ${sql.lit(keptGenerations)})`.execute(db);
}

/** How many generations of a session each store keeps, the newest by time. */
const keptGenerations = 3;

/** Notes that a session is used now; its first use makes its row. */
export async function noteUse(
  db: Db,
  { installationId, issueKey }: Omit<SessionRef, 'repositoryId'>,
  repository: RepositoryRef,
): Promise<void> {
  const named = { repository_owner: repository.owner, repository_name: repository.name };
  await db
    .insertInto('sessions')
    .values({
      installation_id: installationId,
      repository_id: repository.id,
      issue_key: issueKey,
      ...named,
      used_at: sql`now()`,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['installation_id', 'repository_id', 'issue_key'])
        .doUpdateSet({ ...named, used_at: sql<Date>`now()` }),
    )
    .execute();
}

/** Strikes what the ledger knows of a session; its commands and pull requests stay. */
export async function strikeSession(db: Db, ref: SessionRef): Promise<void> {
  for (const table of ['generations', 'sessions'] as const) {
    await db
      .deleteFrom(table)
      .where('installation_id', '=', ref.installationId)
      .where('repository_id', '=', ref.repositoryId)
      .where('issue_key', '=', ref.issueKey)
      .execute();
  }
}

export interface KeptSession {
  installationId: number;
  repository: RepositoryRef;
  issueKey: string;
  /** Days since it was used, by the time of the database. */
  unusedDays: number;
  /** The time of the database. */
  now: Date;
}

/**
 * Takes up to `limit` sessions that were not used for `days` and may be due to be forgotten, each once a day and to
 * one of several takers, longest unused first. One day more for each time that forgetting it failed since its last
 * use; none whose forgetting is under way.
 */
export async function takeUnused(db: Db, days: number, limit: number): Promise<KeptSession[]> {
  const rows = await db
    .updateTable('sessions')
    .set({ looked_at: sql<Date>`now()` })
    .where(sql<boolean>`(installation_id, repository_id, issue_key) in (
      select s.installation_id, s.repository_id, s.issue_key from sessions as s
      where s.used_at <= now() - make_interval(secs => ${days * secondsOfDay})
        and (s.looked_at is null or s.looked_at < now() - make_interval(days => 1 + (
          select count(*)::int from commands as c where ${ofRetention} and c.created_at > s.used_at
            and c.status in ('failed', 'expired', 'cancelled'))))
        and not exists (
          select from commands as c where ${ofRetention} and ${isOpen('c')})
      order by s.used_at, s.issue_key
      limit ${limit}
      for update skip locked)`)
    .returning(keptColumns)
    .execute();
  return rows.map(toKept);
}

/** The session as it is now, or undefined when there is none (any more). */
export async function keptSession(db: Db, ref: SessionRef): Promise<KeptSession | undefined> {
  const row = await db
    .selectFrom('sessions')
    .select(keptColumns)
    .where('installation_id', '=', ref.installationId)
    .where('repository_id', '=', ref.repositoryId)
    .where('issue_key', '=', ref.issueKey)
    .executeTakeFirst();
  return row && toKept(row);
}

const secondsOfDay = 86_400;

/** Commands by which Dexter forgets the session `s` of its own accord. */
const ofRetention = sql`c.issue_key = s.issue_key and c.installation_id = s.installation_id
  and c.repository_id = s.repository_id and c.origin->>'kind' = 'retention'`;

const keptColumns = [
  'installation_id',
  'repository_id',
  'repository_owner',
  'repository_name',
  'issue_key',
  sql<number>`extract(epoch from now() - used_at)::float8 / ${sql.lit(secondsOfDay)}`.as('unused_days'),
  sql<Date>`now()`.as('now'),
] as const;

function toKept(row: {
  installation_id: number;
  repository_id: number;
  repository_owner: string;
  repository_name: string;
  issue_key: string;
  unused_days: number;
  now: Date;
}): KeptSession {
  const repository = { id: row.repository_id, owner: row.repository_owner, name: row.repository_name };
  return {
    installationId: row.installation_id,
    repository,
    issueKey: row.issue_key,
    unusedDays: row.unused_days,
    now: row.now,
  };
}

/** Files a pull request under the issue that was worked on in it. */
export async function keepPullRequest(
  db: Db,
  repositoryId: number,
  issueKey: string,
  pullRequest: PullRequestRef,
): Promise<void> {
  await db
    .insertInto('pull_requests')
    .values({
      repository_id: repositoryId,
      number: pullRequest.number,
      issue_key: issueKey,
      branch: pullRequest.branch,
      url: pullRequest.url,
    })
    .onConflict((conflict) => conflict.columns(['repository_id', 'number']).doNothing())
    .execute();
}

/** The issue that a pull request belongs to, or undefined for one that Dexter never worked on. */
export async function issueKeyOfPullRequest(
  db: Db,
  repositoryId: number,
  number: number,
): Promise<string | undefined> {
  const row = await db
    .selectFrom('pull_requests')
    .select('issue_key')
    .where('repository_id', '=', repositoryId)
    .where('number', '=', number)
    .executeTakeFirst();
  return row?.issue_key;
}

/** The newest pull request of an issue, or undefined. */
export function pullRequestOfIssue(
  db: Db,
  repositoryId: number,
  issueKey: string,
): Promise<PullRequestRef | undefined> {
  return db
    .selectFrom('pull_requests')
    .select(['number', 'branch', 'url'])
    .where('repository_id', '=', repositoryId)
    .where('issue_key', '=', issueKey)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
}

export interface KeptOfIssue {
  generations: number;
  /** Of the generations that stores still keep, by their last reports. */
  bytes: number;
  usedAt: Date;
}

/** What a session of an issue consists of; undefined where there is none. */
export async function keptOfIssue(
  db: Db,
  issueKey: string,
  repositoryId: number,
): Promise<KeptOfIssue | undefined> {
  const row = await db
    .selectFrom('sessions as s')
    .leftJoin('generations as g', (join) =>
      join
        .onRef('g.installation_id', '=', 's.installation_id')
        .onRef('g.repository_id', '=', 's.repository_id')
        .onRef('g.issue_key', '=', 's.issue_key')
        .on('g.dropped', '=', false),
    )
    .select([
      sql<number>`count(g.generation)::int`.as('generations'),
      sql<number>`coalesce(sum(g.bytes), 0)::float8`.as('bytes'),
      sql<Date | null>`max(s.used_at)`.as('used_at'),
    ])
    .where('s.issue_key', '=', issueKey)
    .where('s.repository_id', '=', repositoryId)
    .executeTakeFirst();
  if (!row?.used_at) return undefined;
  return { generations: row.generations, bytes: row.bytes, usedAt: row.used_at };
}
