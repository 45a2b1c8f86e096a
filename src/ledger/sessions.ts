import { sql } from 'kysely';
import type { PullRequestRef } from '../core/report.ts';
import type { SessionRef } from '../core/session.ts';
import type { Db } from './commands.ts';

export interface SavedGeneration {
  generation: number;
  sessionId: string;
  commandId: string;
  bytes: number;
  contextTokens: number;
}

/**
 * Generation that a runner saved last, or 0. Last by time, not by number: a store that was emptied begins anew.
 */
export async function newestGeneration(db: Db, ref: SessionRef): Promise<number> {
  const row = await db
    .selectFrom('generations')
    .select('generation')
    .where('installation_id', '=', ref.installationId)
    .where('repository_id', '=', ref.repositoryId)
    .where('issue_key', '=', ref.issueKey)
    .orderBy('created_at', 'desc')
    .orderBy('generation', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.generation ?? 0;
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
      bytes: saved.bytes,
      context_tokens: saved.contextTokens,
      created_at: sql`now()`,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['installation_id', 'repository_id', 'issue_key', 'generation'])
        .doUpdateSet((row) => ({
          session_id: row.ref('excluded.session_id'),
          command_id: row.ref('excluded.command_id'),
          bytes: row.ref('excluded.bytes'),
          context_tokens: row.ref('excluded.context_tokens'),
          created_at: row.ref('excluded.created_at'),
        })),
    )
    .execute();
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
