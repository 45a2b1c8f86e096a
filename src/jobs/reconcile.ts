import { withLogContext } from '../core/log-context.ts';
import { leaseSeconds } from '../core/runner.ts';
import type { DispatchRequest, RunRef } from '../dispatch/dispatcher.ts';
import {
  leaseCommand,
  lostCommands,
  overdueCommands,
  repositoryOf,
  vanishedCommands,
} from '../ledger/commands.ts';
import { getRun, keepWaitingFor } from '../ledger/runs.ts';
import type { CommandRow, RunRow } from '../ledger/tables.ts';
import { publishWaiting } from '../report/publish.ts';
import { holdingLease, preparingLeaseSeconds } from './lease.ts';
import { endOfLostRun, type Loss } from './lost-run.ts';
import type { Services } from './services.ts';
import { settle } from './settle.ts';
import { dispatchedLeaseSeconds, startCommand } from './start.ts';

/** Commands that waited longer than this are given up. */
const longestWaitDays = 7;

/** A job that waits longer than this for a runner is cancelled by GitHub. */
const longestQueueMs = 24 * 60 * 60 * 1000;

/**
 * Looks after what was lost: commands whose process died while preparing are begun again, dispatched jobs
 * that no runner claimed are looked up, and runs without a heartbeat are ended.
 */
export async function reconcile(services: Services, startedAt: number, stopping: AbortSignal): Promise<void> {
  for (const row of await lostCommands(services.db)) {
    if (stopping.aborted) return;
    try {
      await withLogContext({ commandId: row.id }, () => recover(services, row, startedAt));
    } catch (error) {
      // One command that cannot be looked after now must not keep the others waiting.
      services.log.error({ commandId: row.id, err: error }, 'a lost command could not be looked after yet');
    }
  }
  for (const row of await overdueCommands(services.db, longestWaitDays))
    await withLogContext({ commandId: row.id }, () => giveUpWaiting(services, row));
}

/** Ends the commands whose run is over, as GitHub told, and that had no report from it. */
export async function endVanished(services: Services): Promise<void> {
  for (const row of await vanishedCommands(services.db)) {
    try {
      await withLogContext({ commandId: row.id }, () => endAsConcluded(services, row));
    } catch (error) {
      services.log.error({ commandId: row.id, err: error }, 'a vanished run could not be ended yet');
    }
  }
}

async function endAsConcluded(services: Services, row: CommandRow): Promise<void> {
  const run = await getRun(services.db, row.id);
  if (!run || run.conclusion === null) return;
  await endLost(services, row, { how: 'ended', conclusion: run.conclusion }, run.run_url);
}

async function recover(services: Services, row: CommandRow, startedAt: number): Promise<void> {
  if (row.status === 'running') {
    // After an outage of the app, runners need a moment to be heard again.
    if (Date.now() - startedAt < leaseSeconds * 1000) return;
    await endSilent(services, row);
    return;
  }
  if (!(await leaseCommand(services.db, row.id, preparingLeaseSeconds, { ifExpired: true }))) return;
  services.log.warn({ commandId: row.id, status: row.status }, 'taking a lost command over');
  await holdingLease(services, row.id, async () => {
    if (row.status === 'dispatched' && (await isWaiting(services, row))) return;
    await startCommand(services, row.id);
  });
}

/** Ends a command whose runner is not heard any more, and frees what its run still holds on GitHub. */
async function endSilent(services: Services, row: CommandRow): Promise<void> {
  const run = await getRun(services.db, row.id);
  const request = run && requestOf(row, run);
  const found = request && (await lookUp(services, request, run));
  // A heartbeat that came meanwhile keeps the run alive; and of several processes one ends it.
  if (!(await leaseCommand(services.db, row.id, preparingLeaseSeconds, { ifExpired: true }))) return;
  const loss: Loss =
    found?.ended === undefined ? { how: 'silent' } : { how: 'ended', conclusion: found.ended };
  const isEnded = await endLost(services, row, loss, found?.url || run?.run_url);
  // It may hold a runner, and the place of the next run in the concurrency group.
  if (isEnded && request && found && found.ended === undefined) await cancel(services, request, found);
}

/** The run as GitHub has it; undefined also when GitHub cannot say, which must not hold up the end. */
async function lookUp(
  services: Services,
  request: DispatchRequest,
  run: RunRow,
): Promise<RunRef | undefined> {
  try {
    return await services.dispatcher.find(request, run.run_id || undefined);
  } catch (error) {
    services.log.warn({ commandId: run.command_id, err: error }, 'a lost run could not be looked up');
    return undefined;
  }
}

async function cancel(services: Services, request: DispatchRequest, run: RunRef): Promise<void> {
  try {
    await services.dispatcher.cancel(request, run);
  } catch (error) {
    services.log.warn({ commandId: request.job.commandId, err: error }, 'a lost run could not be cancelled');
  }
}

/** Whether a dispatched job is still on its way to a runner; one that is over without a claim is ended here. */
async function isWaiting(services: Services, row: CommandRow): Promise<boolean> {
  const run = await getRun(services.db, row.id);
  const request = run && requestOf(row, run);
  if (!request) return false;
  const found = await services.dispatcher.find(request, run.run_id || undefined);
  if (!found) return false;
  const waitedMs = Date.now() - run.created_at.getTime();
  if (found.ended !== undefined) {
    await endLost(services, row, { how: 'ended', conclusion: found.ended }, found.url || run.run_url);
  } else if (waitedMs > longestQueueMs) {
    await endLost(services, row, { how: 'never-taken' }, found.url);
    await cancel(services, request, found);
  } else {
    const untilNoticeMs = services.runnerNoticeMs - waitedMs;
    const lease = untilNoticeMs > 0 ? untilNoticeMs / 1000 : dispatchedLeaseSeconds;
    await leaseCommand(services.db, row.id, Math.min(lease, dispatchedLeaseSeconds));
    if (untilNoticeMs <= 0 && run.waiting_for === null) await tellWaiting(services, row, request, found);
  }
  return true;
}

/** Says once what the run waits for: without that, nobody looks whether a runner is there. */
async function tellWaiting(
  services: Services,
  row: CommandRow,
  request: DispatchRequest,
  run: RunRef,
): Promise<void> {
  const waitingFor = await services.dispatcher.waitsFor(request, run);
  if (!waitingFor || !(await keepWaitingFor(services.db, row.id, waitingFor))) return;
  services.log.warn({ commandId: row.id, waitingFor }, 'no runner has taken a run');
  await publishWaiting(services, row);
}

function requestOf(row: CommandRow, { job }: RunRow): DispatchRequest | undefined {
  const repository = repositoryOf(row);
  return repository && row.installation_id !== null
    ? { installationId: row.installation_id, repository, job }
    : undefined;
}

function endLost(
  services: Services,
  row: CommandRow,
  loss: Loss,
  runUrl: string | null | undefined,
): Promise<boolean> {
  const when = row.status === 'running' ? 'during' : 'before';
  // A report that came meanwhile stands; so does the claim of a runner that was slow.
  return settle(services, row.id, endOfLostRun(loss, when, runUrl ?? ''), [row.status]);
}

async function giveUpWaiting(services: Services, row: CommandRow): Promise<void> {
  await settle(services, row.id, {
    status: 'expired',
    problem: {
      code: 'waited-too-long',
      message: `This waited for more than ${longestWaitDays} days and was given up.`,
      hint: 'An earlier command of the issue held it: `status` shows which, `stop` ends it. Then ask again.',
    },
  });
}
