import { contextKey } from '../caches/context-cache.ts';
import { snapshotTicket } from '../context/snapshot-ticket.ts';
import type { TicketSnapshotFile } from '../core/ticket-snapshot.ts';
import type { CommandRow } from '../ledger/tables.ts';
import { jiraOf } from './connections.ts';
import { inTime } from './in-time.ts';
import type { Services } from './services.ts';

/** A runner that claims its job does not wait longer for a ticket that is not cached any more. */
const longestMs = 5_000;

/**
 * The JIRA ticket of a command in parts: as it was read for the command, which costs no call while that is cached.
 * Undefined where there is none, and when it cannot be had: a run goes on without.
 */
export async function snapshotForRun(
  services: Services,
  row: CommandRow,
): Promise<TicketSnapshotFile | undefined> {
  try {
    const jira = await jiraOf(services, row.issue_key);
    if (!jira) return undefined;
    const key = contextKey(jira.site.name, row.issue_key);
    const cached = await services.tickets.peek(key);
    const fetchedAt = cached?.fetchedAt ?? new Date().toISOString();
    const ticket = cached?.value ?? (await inTime(longestMs, jira.readTicket(row.issue_key)));
    if (ticket === undefined) return undefined;
    const snapshot = snapshotTicket(ticket);
    // Under both keys: the conversation may know the ticket by the one that it had before.
    const before = ticket.movedFrom === undefined ? [] : [{ ...snapshot, key: ticket.movedFrom }];
    return { fetchedAt, tickets: [snapshot, ...before] };
  } catch (error) {
    services.log.warn({ commandId: row.id, err: error }, 'a run gets no snapshot of its ticket');
    return undefined;
  }
}
