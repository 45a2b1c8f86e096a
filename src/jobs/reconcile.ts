import { leaseSeconds } from '../core/runner.ts';
import { leaseCommand, lostCommands, overdueCommands, repositoryOf } from '../ledger/commands.ts';
import { getRun } from '../ledger/runs.ts';
import type { CommandRow } from '../ledger/tables.ts';
import { holdingLease, preparingLeaseSeconds } from './lease.ts';
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
      await recover(services, row, startedAt);
    } catch (error) {
      // One command that cannot be looked after now must not keep the others waiting.
      services.log.error({ commandId: row.id, err: error }, 'a lost command could not be looked after yet');
    }
  }
  for (const row of await overdueCommands(services.db, longestWaitDays)) await giveUpWaiting(services, row);
}

async function recover(services: Services, row: CommandRow, startedAt: number): Promise<void> {
  if (row.status === 'running') {
    // After an outage of the app, runners need a moment to be heard again.
    if (Date.now() - startedAt < leaseSeconds * 1000) return;
    await endLost(services, row, 'The runner stopped answering, so what it did since its last save is lost.');
    return;
  }
  if (!(await leaseCommand(services.db, row.id, preparingLeaseSeconds, { ifExpired: true }))) return;
  services.log.warn({ commandId: row.id, status: row.status }, 'taking a lost command over');
  await holdingLease(services, row.id, async () => {
    if (row.status === 'dispatched' && (await isWaiting(services, row))) return;
    await startCommand(services, row.id);
  });
}

/** Whether a dispatched job is still on its way to a runner; one that is over without a claim is ended here. */
async function isWaiting(services: Services, row: CommandRow): Promise<boolean> {
  const run = await getRun(services.db, row.id);
  const repository = repositoryOf(row);
  if (!run || !repository || row.installation_id === null) return false;
  const found = await services.dispatcher.find(
    { installationId: row.installation_id, repository, job: run.job },
    run.run_id ?? undefined,
  );
  if (!found) return false;
  if (found.ended || Date.now() - run.created_at.getTime() > longestQueueMs) {
    await endLost(
      services,
      row,
      `The run ended or waited too long before it took the command. ${found.url}`.trim(),
    );
  } else {
    await leaseCommand(services.db, row.id, dispatchedLeaseSeconds);
  }
  return true;
}

async function endLost(services: Services, row: CommandRow, message: string): Promise<void> {
  await settle(services, row.id, {
    status: 'failed',
    problem: {
      code: 'runner-lost',
      message,
      hint: 'See whether a runner is online and what the log of the run says, then `retry`.',
    },
  });
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
