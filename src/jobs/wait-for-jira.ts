import { AppError } from '../core/errors.ts';
import { isJiraDown } from '../jira/is-jira-down.ts';
import { getCommand, putBack } from '../ledger/commands.ts';
import { getRun } from '../ledger/runs.ts';
import type { CommandRow } from '../ledger/tables.ts';
import type { Services } from './services.ts';
import { settle } from './settle.ts';

const firstWaitSeconds = 15;
const longestWaitSeconds = 120;

/** How long to leave JIRA alone: as long as it asked for, else twice as long each time. */
export function waitSeconds(waits: number, error: unknown): number {
  const asked = error instanceof AppError ? error.retryAfterSeconds : undefined;
  if (asked !== undefined) return Math.max(1, asked);
  return Math.min(firstWaitSeconds * 2 ** waits, longestWaitSeconds);
}

/**
 * Puts a command back whose preparation failed because JIRA could not answer. It keeps its place in the queue and no
 * worker; the ledger knows when it is begun again. One that somebody asked to stop ends here. False when it is not to
 * wait (any more).
 */
export async function waitForJira(services: Services, row: CommandRow, error: unknown): Promise<boolean> {
  const minutes = services.withoutJira.waitMinutes;
  if (!isJiraDown(error) || minutes === 0) return false;
  // A job that was planned has all that it needs of JIRA.
  if (await getRun(services.db, row.id)) return false;
  const seconds = waitSeconds(row.waits, error);
  if (!(await putBack(services.db, row.id, { seconds, minutes }))) return endStopped(services, row.id);
  services.log.warn(
    { commandId: row.id, issueKey: row.issue_key, seconds, waits: row.waits + 1, err: error },
    'JIRA could not be asked; the command waits',
  );
  return true;
}

async function endStopped(services: Services, id: string): Promise<boolean> {
  const isStopped = (await getCommand(services.db, id))?.stop_requested ?? false;
  return isStopped && settle(services, id, { status: 'cancelled' });
}
