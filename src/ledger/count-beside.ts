import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Db } from './commands.ts';

/**
 * Counts within a transaction, so that what happened and its count are kept both or neither, without ever disturbing it:
 * what cannot be counted is said in the log and left out. Throws only where the transaction itself is lost.
 */
export async function countBeside(
  transaction: Db,
  log: Pick<Logger, 'warn'>,
  count: () => Promise<void>,
): Promise<void> {
  // Postgres takes nothing more in a transaction after an error, unless it goes back to before it.
  await sql`savepoint before_counting`.execute(transaction);
  try {
    await count();
    await sql`release savepoint before_counting`.execute(transaction);
  } catch (error) {
    await sql`rollback to savepoint before_counting`.execute(transaction);
    log.warn({ err: error }, 'something was not counted');
  }
}
