import { sql } from 'kysely';
import type { Db } from './commands.ts';

/**
 * Keeps for which claim a token was shown; false when that was another one before. What has expired is dropped on the
 * way, so that the table holds no more than the tokens of some minutes.
 */
export async function rememberToken(
  db: Db,
  { id, claim, expiresAt }: { id: string; claim: string; expiresAt: Date },
): Promise<boolean> {
  await db.deleteFrom('shown_tokens').where('expires_at', '<', sql<Date>`now()`).execute();
  await db
    .insertInto('shown_tokens')
    .values({ id, claim, expires_at: expiresAt })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
  const kept = await db
    .selectFrom('shown_tokens')
    .select('claim')
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return kept.claim === claim;
}
