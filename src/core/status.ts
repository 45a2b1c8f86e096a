import { z } from 'zod';

/** Where a command is on its way, in order; the last five are ends. */
export const CommandStatus = z.enum([
  'received',
  'queued',
  'preparing',
  'dispatched',
  'running',
  'done',
  'failed',
  'refused',
  'cancelled',
  'expired',
]);
export type CommandStatus = z.infer<typeof CommandStatus>;

export const endStatuses = ['done', 'failed', 'refused', 'cancelled', 'expired'] as const;
export type EndStatus = (typeof endStatuses)[number];

const order: Record<CommandStatus, number> = {
  received: 0,
  queued: 1,
  preparing: 2,
  dispatched: 3,
  running: 4,
  done: 5,
  failed: 5,
  refused: 5,
  cancelled: 5,
  expired: 5,
};

/** Whether nothing has taken it from the queue yet. */
export function isWaiting(status: CommandStatus): boolean {
  return order[status] < order.preparing;
}

export function isEnd(status: CommandStatus): status is EndStatus {
  return order[status] === 5;
}

/** How much a state wants to be seen, wherever it is shown; `quiet` needs no eye. */
export type Tone = 'quiet' | 'waiting' | 'active' | 'good' | 'warning' | 'bad';

const tones: Record<CommandStatus, Tone> = {
  received: 'waiting',
  queued: 'waiting',
  preparing: 'active',
  dispatched: 'active',
  running: 'active',
  done: 'good',
  failed: 'bad',
  refused: 'warning',
  cancelled: 'quiet',
  expired: 'bad',
};

export function toneOf(status: CommandStatus): Tone {
  return tones[status];
}

/** A command only moves forward; an end is final. Steps may be left out (a refusal comes straight from `queued`). */
export function canMove(from: CommandStatus, to: CommandStatus): boolean {
  return order[to] > order[from];
}

/** All statuses from which `to` may be reached, for compare-and-set in the ledger. */
export function statusesBefore(to: CommandStatus): CommandStatus[] {
  return CommandStatus.options.filter((from) => canMove(from, to));
}
