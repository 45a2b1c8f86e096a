import { type Selectable, sql } from 'kysely';
import type { KeptContext } from '../core/context.ts';
import type { Scope } from '../core/viewer.ts';
import type { Db } from './commands.ts';
import { inScope } from './in-scope.ts';
import type { CommandRow, RunCostRow, RunsTable } from './tables.ts';

type ShownRun = Omit<Selectable<RunsTable>, 'context' | 'claimant' | 'fence' | 'person'> & {
  /** Without the whole of it, which a runner puts into a file and which may be large. */
  context: Pick<KeptContext, 'text' | 'delta' | 'attachments'> | null;
  /** Characters of that. */
  full_characters: number | null;
};

export interface CommandDetail {
  command: CommandRow;
  run: ShownRun | undefined;
  cost: RunCostRow | undefined;
  pullRequests: PullRequestOfIssue[];
}

export interface PullRequestOfIssue {
  number: number;
  branch: string;
  url: string;
}

/** All that the ledger knows of a command; undefined where there is none, or none that the viewer may see. */
export async function commandDetail(db: Db, scope: Scope, id: string): Promise<CommandDetail | undefined> {
  const command = await db
    .selectFrom('commands')
    .selectAll()
    .where('commands.id', '=', id)
    .where(inScope(scope))
    .executeTakeFirst();
  if (!command) return undefined;
  const run = await db
    .selectFrom('runs')
    .select([
      'command_id',
      'job',
      sql<
        ShownRun['context']
      >`case when context is null then null else jsonb_build_object('text', context->'text',
        'delta', context->'delta', 'attachments', context->'attachments') end`.as('context'),
      sql<number | null>`length(context->>'full')`.as('full_characters'),
      'run_id',
      'run_url',
      'branch',
      'conclusion',
      'waiting_for',
      'dispatched_at',
      'claimed_at',
      'progress',
      'progress_at',
      'report',
      'created_at',
    ])
    .where('command_id', '=', id)
    .executeTakeFirst();
  const cost = await db.selectFrom('run_costs').selectAll().where('command_id', '=', id).executeTakeFirst();
  const pullRequests =
    command.repository_id === null
      ? []
      : await pullRequestsOfIssue(db, command.repository_id, command.issue_key);
  return { command, run, cost, pullRequests };
}

/** The newest of an issue in a repository. */
export function pullRequestsOfIssue(
  db: Db,
  repositoryId: number,
  issueKey: string,
): Promise<PullRequestOfIssue[]> {
  return db
    .selectFrom('pull_requests')
    .select(['number', 'branch', 'url'])
    .where('repository_id', '=', repositoryId)
    .where('issue_key', '=', issueKey)
    .orderBy('number', 'desc')
    .limit(20)
    .execute();
}
