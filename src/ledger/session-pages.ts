import { sql } from 'kysely';
import type { EngineName } from '../core/engine.ts';
import type { ResumeChoice, SessionMode, StoreName } from '../core/session.ts';
import type { Scope } from '../core/viewer.ts';
import { microsOf, timeOf } from './command-pages.ts';
import type { Db } from './commands.ts';
import { inScope } from './in-scope.ts';

/** Where a session stands in the list of them, by when it was used last. */
export interface SessionPlace {
  micros: string;
  installationId: number;
  repositoryId: number;
  issueKey: string;
}

export interface SessionInList {
  place: SessionPlace;
  installationId: number;
  repository: { id: number; owner: string; name: string };
  issueKey: string;
  usedAt: Date;
  /** Generations that stores still keep; none where no run has saved one yet. */
  generations: number;
  firstSavedAt: Date | null;
  /** Of the newest one: the last that was saved, which the next run goes on with. */
  bytes: number | null;
  contextTokens: number | null;
  store: StoreName | null;
}

export interface SessionPage {
  /** Last used first. */
  sessions: SessionInList[];
  hasNewer: boolean;
  hasOlder: boolean;
}

export async function sessionPage(
  db: Db,
  scope: Scope,
  limit: number,
  from?: { side: 'after' | 'before'; place: SessionPlace },
): Promise<SessionPage> {
  const isBackwards = from?.side === 'before';
  const word = sql.raw(isBackwards ? 'asc' : 'desc');
  const sign = sql.raw(isBackwards ? '>' : '<');
  const place = from?.place;
  const { rows } = await sql<SessionRow>`
    select s.*, ${microsOf('s.used_at')} as micros, newest.bytes, newest.context_tokens, newest.store,
      counted.generations, counted.first_saved_at
    from (
      select * from sessions
      where ${inScope(scope)}
        and ${
          place
            ? sql`(used_at, installation_id, repository_id, issue_key) ${sign}
                (${timeOf(place.micros)}, ${place.installationId}::bigint, ${place.repositoryId}::bigint, ${place.issueKey})`
            : sql`true`
        }
      order by used_at ${word}, installation_id ${word}, repository_id ${word}, issue_key ${word}
      limit ${limit + 1}
    ) as s
    left join lateral (
      select bytes, context_tokens, store from generations as g where ${sameSession}
      order by created_at desc, generation desc limit 1
    ) as newest on true
    cross join lateral (
      select (count(*) filter (where not dropped))::int as generations, min(created_at) as first_saved_at from generations as g
      where ${sameSession}
    ) as counted
    order by s.used_at ${word}, s.installation_id ${word}, s.repository_id ${word}, s.issue_key ${word}`.execute(
    db,
  );
  const isFull = rows.length > limit;
  const sessions = rows.slice(0, limit).map(toSession);
  return {
    sessions: isBackwards ? sessions.reverse() : sessions,
    hasNewer: isBackwards ? isFull : from !== undefined,
    hasOlder: isBackwards ? true : isFull,
  };
}

const sameSession = sql`g.installation_id = s.installation_id and g.repository_id = s.repository_id
  and g.issue_key = s.issue_key`;

interface SessionRow {
  installation_id: number;
  repository_id: number;
  repository_owner: string;
  repository_name: string;
  issue_key: string;
  used_at: Date;
  micros: string;
  bytes: number | null;
  context_tokens: number | null;
  store: StoreName | null;
  generations: number;
  first_saved_at: Date | null;
}

function toSession(row: SessionRow): SessionInList {
  const { installation_id: installationId, repository_id: repositoryId, issue_key: issueKey } = row;
  return {
    place: { micros: row.micros, installationId, repositoryId, issueKey },
    installationId,
    repository: { id: repositoryId, owner: row.repository_owner, name: row.repository_name },
    issueKey,
    usedAt: row.used_at,
    generations: row.generations,
    firstSavedAt: row.first_saved_at,
    bytes: row.bytes,
    contextTokens: row.context_tokens,
    store: row.store,
  };
}

export interface SessionSums {
  sessions: number;
  /** Of all generations that stores still keep. */
  bytes: number;
}

/** All sessions that a viewer may see together. */
export async function sessionSums(db: Db, scope: Scope): Promise<SessionSums> {
  const isSeen = inScope(scope);
  const { rows } = await sql<SessionSums>`
    select (select count(*)::int from sessions where ${isSeen}) as sessions,
      (select coalesce(sum(bytes), 0)::float8 from generations where not dropped and ${isSeen}) as bytes`.execute(
    db,
  );
  return rows[0] ?? { sessions: 0, bytes: 0 };
}

/** A generation as its issue tells it, with the run that saved it. */
export interface GenerationOfIssue {
  generation: number;
  sessionId: string;
  commandId: string;
  bytes: number;
  contextTokens: number;
  store: StoreName | null;
  /** False once the store has removed it: stores keep the last few. */
  isKept: boolean;
  savedAt: Date;
  /** How that run came by its conversation; null where no report says it. */
  mode: SessionMode | null;
  choice: ResumeChoice | null;
  engine: EngineName | null;
}

export interface IssueDetail {
  installationId: number | null;
  repository: { id: number; owner: string; name: string };
  /** Null where no session is kept. */
  session: { usedAt: Date } | null;
  /** Newest first: by time, because a store that was emptied numbers anew. */
  generations: GenerationOfIssue[];
}

/** Most generations that are shown of an issue. */
const mostGenerations = 50;

/** What the ledger keeps of an issue in one repository; undefined where it knows nothing that the viewer may see. */
export async function issueDetail(
  db: Db,
  scope: Scope,
  repositoryId: number,
  issueKey: string,
): Promise<IssueDetail | undefined> {
  const newest = await db
    .selectFrom('commands')
    .select(['installation_id', 'repository_owner', 'repository_name'])
    .where('issue_key', '=', issueKey)
    .where('repository_id', '=', repositoryId)
    .where(inScope(scope))
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!newest) return undefined;
  const { installation_id: installationId, repository_owner: owner, repository_name: name } = newest;
  const repository = { id: repositoryId, owner: owner ?? '', name: name ?? '' };
  if (installationId === null) return { installationId, repository, session: null, generations: [] };
  const session = await db
    .selectFrom('sessions')
    .select('used_at')
    .where('installation_id', '=', installationId)
    .where('repository_id', '=', repositoryId)
    .where('issue_key', '=', issueKey)
    .executeTakeFirst();
  const generations = await db
    .selectFrom('generations')
    .leftJoin('runs', 'runs.command_id', 'generations.command_id')
    .select([
      'generation',
      'session_id',
      'generations.command_id',
      'bytes',
      'context_tokens',
      'store',
      'generations.created_at',
      'dropped',
      sql<SessionMode | null>`runs.report->'session'->>'mode'`.as('mode'),
      sql<ResumeChoice | null>`runs.report->'session'->'resumption'->>'choice'`.as('choice'),
      sql<EngineName | null>`runs.report->>'engine'`.as('engine'),
    ])
    .where('installation_id', '=', installationId)
    .where('repository_id', '=', repositoryId)
    .where('issue_key', '=', issueKey)
    .orderBy('generations.created_at', 'desc')
    .orderBy('generation', 'desc')
    .limit(mostGenerations)
    .execute();
  return {
    installationId,
    repository,
    session: session ? { usedAt: session.used_at } : null,
    generations: generations.map((row) => ({
      generation: row.generation,
      sessionId: row.session_id,
      commandId: row.command_id,
      bytes: row.bytes,
      contextTokens: row.context_tokens,
      store: row.store,
      isKept: !row.dropped,
      savedAt: row.created_at,
      mode: row.mode,
      choice: row.choice,
      engine: row.engine,
    })),
  };
}
