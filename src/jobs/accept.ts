import { insertCommand, type NewCommand } from '../ledger/commands.ts';
import type { Services } from './services.ts';

/**
 * Takes a command in: its row and its place in the queue are one transaction, so that an answered webhook
 * is a kept one. A command that was accepted before (the same event delivered again) changes nothing.
 */
export async function acceptCommand(
  services: Pick<Services, 'db' | 'queue' | 'wake' | 'log'>,
  command: NewCommand,
): Promise<'accepted' | 'known'> {
  const inserted = await services.db.transaction().execute(async (transaction) => {
    if (!(await insertCommand(transaction, command))) return false;
    await services.queue.add(transaction, command.id, command.queueKey);
    return true;
  });
  const outcome = inserted ? 'accepted' : 'known';
  services.log.info(
    { commandId: command.id, issueKey: command.issueKey, origin: command.origin, outcome },
    'command received',
  );
  if (inserted) services.wake();
  return outcome;
}
