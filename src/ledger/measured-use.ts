import { sql } from 'kysely';
import type { Db } from './commands.ts';

/** A run of the engine that has ended, as the ledger knows it. */
export interface MeasuredRun {
  /** Of its issue, in its repository. */
  issue: string;
  startedAt: Date;
  endedAt: Date;
  model: string | null;
  /** What its conversation held at its end, and its archive; null where no session was saved. */
  contextTokens: number | null;
  archiveBytes: number | null;
  isFresh: boolean;
  /** Without those of its compaction. */
  outputTokens: number;
  cacheWriteTokens: number;
  turns: number;
  /** US dollars, where the engine could say. */
  costUsd: number | null;
}

/** The newest runs that the engine answered in, oldest first: those that asked the model for something. */
export async function measuredRuns(db: Db, limit: number): Promise<MeasuredRun[]> {
  const rows = await db
    .selectFrom('runs')
    .innerJoin('commands', 'commands.id', 'runs.command_id')
    .select([
      'commands.issue_key',
      'commands.repository_id',
      'commands.installation_id',
      'commands.started_at',
      'commands.ended_at',
      'runs.claimed_at',
      'runs.report',
    ])
    .where('commands.ended_at', 'is not', null)
    .where(sql<boolean>`(runs.report->'usage'->>'outputTokens')::numeric > 0`)
    .orderBy('commands.ended_at', 'desc')
    .limit(limit)
    .execute();
  return rows
    .flatMap(({ report, ended_at: endedAt, ...row }) => {
      const startedAt = row.claimed_at ?? row.started_at;
      if (!report || !endedAt || !startedAt) return [];
      const { session, usage } = report;
      const isSaved = session !== undefined && session.generation > 0;
      return [
        {
          issue: `${row.installation_id}/${row.repository_id}/${row.issue_key}`,
          startedAt,
          endedAt,
          model: session?.model ?? null,
          contextTokens: isSaved ? session.contextTokens : null,
          archiveBytes: isSaved ? session.bytes : null,
          isFresh: session?.mode !== 'resume',
          outputTokens: Math.max(0, usage.outputTokens - (session?.compaction?.outputTokens ?? 0)),
          cacheWriteTokens: usage.cacheWriteTokens,
          turns: report.turns,
          costUsd: report.costUsd,
        },
      ];
    })
    .reverse();
}
