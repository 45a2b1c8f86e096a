import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Db } from './commands.ts';

/** What one process at a time may do, until it gives it back or has not been heard of for `seconds`. */
export interface Lease {
  /** Takes or prolongs it; false while another one has it. */
  take(): Promise<boolean>;
  /** The same in a transaction: until that ends, nobody else can have it. */
  hold(transaction: Db): Promise<boolean>;
  /** Gives it to whoever asks first. */
  giveBack(): Promise<void>;
}

/** A lease by the time of the database. */
export function leaseOf(db: Db, name: string, seconds: number): Lease {
  const holder = randomUUID();
  const hold = async (on: Db) => {
    const { rows } = await sql`
      insert into leases (name, holder, until) values (${name}, ${holder}, now() + make_interval(secs => ${seconds}))
      on conflict (name) do update set holder = excluded.holder, until = excluded.until
        where leases.holder = excluded.holder or leases.until < now()
      returning name`.execute(on);
    return rows.length > 0;
  };
  return {
    take: () => hold(db),
    hold,
    async giveBack() {
      await db.deleteFrom('leases').where('name', '=', name).where('holder', '=', holder).execute();
    },
  };
}
