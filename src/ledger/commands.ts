import { type Kysely, sql } from 'kysely';
import type { Actor, Ask, Origin, RepositoryRef } from '../core/command.ts';
import type { Problem } from '../core/errors.ts';
import { type CommandStatus, type EndStatus, endStatuses, statusesBefore } from '../core/status.ts';
import { storable } from '../core/storable.ts';
import { toJson } from './json.ts';
import { isOpen, isUntold } from './open-commands.ts';
import type { CommandRow, PostedComment, Tables } from './tables.ts';

export type Db = Kysely<Tables>;

export interface NewCommand {
  id: string;
  dedupeKey: string;
  origin: Origin;
  actor: Actor;
  issueKey: string;
  queueKey: string;
  installationId?: number;
  repository?: RepositoryRef;
  /** What the payload says the comment says; null when the payload holds only ids. */
  claimedText: string | null;
  ask?: Ask;
}

/** Inserts the command as `queued`. Answers false when one with the same dedupe key is there already. */
export async function insertCommand(db: Db, command: NewCommand): Promise<boolean> {
  const inserted = await db
    .insertInto('commands')
    .values({
      id: command.id,
      dedupe_key: command.dedupeKey,
      origin: toJson(command.origin),
      actor: toJson(command.actor),
      issue_key: command.issueKey,
      queue_key: command.queueKey,
      installation_id: command.installationId ?? null,
      repository_id: command.repository?.id ?? null,
      repository_owner: command.repository?.owner ?? null,
      repository_name: command.repository?.name ?? null,
      claimed_text: command.claimedText === null ? null : storable(command.claimedText),
      ask: command.ask ? toJson(command.ask) : null,
      status: 'queued',
      created_at: sql`now()`,
    })
    .onConflict((conflict) => conflict.column('dedupe_key').doNothing())
    .returning('id')
    .executeTakeFirst();
  return inserted !== undefined;
}

export function getCommand(db: Db, id: string): Promise<CommandRow | undefined> {
  return db.selectFrom('commands').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The repository of a command, once it is known. */
export function repositoryOf(row: CommandRow): RepositoryRef | undefined {
  const { repository_id: id, repository_owner: owner, repository_name: name } = row;
  return id !== null && owner !== null && name !== null ? { id, owner, name } : undefined;
}

/** Moves a command forward; false when it is there or further already, in which case nothing changes. */
export async function moveCommand(
  db: Db,
  id: string,
  to: Exclude<CommandStatus, EndStatus | 'received'>,
): Promise<boolean> {
  const result = await db
    .updateTable('commands')
    .set({ status: to, ...(to === 'preparing' ? { started_at: sql<Date>`now()` } : {}) })
    .where('id', '=', id)
    .where('status', 'in', statusesBefore(to))
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Ends a command: its row then, undefined when it has an end already. People are told afterwards (`published_at`). */
export function endCommand(
  db: Db,
  id: string,
  end: { status: EndStatus; problem?: Problem; answer?: string },
  from: readonly CommandStatus[] = statusesBefore(end.status),
): Promise<CommandRow | undefined> {
  return db
    .updateTable('commands')
    .set({
      status: end.status,
      problem: end.problem ? toJson(end.problem) : null,
      answer: end.answer === undefined ? null : storable(end.answer),
      ended_at: sql<Date>`now()`,
      lease_until: null,
    })
    .where('id', '=', id)
    .where('status', 'in', from)
    .returningAll()
    .executeTakeFirst();
}

/** Records what was understood of a command on the way to its run. */
export async function describeCommand(
  db: Db,
  id: string,
  facts: { ask?: Ask; actor?: Actor; installationId?: number; repository?: RepositoryRef },
): Promise<void> {
  await db
    .updateTable('commands')
    .set({
      ...(facts.ask ? { ask: toJson(facts.ask) } : {}),
      ...(facts.actor ? { actor: toJson(facts.actor) } : {}),
      ...(facts.installationId === undefined ? {} : { installation_id: facts.installationId }),
      ...(facts.repository
        ? {
            repository_id: facts.repository.id,
            repository_owner: facts.repository.owner,
            repository_name: facts.repository.name,
          }
        : {}),
    })
    .where('id', '=', id)
    .execute();
}

/**
 * Takes or prolongs the lease of a command by database time. `ifExpired` is how a command whose process died
 * is taken over: exactly one of several takers gets true.
 */
export async function leaseCommand(
  db: Db,
  id: string,
  seconds: number,
  { ifExpired = false }: { ifExpired?: boolean } = {},
): Promise<boolean> {
  let update = db
    .updateTable('commands')
    .set({ lease_until: sql<Date>`now() + make_interval(secs => ${seconds})` })
    .where('id', '=', id)
    .where('status', 'not in', endStatuses);
  if (ifExpired) update = update.where('lease_until', '<', sql<Date>`now()`);
  return (await update.executeTakeFirst()).numUpdatedRows > 0n;
}

/**
 * Ends the leases of processes: of commands that they prepared or whose end they told (runners keep theirs), and of what
 * one process at a time does. Right only where
 * no other process can have the database open: then whoever took them is dead, and nobody has to wait.
 */
export async function dropProcessLeases(db: Db): Promise<void> {
  await db
    .updateTable('commands')
    .set({ lease_until: sql<Date>`now() - interval '1 second'` })
    .where('lease_until', 'is not', null)
    .where((where) => where.or([isOpen('commands', ['preparing']), isUntold()]))
    .execute();
  await db.deleteFrom('leases').execute();
}

/** Counts one more beginning of a command and answers how many there were. */
export async function countAttempt(db: Db, id: string): Promise<number> {
  const row = await db
    .updateTable('commands')
    .set({ attempts: sql<number>`attempts + 1` })
    .where('id', '=', id)
    .returning('attempts')
    .executeTakeFirstOrThrow();
  return row.attempts;
}

/**
 * Puts a command that is being prepared back for `seconds`, without an end of its wait later than `minutes` after the
 * first one. False when that time is over, or when somebody asked to stop it: then it has to go on or end now.
 */
export async function putBack(
  db: Db,
  id: string,
  { seconds, minutes }: { seconds: number; minutes: number },
): Promise<boolean> {
  const giveUpAt = sql<Date>`coalesce(give_up_at, now() + make_interval(mins => ${minutes}))`;
  const resumeAt = sql<Date>`least(now() + make_interval(secs => ${seconds}), ${giveUpAt})`;
  const result = await db
    .updateTable('commands')
    .set({ resume_at: resumeAt, give_up_at: giveUpAt, waits: sql<number>`waits + 1` })
    .where('id', '=', id)
    .where('status', '=', 'preparing')
    .where('stop_requested', '=', false)
    .where((where) => where.or([where('give_up_at', 'is', null), where('give_up_at', '>', sql<Date>`now()`)]))
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/**
 * Gives what a process that ends still prepares or looks after to whichever process looks first, instead of when the
 * lease is over. Such a beginning is no failed one; what a runner has stays with the runner, and an end that is being
 * told keeps its lease: the comment may be on its way.
 */
export async function handBack(db: Db, ids: string[]): Promise<void> {
  if (ids.length === 0) return;
  await db
    .updateTable('commands')
    .set({
      resume_at: sql<Date>`case when status = 'preparing' then now() end`,
      waits: sql<number>`case when status = 'preparing' then waits + 1 else waits end`,
      lease_until: sql<Date>`now() - interval '1 second'`,
    })
    .where('id', 'in', ids)
    .where('status', 'in', ['preparing', 'dispatched'])
    .where('resume_at', 'is', null)
    .execute();
}

/** Whether a command may still be put back, by database time. */
export async function mayBePutBack(db: Db, id: string): Promise<boolean> {
  const row = await db
    .selectFrom('commands')
    .select(sql<boolean>`give_up_at is null or give_up_at > now()`.as('may'))
    .where('id', '=', id)
    .executeTakeFirst();
  return row?.may ?? false;
}

/** Takes the command whose wait was over first, with a lease of `seconds`; undefined when all still wait. */
export async function takeWaited(db: Db, seconds: number): Promise<string | undefined> {
  const row = await db
    .updateTable('commands')
    .set({ resume_at: null, lease_until: sql<Date>`now() + make_interval(secs => ${seconds})` })
    .where('id', 'in', (query) =>
      query
        .selectFrom('commands')
        .select('id')
        .where(isOpen('commands', ['preparing']))
        .where('resume_at', '<=', sql<Date>`now()`)
        .orderBy('resume_at')
        .limit(1)
        .forUpdate()
        .skipLocked(),
    )
    .returning('id')
    .executeTakeFirst();
  return row?.id;
}

/** Ends the wait of a command that was put back; nothing happens to one that was not. */
export async function endWait(db: Db, id: string): Promise<void> {
  await db
    .updateTable('commands')
    .set({ resume_at: sql<Date>`now()` })
    .where('id', '=', id)
    .where('resume_at', 'is not', null)
    .execute();
}

/** Where a command stands that a process or a runner has. */
const begun = ['preparing', 'dispatched', 'running'] as const;

/** Commands that a process or runner had and lost: begun, not ended, not put back, lease over. */
export function lostCommands(db: Db): Promise<CommandRow[]> {
  return db
    .selectFrom('commands')
    .selectAll()
    .where(isOpen('commands', begun))
    .where('lease_until', '<', sql<Date>`now()`)
    .where('resume_at', 'is', null)
    .orderBy('created_at')
    .limit(100)
    .execute();
}

/** Commands whose run is over, as GitHub said, and that have no end. */
export function vanishedCommands(db: Db): Promise<CommandRow[]> {
  return db
    .selectFrom('commands')
    .innerJoin('runs', 'runs.command_id', 'commands.id')
    .selectAll('commands')
    .where(isOpen('commands', begun))
    .where('runs.conclusion', 'is not', null)
    .orderBy('commands.created_at')
    .limit(100)
    .execute();
}

/** Commands that waited longer than `days` in the queue. */
export function overdueCommands(db: Db, days: number): Promise<CommandRow[]> {
  return db
    .selectFrom('commands')
    .selectAll()
    .where(isOpen('commands', ['received', 'queued']))
    .where('created_at', '<', sql<Date>`now() - make_interval(days => ${days})`)
    .limit(100)
    .execute();
}

/**
 * Takes up to `limit` ended commands whose end was not told yet, and hides them from other processes for
 * `seconds`, so that a crash while telling is made up for and two processes do not tell the same. `tried` says that
 * somebody took it before, and may have told some of it.
 */
export async function takeUnpublished(
  db: Db,
  limit: number,
  seconds: number,
): Promise<(CommandRow & { tried: boolean })[]> {
  return db
    .with('due', (query) =>
      query
        .selectFrom('commands')
        .select(['id as due_id', 'lease_until as due_lease'])
        .where(isUntold())
        .where((where) =>
          where.or([where('lease_until', 'is', null), where('lease_until', '<', sql<Date>`now()`)]),
        )
        // An expression: along the index of all ends the few that are not told would be looked for in the whole ledger.
        .orderBy(sql`coalesce(ended_at, created_at)`)
        .limit(limit)
        .forUpdate()
        .skipLocked(),
    )
    .updateTable('commands')
    .from('due')
    .set({ lease_until: sql<Date>`now() + make_interval(secs => ${seconds})` })
    .whereRef('commands.id', '=', 'due.due_id')
    .returningAll('commands')
    .returning(sql<boolean>`due.due_lease is not null`.as('tried'))
    .execute();
}

/** Hides an end that could not be told for a while. */
export async function postponePublishing(db: Db, id: string, seconds: number): Promise<void> {
  await db
    .updateTable('commands')
    .set({ lease_until: sql<Date>`now() + make_interval(secs => ${seconds})` })
    .where('id', '=', id)
    .execute();
}

/** Characters that are kept of why an end could not be told. */
const longestReason = 1_000;

/** Notes that the end was told, or, with a reason, that telling it is given up. */
export async function markPublished(db: Db, id: string, untold: string | null = null): Promise<void> {
  await db
    .updateTable('commands')
    .set({
      published_at: sql<Date>`now()`,
      lease_until: null,
      untold: untold === null ? null : storable(untold).slice(0, longestReason).toWellFormed(),
    })
    .where('id', '=', id)
    .execute();
}

/** Takes running commands whose progress is newer than what was shown, at most one edit per `seconds` each. */
export async function takeProgressed(db: Db, seconds: number): Promise<CommandRow[]> {
  return db
    .updateTable('commands')
    .set({ shown_at: sql<Date>`now()` })
    .where(isOpen('commands', ['running']))
    .where('acknowledgement', 'is not', null)
    .where('shown_at', '<', sql<Date>`now() - make_interval(secs => ${seconds})`)
    .where((where) =>
      where.exists(
        where
          .selectFrom('runs')
          .select('runs.command_id')
          .whereRef('runs.command_id', '=', 'commands.id')
          .whereRef('runs.progress_at', '>', 'commands.shown_at'),
      ),
    )
    .returningAll()
    .execute();
}

/** Takes commands that have waited for `seconds` and were not shown to be seen yet, each once. */
export function takeUnseen(db: Db, seconds: number): Promise<CommandRow[]> {
  return db
    .updateTable('commands')
    .set({ seen_at: sql<Date>`now()` })
    .where(isOpen('commands', ['queued']))
    .where('seen_at', 'is', null)
    .where('created_at', '<', sql<Date>`now() - make_interval(secs => ${seconds})`)
    .returningAll()
    .execute();
}

/** Keeps where the status comment stands. */
export async function keepAcknowledgement(db: Db, id: string, posted: PostedComment): Promise<void> {
  await db
    .updateTable('commands')
    .set({ acknowledgement: toJson(posted), shown_at: sql<Date>`now()` })
    .where('id', '=', id)
    .execute();
}

/** Commands of an issue that have no end yet, oldest first. */
export function openCommands(db: Db, issueKey: string): Promise<CommandRow[]> {
  return db
    .selectFrom('commands')
    .selectAll()
    .where('issue_key', '=', issueKey)
    .whereRef('queue_key', '=', 'issue_key')
    .where('status', 'not in', endStatuses)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

/** The newest ended instruction or `forget` of a person, of an issue in a repository, or undefined. */
export function lastEnded(db: Db, issueKey: string, repositoryId: number): Promise<CommandRow | undefined> {
  return db
    .selectFrom('commands')
    .selectAll()
    .where('issue_key', '=', issueKey)
    .where('repository_id', '=', repositoryId)
    .where('status', 'in', endStatuses)
    .where(sql<boolean>`(ask->>'kind' in ('instruction', 'plan') or ask->>'word' = 'forget')`)
    .where(sql<boolean>`origin->>'kind' <> 'retention'`)
    .orderBy('ended_at', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/**
 * The newest command from JIRA of an issue that got as far as its repository: it knows the connection and the
 * repository. `except` leaves one out.
 */
export function lastFromJira(db: Db, issueKey: string, except?: string): Promise<CommandRow | undefined> {
  let query = db
    .selectFrom('commands')
    .selectAll()
    .where('issue_key', '=', issueKey)
    .where('repository_id', 'is not', null)
    .where(sql<boolean>`origin->>'kind' like 'jira-%'`)
    .orderBy('created_at', 'desc')
    .limit(1);
  if (except !== undefined) query = query.where('id', '!=', except);
  return query.executeTakeFirst();
}

export async function requestStop(db: Db, id: string): Promise<void> {
  await db.updateTable('commands').set({ stop_requested: true }).where('id', '=', id).execute();
}

/** Newest commands first, for `GET /api/commands`. */
export function recentCommands(db: Db, limit: number): Promise<CommandRow[]> {
  return db.selectFrom('commands').selectAll().orderBy('created_at', 'desc').limit(limit).execute();
}

/** The command that was kept under a dedupe key. */
export function commandByKey(db: Db, dedupeKey: string): Promise<{ id: string } | undefined> {
  return db.selectFrom('commands').select('id').where('dedupe_key', '=', dedupeKey).executeTakeFirst();
}

/** Commands by which the dashboard does this one again, newest first. */
export function repetitionsOf(db: Db, { id, issue_key: issueKey }: CommandRow): Promise<CommandRow[]> {
  return db
    .selectFrom('commands')
    .selectAll()
    .where('issue_key', '=', issueKey)
    .where(sql<boolean>`origin->>'repeats' = ${id}`)
    .orderBy('created_at', 'desc')
    .execute();
}

/** The newest command of an issue in a repository; `from` takes only those of a ticket, or those of GitHub. */
export function newestOfIssue(
  db: Db,
  issueKey: string,
  repositoryId: number,
  from?: 'jira' | 'github',
): Promise<CommandRow | undefined> {
  let query = db
    .selectFrom('commands')
    .selectAll()
    .where('issue_key', '=', issueKey)
    .where('repository_id', '=', repositoryId)
    .orderBy('created_at', 'desc')
    .limit(1);
  if (from !== undefined) {
    const key = from === 'jira' ? 'connection' : 'number';
    query = query.where(sql<boolean>`origin->>${sql.lit(key)} is not null`);
  }
  return query.executeTakeFirst();
}
