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

/** Newest generation that a runner said it saved, or 0. */
export async function newestGeneration(db: Db, ref: SessionRef): Promise<number> {
  const row = await db
    .selectFrom('generations')
    .select((select) => select.fn.max('generation').as('newest'))
    .where('installation_id', '=', ref.installationId)
    .where('repository_id', '=', ref.repositoryId)
    .where('issue_key', '=', ref.issueKey)
    .executeTakeFirst();
  return row?.newest ?? 0;
}

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
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Files a pull request under the issue that it was opened for. */
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

/** The issue that a pull request was opened for, or undefined for one that Dexter did not open. */
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

/** The newest pull request that Dexter opened for an issue, or undefined. */
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
