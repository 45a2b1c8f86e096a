import { type RawBuilder, sql } from 'kysely';
import type { Actor, CommandSource, Origin } from '../core/command.ts';
import { costOfCommand } from '../core/cost-of-command.ts';
import type { CommandStatus, EndStatus } from '../core/status.ts';
import type { Scope } from '../core/viewer.ts';
import type { WaitingFor } from '../core/waiting-for.ts';
import { idBegins } from './command-ids.ts';
import { commandPerson, commandSource, commandWords, wordsQuery } from './command-words.ts';
import type { Db } from './commands.ts';
import { inScope } from './in-scope.ts';
import { isOpen } from './open-commands.ts';

/** How many commands without an end stand where. */
export async function openByStatus(
  db: Db,
  scope: Scope,
): Promise<{ status: CommandStatus; commands: number }[]> {
  const rows = await openWithAge(db, scope);
  return rows.map(({ status, commands }) => ({ status, commands }));
}

/** The same, and when the oldest of them came. */
export async function openWithAge(
  db: Db,
  scope: Scope,
): Promise<{ status: CommandStatus; commands: number; oldest: Date }[]> {
  const rows = await db
    .selectFrom('commands')
    .select([
      'commands.status',
      (of) => of.fn.countAll<number>().as('commands'),
      (of) => of.fn.min('commands.created_at').as('oldest'),
    ])
    .where(isOpen())
    .where(inScope(scope, 'commands.repository_id'))
    .groupBy('commands.status')
    .execute();
  return rows.map(({ status, commands, oldest }) => ({ status, commands: Number(commands), oldest }));
}

/** What a list of commands is narrowed down to; each part has to hold. */
export interface CommandFilter {
  status?: 'open' | EndStatus | undefined;
  source?: CommandSource | undefined;
  repositoryId?: number | undefined;
  issueKey?: string | undefined;
  /** GitHub login or JIRA name, in whatever case. */
  person?: string | undefined;
  /** An issue key, a command's id or its first eight digits, the number of a pull request, or words of what was asked. */
  search?: string | undefined;
}

/** Where a row stands in a list that is sorted by time: microseconds since 1970, and its id. */
export interface Place {
  micros: string;
  id: string;
}

/** Which page: the one that begins after a row, or that ends before one; the newest when absent. */
export type PagePlace = { side: 'after' | 'before'; place: Place };

export interface CommandInList {
  id: string;
  place: Place;
  status: CommandStatus;
  issueKey: string;
  /** Null until it is known. */
  repository: { id: number; owner: string; name: string } | null;
  origin: Origin;
  actor: Actor;
  /** Beginning of what was asked; null where it is not known yet. */
  asked: string | null;
  createdAt: Date;
  endedAt: Date | null;
  /** Of a run that has not ended: what it told last. */
  costUsd: number | null;
  waitingFor: WaitingFor | null;
}

export interface CommandPage {
  /** Newest first. */
  commands: CommandInList[];
  /** Whether there are others on either side. */
  hasNewer: boolean;
  hasOlder: boolean;
}

/** Most characters of what was asked that lists show. */
const mostAsked = 300;

/** Commands that a viewer may see, newest first, a page of `limit`. */
export async function commandPage(
  db: Db,
  scope: Scope,
  filter: CommandFilter,
  limit: number,
  from?: PagePlace,
): Promise<CommandPage> {
  const isBackwards = from?.side === 'before';
  const ids = await matchingIds(db, scope, filter, limit + 1, from);
  const isFull = ids.length > limit;
  const commands = await commandsInList(db, ids.slice(0, limit));
  return {
    commands: isBackwards ? commands.reverse() : commands,
    hasNewer: isBackwards ? isFull : from !== undefined,
    hasOlder: isBackwards ? true : isFull,
  };
}

/** In the order in which they are asked for. */
async function commandsInList(db: Db, ids: readonly string[]): Promise<CommandInList[]> {
  if (ids.length === 0) return [];
  const rows = await db
    .selectFrom('commands')
    .leftJoin('runs', 'runs.command_id', 'commands.id')
    .leftJoin('run_costs', 'run_costs.command_id', 'commands.id')
    .select([
      'commands.id',
      'commands.status',
      'commands.issue_key',
      'commands.repository_id',
      'commands.repository_owner',
      'commands.repository_name',
      'commands.origin',
      'commands.actor',
      'commands.created_at',
      'commands.ended_at',
      'runs.waiting_for',
      'runs.claimed_at',
      'run_costs.cost_usd',
      microsOf('commands.created_at').as('micros'),
      sql<string | null>`left(coalesce(
        case when ask->>'kind' = 'plan' then 'plan ' || (ask->>'instruction') end,
        ask->>'instruction', ask->>'word', claimed_text), ${mostAsked})`.as('asked'),
      sql<number | null>`(runs.progress->>'costUsd')::float8`.as('told_usd'),
    ])
    .where('commands.id', 'in', ids)
    .execute();
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => {
    const row = byId.get(id);
    return row ? [toListed(row)] : [];
  });
}

function toListed(row: {
  id: string;
  status: CommandStatus;
  issue_key: string;
  repository_id: number | null;
  repository_owner: string | null;
  repository_name: string | null;
  origin: Origin;
  actor: Actor;
  created_at: Date;
  ended_at: Date | null;
  waiting_for: WaitingFor | null;
  claimed_at: Date | null;
  cost_usd: number | null;
  micros: string;
  asked: string | null;
  told_usd: number | null;
}): CommandInList {
  const { repository_id: id, repository_owner: owner, repository_name: name } = row;
  return {
    id: row.id,
    place: { micros: row.micros, id: row.id },
    status: row.status,
    issueKey: row.issue_key,
    repository: id !== null && owner !== null && name !== null ? { id, owner, name } : null,
    origin: row.origin,
    actor: row.actor,
    asked: row.asked,
    createdAt: row.created_at,
    endedAt: row.ended_at,
    costUsd: costOfCommand({
      reportedUsd: row.cost_usd,
      toldUsd: row.told_usd,
      isEnded: row.ended_at !== null,
    }),
    waitingFor: row.claimed_at === null ? row.waiting_for : null,
  };
}

/** A time as it is in the database, which knows it better than a Date. */
export function microsOf(column: string): RawBuilder<string> {
  return sql<string>`(extract(epoch from ${sql.ref(column)}) * 1000000)::bigint::text`;
}

export function timeOf(micros: string): RawBuilder<Date> {
  return sql<Date>`(timestamptz 'epoch' + ${micros}::bigint * interval '1 microsecond')`;
}

/** How a list is walked through: SQL for what is still to come, and for its order. */
interface Direction {
  isLeft: RawBuilder<boolean>;
  order: RawBuilder<unknown>;
}

function directionOf(from: PagePlace | undefined): Direction {
  const word = sql.raw(from?.side === 'before' ? 'asc' : 'desc');
  const sign = sql.raw(from?.side === 'before' ? '>' : '<');
  return {
    isLeft: from
      ? sql<boolean>`(created_at, id) ${sign} (${timeOf(from.place.micros)}, ${from.place.id}::uuid)`
      : sql<boolean>`true`,
    order: sql`created_at ${word}, id ${word}`,
  };
}

/** How far an index is walked before another one is tried; the last try goes to the end. */
const reaches = [1_000, 10_000] as const;
/** The same where words have to be taken apart row by row. */
const reachOfWords = 400;

/**
 * The first `limit` ids that match. No plan is fast for every filter: along the time, what nearly all have is found at
 * once and what few have after the whole ledger; along an index of what is asked for it is the other way round. So that
 * it does not depend on statistics, which an embedded database has none of, each index is walked a little way, then
 * further, until one of them has the page.
 */
async function matchingIds(
  db: Db,
  scope: Scope,
  filter: CommandFilter,
  limit: number,
  from: PagePlace | undefined,
): Promise<string[]> {
  const { repositoryId, status, search } = filter;
  const repositories = repositoryId === undefined ? scope : visibleOf(scope, repositoryId);
  if (repositories !== 'all' && repositories.length === 0) return [];
  const direction = directionOf(from);
  const conditions = conditionsOf(filter);
  const matches = all([direction.isLeft, inScope(repositories), ...conditions]);
  const walk = { repositories, matches, direction, limit };
  return db.transaction().execute(async (tx) => {
    if (search !== undefined && search.trim() !== '') return idsBySearch(tx, search.trim(), walk);
    // There are never many.
    if (status === 'open' || filter.issueKey !== undefined)
      return idsOf(tx, sql`select id, created_at from commands where ${matches}`, walk);
    await plan(tx, 'in order');
    if (conditions.length === 0) return idsByTime(tx, walk);
    const ways = [...byRepository(walk), ...conditions.map((condition) => inOrder(condition, walk))];
    for (const reach of reaches) {
      for (const way of ways) {
        const ids = await idsWithin(tx, way, reach, walk);
        if (ids) return ids;
      }
    }
    return idsByTime(tx, walk);
  });
}

/**
 * Until the end of the transaction, rows are read in the order of an index and no further than needed, or all that an
 * index knows of: without statistics Postgres guesses which is better, and may be wrong by a factor of a hundred. What
 * is switched off counts as expensive, which is nothing to compile the query for.
 */
async function plan(tx: Db, how: 'in order' | 'all at once'): Promise<void> {
  const isInOrder = how === 'in order';
  await sql`select set_config('enable_bitmapscan', ${isInOrder ? 'off' : 'on'}, true),
    set_config('enable_indexscan', ${isInOrder ? 'on' : 'off'}, true),
    set_config('enable_seqscan', 'off', true),
    set_config('enable_sort', ${isInOrder ? 'off' : 'on'}, true), set_config('jit', 'off', true)`.execute(tx);
}

function visibleOf(scope: Scope, repositoryId: number): readonly number[] {
  return scope === 'all' || scope.includes(repositoryId) ? [repositoryId] : [];
}

/** Each in the words of an index. */
function conditionsOf({ status, source, person, issueKey }: CommandFilter): RawBuilder<boolean>[] {
  return [
    ...(issueKey === undefined ? [] : [sql<boolean>`issue_key = ${issueKey}`]),
    ...(person === undefined ? [] : [sql<boolean>`${commandPerson} = lower(${person})`]),
    ...(status === undefined ? [] : [statusIs(status)]),
    ...(source === undefined ? [] : [sql<boolean>`${commandSource} = ${source}`]),
  ];
}

function statusIs(status: 'open' | EndStatus): RawBuilder<boolean> {
  return status === 'open' ? isOpen() : sql<boolean>`status = ${status} and ended_at is not null`;
}

function all(conditions: readonly RawBuilder<boolean>[]): RawBuilder<boolean> {
  return sql<boolean>`${sql.join(conditions, sql` and `)}`;
}

interface Walk {
  repositories: Scope;
  /** All that has to hold of a row. */
  matches: RawBuilder<boolean>;
  direction: Direction;
  limit: number;
}

/** The first of what a query gives. */
async function idsOf(
  db: Db,
  query: RawBuilder<unknown>,
  { direction: { order }, limit }: Walk,
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from (${query}) as found order by ${order} limit ${limit}`.execute(db);
  return rows.map(({ id }) => id);
}

/** Along the time: of everything, or of each repository by itself, because few of many may be seen. */
function idsByTime(db: Db, walk: Walk): Promise<string[]> {
  const { repositories, matches, direction, limit } = walk;
  const first = sql`select id, created_at from commands where ${matches} order by ${direction.order} limit ${limit}`;
  if (repositories === 'all' || repositories.length === 1) return idsOf(db, first, walk);
  return idsOf(db, ofEach(repositories, sql`id, created_at`, matches, walk, limit), walk);
}

/** The first rows of each repository. */
function ofEach(
  repositories: readonly number[],
  columns: RawBuilder<unknown>,
  matches: RawBuilder<boolean>,
  { direction }: Walk,
  limit: number,
): RawBuilder<unknown> {
  return sql`
    select one.* from unnest(${[...repositories]}::bigint[]) as repository(of_repository)
    cross join lateral (
      select ${columns} from commands
      where repository_id = of_repository and ${matches} order by ${direction.order} limit ${limit}
    ) as one`;
}

/** A part of the commands, `reach` rows of it: their ids and times, and whether they match. */
interface Way {
  rows: (reach: number, columns: RawBuilder<unknown>) => RawBuilder<unknown>;
  /** Whether those are the first ones; else it has to be seen whole. */
  isInOrder: boolean;
}

function inOrder(condition: RawBuilder<boolean>, { direction: { isLeft, order } }: Walk): Way {
  return {
    rows: (reach, columns) =>
      sql`select ${columns} from commands where ${condition} and ${isLeft} order by ${order} limit ${reach}`,
    isInOrder: true,
  };
}

function byRepository(walk: Walk): Way[] {
  const { repositories } = walk;
  const byTime = inOrder(sql<boolean>`true`, walk);
  if (repositories === 'all') return [byTime];
  if (repositories.length === 1) return [inOrder(inScope(repositories), walk)];
  const { isLeft } = walk.direction;
  const whole: Way = {
    rows: (reach, columns) => sql`${ofEach(repositories, columns, isLeft, walk, reach)} limit ${reach}`,
    isInOrder: false,
  };
  return [byTime, whole];
}

/** What is found within `reach` rows; undefined when there may be more, or others before them. */
async function idsWithin(
  db: Db,
  { rows, isInOrder }: Way,
  reach: number,
  { matches, direction: { order }, limit }: Walk,
): Promise<string[] | undefined> {
  const found = await sql<{ walked: number; ids: string[] }>`
    with walked as materialized (${rows(reach, sql`id, created_at, ${matches} as does_match`)}),
      found as (select id, created_at from walked where does_match order by ${order} limit ${limit})
    select (select count(*)::int from walked) as walked,
      coalesce(json_agg(id order by ${order}), '[]') as ids from found`.execute(db);
  const [{ walked, ids } = { walked: 0, ids: [] }] = found.rows;
  return walked < reach || (isInOrder && ids.length === limit) ? ids : undefined;
}

const issueKeyPattern = /^(?:[a-z][a-z0-9_]{1,29}|gh-[1-9][0-9]{0,15})-[1-9][0-9]{0,9}$/i;
/** Fewer digits are taken for a word, such as `facade`. */
const idPattern = /^[0-9a-f]{8}/i;
const numberPattern = /^#?([1-9][0-9]{0,8})$/;

/** Whatever the text may mean: as a rule only one of these finds something. */
async function idsBySearch(db: Db, text: string, walk: Walk): Promise<string[]> {
  const { matches, direction, limit } = walk;
  const query = wordsQuery(text);
  const number = numberPattern.exec(text)?.[1];
  const begins = idPattern.test(text) ? idBegins(text) : undefined;
  const others = [
    ...(issueKeyPattern.test(text) ? [sql<boolean>`issue_key = ${keyOf(text)}`] : []),
    ...(begins ? [begins] : []),
    ...(number === undefined ? [] : [ofPullRequest(Number(number))]),
  ];
  const hasWords = sql<boolean>`${commandWords} @@ to_tsquery('simple', ${query ?? ''})`;
  // What nearly all have is among the newest; of what few have, all is found at once.
  if (query !== undefined && others.length === 0) {
    await plan(db, 'in order');
    const within = { ...walk, matches: all([matches, hasWords]) };
    const [way] = byRepository(walk);
    const ids = way && (await idsWithin(db, way, reachOfWords, within));
    if (ids) return ids;
  }
  const ways = [
    ...others,
    ...(query === undefined ? [] : [all([hasWords, sql`ended_at is not null`]), all([hasWords, isOpen()])]),
  ];
  if (ways.length === 0) return [];
  await plan(db, 'all at once');
  // The first ones of each, because telling all of them apart takes as long as finding them.
  const found = ways.map(
    (way) => sql`
      (select id, created_at from commands where ${way} and ${matches} order by ${direction.order} limit ${limit})`,
  );
  return idsOf(db, sql.join(found, sql` union `), walk);
}

function keyOf(text: string): string {
  return /^gh-/i.test(text) ? text.toLowerCase() : text.toUpperCase();
}

function ofPullRequest(number: number): RawBuilder<boolean> {
  return sql<boolean>`(repository_id, issue_key) in (
    select pull_requests.repository_id, pull_requests.issue_key from pull_requests
    where pull_requests.number = ${number}::int)`;
}

/** Repositories that have commands and that a viewer may see, by name. */
export async function commandRepositories(
  db: Db,
  scope: Scope,
): Promise<{ id: number; owner: string; name: string }[]> {
  // From one to the next along the index, instead of through all commands.
  const ids =
    scope === 'all'
      ? sql`
          with recursive known(id) as (
            select min(repository_id) from commands
            union all
            select (select min(repository_id) from commands where repository_id > known.id)
            from known where known.id is not null
          ) select id from known where id is not null`
      : sql`select unnest(${[...scope]}::bigint[]) as id`;
  const { rows } = await sql<{ id: number; owner: string; name: string }>`
    select one.* from (${ids}) as repository
    cross join lateral (
      select repository_id as id, repository_owner as owner, repository_name as name from commands
      where repository_id = repository.id order by created_at desc, id desc limit 1
    ) as one
    order by lower(one.owner), lower(one.name), one.id`.execute(db);
  return rows;
}
