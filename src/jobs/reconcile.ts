import { leaseSeconds } from '../core/runner.ts';
import { leaseCommand, lostCommands, overdueCommands } from '../ledger/commands.ts';
import type { CommandRow } from '../ledger/tables.ts';
import { holdingLease, preparingLeaseSeconds } from './lease.ts';
import type { Services } from './services.ts';
import { settle } from './settle.ts';
import { startCommand } from './start.ts';

/** Commands that waited longer than this are given up. */
const longestWaitDays = 7;

/**
 * Looks after what was lost: commands whose process died while preparing are begun again, dispatched jobs
 * that no runner claimed are looked up, and runs without a heartbeat are ended.
 */
export async function reconcile(services: Services, startedAt: number): Promise<void> {
  for (const row of await lostCommands(services.db)) await recover(services, row, startedAt);
  for (const row of await overdueCommands(services.db, longestWaitDays)) {
    await settle(services, row.id, {
      status: 'expired',
      problem: {
        code: 'dispatch-failed',
        message: `This waited for more than ${longestWaitDays} days and was given up.`,
        hint: 'Ask again.',
      },
    });
  }
}

async function recover(services: Services, row: CommandRow, startedAt: number): Promise<void> {
  if (row.status === 'running') {
    // After an outage of the app, runners need a moment to be heard again.
    if (Date.now() - startedAt < leaseSeconds * 1000) return;
    await settle(services, row.id, {
      status: 'failed',
      problem: {
        code: 'runner-lost',
        message: 'The runner stopped answering, so what it did since its last save is lost.',
        hint: 'See whether the runner is alive and what its log says, then `retry`.',
      },
    });
    return;
  }
  const mine = await leaseCommand(services.db, row.id, preparingLeaseSeconds, { ifExpired: true });
  if (!mine) return;
  services.log.warn({ commandId: row.id, status: row.status }, 'taking a lost command over');
  await holdingLease(services, row.id, () => startCommand(services, row.id));
}
