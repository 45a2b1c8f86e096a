import type { Problem } from '../core/errors.ts';
import type { Report } from '../core/report.ts';
import type { CommandStatus, EndStatus } from '../core/status.ts';
import { endCommand } from '../ledger/commands.ts';
import { getRun, keepReport } from '../ledger/runs.ts';
import { keepGeneration, keepPullRequest } from '../ledger/sessions.ts';
import type { CommandRow } from '../ledger/tables.ts';
import type { Services } from './services.ts';

/** Rolls the transaction back. */
class NotThere extends Error {}

export interface End {
  status: EndStatus;
  problem?: Problem;
  /** What Dexter itself answers, Markdown. */
  answer?: string;
}

/**
 * Ends a command and gives its issue free for the next one, in one transaction. People are told afterwards
 * by the publisher, which also makes up for a crash in between. False when the command had an end already, or
 * is not in one of the states that `from` names.
 */
export async function settle(
  services: Services,
  id: string,
  end: End,
  from?: readonly CommandStatus[],
): Promise<boolean> {
  const ended = await services.db
    .transaction()
    .execute(async (transaction) => {
      // The queue first, as whoever takes a command does it: the other way round the two could wait for each other.
      await services.queue.release(transaction, id);
      const moved = await endCommand(transaction, id, end, from);
      // Not where it was expected to be: it keeps its place in the queue.
      if (!moved && from) throw new NotThere();
      return moved;
    })
    .catch((error: unknown) => {
      if (error instanceof NotThere) return false;
      throw error;
    });
  if (ended) {
    services.log.info({ commandId: id, status: end.status, problem: end.problem }, 'command ended');
    services.wake();
  }
  return ended;
}

/** Ends a command by the report of its run. False when the fencing token is old or the command has ended. */
export async function settleReport(
  services: Services,
  row: CommandRow,
  fence: number,
  report: Report,
): Promise<boolean> {
  const settled = await services.db.transaction().execute(async (transaction) => {
    if ((await getRun(transaction, row.id))?.fence !== fence) return false;
    await services.queue.release(transaction, row.id);
    if (!(await endCommand(transaction, row.id, { status: report.outcome, problem: report.problem })))
      return false;
    await keepReport(transaction, row.id, fence, report);
    const { installation_id: installationId, repository_id: repositoryId, issue_key: issueKey } = row;
    if (installationId !== null && repositoryId !== null) {
      const ref = { installationId, repositoryId, issueKey };
      if (report.session && report.session.generation > 0) {
        await keepGeneration(transaction, ref, {
          generation: report.session.generation,
          sessionId: report.session.id,
          commandId: row.id,
          bytes: report.session.bytes,
          contextTokens: report.session.contextTokens,
        });
      }
      if (report.pullRequest) await keepPullRequest(transaction, repositoryId, issueKey, report.pullRequest);
    }
    return true;
  });
  if (settled) {
    services.log.info(
      { commandId: row.id, status: report.outcome, costUsd: report.costUsd, turns: report.turns },
      'command ended',
    );
    services.wake();
  }
  return settled;
}
