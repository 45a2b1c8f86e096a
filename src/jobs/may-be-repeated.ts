import { isEnd } from '../core/status.ts';
import type { CommandRow } from '../ledger/tables.ts';

/**
 * Whether a command can be done again: something for a runner that somebody was allowed to ask, and that ended without
 * success. What was refused before that has no `ask`.
 */
export function mayBeRepeated({
  ask,
  origin,
  status,
}: Pick<CommandRow, 'ask' | 'origin' | 'status'>): boolean {
  if (!ask || !isEnd(status) || status === 'done' || origin.kind === 'retention') return false;
  return ask.kind !== 'control' || ask.word === 'forget';
}
