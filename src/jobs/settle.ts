import { contextKey } from '../caches/context-cache.ts';
import type { Problem } from '../core/errors.ts';
import { isJiraKey } from '../core/issue-key.ts';
import type { Job } from '../core/job.ts';
import type { Report } from '../core/report.ts';
import type { CommandStatus, EndStatus } from '../core/status.ts';
import { endCommand, repositoryOf } from '../ledger/commands.ts';
import { keepRunCost } from '../ledger/costs.ts';
import { countBeside } from '../ledger/count-beside.ts';
import { addMeasures, setGauges } from '../ledger/measures.ts';
import { getRun, keepReport } from '../ledger/runs.ts';
import { keepGeneration, keepPullRequest, noteUse, strikeSession } from '../ledger/sessions.ts';
import type { CommandRow } from '../ledger/tables.ts';
import type { Services } from './services.ts';
import { gaugesOfReport, tallyOfEnd, tallyOfReport } from './tally.ts';

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
      const row = await endCommand(transaction, id, end, from);
      // Not where it was expected to be: it keeps its place in the queue.
      if (!row && from) throw new NotThere();
      if (row) await keepEnd(transaction, row, services.log);
      return row !== undefined;
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

/**
 * Ends a command by the report of its run. False when the fencing token is old or the command has ended: of such a
 * report only the cost is kept, and nothing is counted.
 */
export async function settleReport(
  services: Services,
  row: CommandRow,
  fence: number,
  said: Report,
): Promise<boolean> {
  const settled = await services.db.transaction().execute(async (transaction) => {
    const run = await getRun(transaction, row.id);
    if (run?.fence !== fence) return undefined;
    const report = run.job.session.mode === 'forget' ? judged(said) : said;
    await services.queue.release(transaction, row.id);
    const ended = await endCommand(transaction, row.id, {
      status: report.outcome,
      problem: report.problem,
    });
    // Of a run that was given up as lost as well: what it cost was spent.
    await keepRunCost(transaction, row, run.job, report);
    if (!ended) return undefined;
    await keepReport(transaction, row.id, fence, report);
    await keepSession(transaction, row, run.job, report);
    await countBeside(transaction, services.log, async () => {
      await addMeasures(transaction, [
        ...tallyOfEnd(ended, run),
        ...tallyOfReport(report, ended.repository_id),
      ]);
      await setGauges(transaction, gaugesOfReport(report, ended));
    });
    return { ...report, mode: run.job.session.mode };
  });
  if (!settled) return false;
  if (settled.mode === 'forget') await forgetTicket(services, row.issue_key);
  services.log.info(
    {
      commandId: row.id,
      status: settled.outcome,
      costUsd: settled.costUsd,
      turns: settled.turns,
      ...(settled.forgotten ? { forgotten: settled.forgotten } : {}),
    },
    'command ended',
  );
  services.wake();
  return true;
}

/** Counts an end without a report. A run that a runner took has cost nobody knows what then. */
async function keepEnd(db: Services['db'], row: CommandRow, log: Services['log']): Promise<void> {
  const run = await getRun(db, row.id);
  if (run?.claimed_at) await keepRunCost(db, row, run.job, undefined);
  await countBeside(db, log, () => addMeasures(db, tallyOfEnd(row, run)));
}

/** What is cached of the ticket goes with its session, whatever site it is of. */
async function forgetTicket({ jira, tickets }: Services, issueKey: string): Promise<void> {
  if (!isJiraKey(issueKey)) return;
  for (const connection of jira.keys()) await tickets.forget(contextKey(connection, issueKey));
}

/** A session counts as forgotten only when a store says so and none says otherwise. */
function judged(report: Report): Report {
  const { forgotten = [], outcome } = report;
  const isGone = forgotten.length > 0 && forgotten.every(({ problem }) => problem === undefined);
  if (outcome !== 'done' || isGone) return report;
  return {
    ...report,
    outcome: 'failed',
    problem: {
      code: 'session-not-removed',
      message:
        forgotten.length > 0
          ? 'The session is not wholly removed: a store still holds some of it.'
          : 'The runner did not say that any store was asked to remove the session.',
      hint:
        forgotten.length > 0
          ? 'Mend what the store says, then `retry`: what is gone already is no problem.'
          : 'Update the Dexter action of the workflow to the version of the app, then `retry`.',
    },
  };
}

/** What a run leaves of its session in the ledger. */
async function keepSession(db: Services['db'], row: CommandRow, job: Job, report: Report): Promise<void> {
  const { installation_id: installationId, issue_key: issueKey } = row;
  const repository = repositoryOf(row);
  if (installationId === null || !repository) return;
  const ref = { installationId, repositoryId: repository.id, issueKey };
  if (job.session.mode === 'forget') {
    if (report.outcome === 'done') await strikeSession(db, ref);
    return;
  }
  await noteUse(db, ref, repository);
  if (report.session && report.session.generation > 0) {
    await keepGeneration(db, ref, {
      generation: report.session.generation,
      sessionId: report.session.id,
      commandId: row.id,
      entry: report.session.entry,
      bytes: report.session.bytes,
      contextTokens: report.session.contextTokens,
      store: report.store?.name,
    });
  }
  if (report.pullRequest) await keepPullRequest(db, repository.id, issueKey, report.pullRequest);
}
