import type { SnapshotTicket } from '../core/ticket-snapshot.ts';

export interface FoundTicket {
  key: string;
  summary: string;
  status: string;
}

/**
 * Where tickets come from that the snapshot does not have. Errors are AppErrors, whose messages are shown to the
 * model: `ticket-unreadable` for what is not there or may not be seen, `jira-failed` for everything else.
 */
export interface TicketSource {
  /** When the ticket was changed last; the same text as long as it was not. One cheap call. */
  readUpdated(key: string): Promise<string>;
  readTicket(key: string): Promise<SnapshotTicket>;
  /** At most `limit` tickets, in the order of the query. */
  search(jql: string, limit: number): Promise<FoundTicket[]>;
  /** At most `maxBytes`; a larger one is an error. */
  readAttachment(id: string, maxBytes: number): Promise<Uint8Array>;
}
