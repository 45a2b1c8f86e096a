import { type Ask, waitsForItsTurn } from '../core/command.ts';
import { withLogContext } from '../core/log-context.ts';
import { insertCommand, type NewCommand } from '../ledger/commands.ts';
import type { Services } from './services.ts';

/**
 * Takes a command in: its row and its place in the queue are one transaction, so that an answered webhook
 * is a kept one. A command that was accepted before (the same event delivered again) changes nothing.
 */
export function acceptCommand(
  services: Taking,
  command: NewCommand,
  /** What else is kept with it, in the same transaction. */
  keepToo?: (transaction: Services['db']) => Promise<void>,
): Promise<'accepted' | 'known'> {
  return withLogContext({ commandId: command.id }, () => accept(services, command, keepToo));
}

type Taking = Pick<Services, 'db' | 'queue' | 'wake' | 'log'>;

async function accept(
  services: Taking,
  command: NewCommand,
  keepToo: Parameters<typeof acceptCommand>[2],
): Promise<'accepted' | 'known'> {
  const inserted = await services.db.transaction().execute(async (transaction) => {
    if (!(await insertCommand(transaction, command))) return false;
    await services.queue.add(transaction, command.id, command.queueKey);
    await keepToo?.(transaction);
    return true;
  });
  const outcome = inserted ? 'accepted' : 'known';
  services.log.info({ issueKey: command.issueKey, origin: command.origin, outcome }, 'command received');
  if (inserted) services.wake();
  return outcome;
}

/** The place in the queue: one line per issue for what waits for its turn, none for the rest. */
export function queueKeyFor(ask: Ask | undefined, issueKey: string, id: string): string {
  return ask && waitsForItsTurn(ask) ? issueKey : `control:${id}`;
}
