import { randomUUID } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import { storable } from '../core/storable.ts';
import type { Db } from './commands.ts';
import type { AuditTable } from './tables.ts';

/** What people can do on the dashboard. */
export const auditedActions = ['ask', 'retry', 'stop', 'forget'] as const;
export type AuditedAction = (typeof auditedActions)[number];

/** `accepted`: a command was made. Everything else was refused before one was: then nothing was done. */
export type AuditOutcome =
  | 'accepted'
  | 'forged'
  | 'forbidden'
  | 'not-found'
  | 'invalid'
  | 'pointless'
  | 'unanswered';

export interface AuditEntry {
  viewer: string;
  viewerId?: number | undefined;
  action: AuditedAction;
  repositoryId?: number | undefined;
  issueKey?: string | undefined;
  commandId?: string | undefined;
  /** What was asked, or why it was refused. */
  detail?: string | undefined;
  outcome: AuditOutcome;
}

export type AuditRow = Selectable<AuditTable>;

/** Longest text of somebody that is kept; a command keeps its own whole. */
const mostDetail = 2_000;

export async function keepAudit(db: Db, entry: AuditEntry): Promise<void> {
  await db
    .insertInto('audit')
    .values({
      id: randomUUID(),
      at: sql`now()`,
      viewer: storable(entry.viewer),
      viewer_id: entry.viewerId ?? null,
      action: entry.action,
      repository_id: entry.repositoryId ?? null,
      issue_key: entry.issueKey ?? null,
      command_id: entry.commandId ?? null,
      detail: entry.detail === undefined ? null : storable(entry.detail.slice(0, mostDetail)),
      outcome: entry.outcome,
    })
    .execute();
}

/** How long it is known who did what. */
const keptDays = 365;

/** Removes what is older, up to `limit` rows at once. True when there may be more. */
export async function forgetOldAudit(db: Db, limit: number): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('audit')
    .where('id', 'in', (query) =>
      query
        .selectFrom('audit')
        .select('id')
        .where('at', '<', sql<Date>`now() - make_interval(days => ${keptDays})`)
        .orderBy('at')
        .limit(limit)
        .forUpdate()
        .skipLocked(),
    )
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows) === limit;
}

/** Newest first; `before` is the id of the row that the page before ended with. */
export function auditPage(
  db: Db,
  { before, limit }: { before?: string; limit: number },
): Promise<AuditRow[]> {
  let query = db.selectFrom('audit').selectAll().orderBy('at', 'desc').orderBy('id', 'desc').limit(limit);
  // By the row itself: JavaScript's times are less exact than those of the database.
  if (before !== undefined)
    query = query.where(sql<boolean>`(at, id) < (select at, id from audit where id = ${before})`);
  return query.execute();
}
