import { type RawBuilder, sql } from 'kysely';
import { type CommandStatus, endStatuses, statusesBefore } from '../core/status.ts';

/** Those without an end, in order. */
const openStatuses = statusesBefore('done');

/**
 * Whether a command has no end, or is at one of these places before it. In the words of the index that holds these
 * alone and those whose end is not told yet; in others the whole ledger would be read.
 */
export function isOpen(
  table = 'commands',
  statuses: readonly CommandStatus[] = openStatuses,
): RawBuilder<boolean> {
  return sql<boolean>`${sql.ref(`${table}.published_at`)} is null and ${sql.ref(`${table}.status`)} in (${sql.join([...statuses])})`;
}

/** Whether a command has an end that is not told everywhere yet; in the words of the same index. */
export function isUntold(table = 'commands'): RawBuilder<boolean> {
  return isOpen(table, endStatuses);
}
