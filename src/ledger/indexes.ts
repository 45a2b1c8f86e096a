import { setTimeout } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import { commandPerson, commandSource, commandWords } from './command-words.ts';
import type { Db } from './commands.ts';

/**
 * Indexes of tables that are large already when an older version is brought up to date, by name. Migrations leave them
 * out: an index that is made in a transaction lets nobody write to its table until it is there, and a running version
 * would take no webhook for so long. One whose columns change needs another name.
 */
const indexes = {
  // Pages are read by key: newest first, of everything and of some repositories.
  commands_by_age: sql`commands (created_at, id)`,
  commands_by_repository: sql`commands (repository_id, created_at, id)`,
  commands_by_end: sql`commands (ended_at)`,
  // And of what a list of them is narrowed down to. Ends alone, which do not change any more.
  commands_by_status: sql`commands (status, created_at, id) where ended_at is not null`,
  commands_by_person: sql`commands (${commandPerson}, created_at, id)`,
  commands_by_source: sql`commands (${commandSource}, created_at, id)`,
  // What is added to it later would have to be searched word by word.
  commands_by_words: sql`commands using gin (${commandWords}) with (fastupdate = off) where ended_at is not null`,
  // Few, whose cost is looked for elsewhere or may still come.
  run_costs_unknown: sql`run_costs (ended_at) where cost_usd is null`,
  run_costs_lost: sql`run_costs (ended_at) where outcome = 'lost'`,
};

/** Number of the lock, which means nothing but this. */
const lockNumber = 0x64_65_78_69;

const lookEveryMs = 200;

/** Half a minute. */
const looksOfALine = 150;

/**
 * Makes the indexes that are not there, one after the other. In Postgres while others read and write; of several
 * processes one does it, and the others wait for it. One that broke off leaves an index that is written and never read:
 * it is made anew.
 */
export async function makeIndexes(
  db: Db,
  backend: 'pglite' | 'postgres',
  log?: Pick<Logger, 'info'>,
): Promise<void> {
  if ((await missing(db)).length === 0) return;
  if (backend === 'pglite') {
    for (const [name, columns] of await missing(db))
      await sql`create index ${sql.ref(name)} on ${columns}`.execute(db);
    return;
  }
  await db.connection().execute(async (one) => {
    // Not by waiting in the database: who waits there is waited for by an index that is being made.
    for (let looks = 0; !(await tryLock(one)); looks += 1) {
      if (looks % looksOfALine === 0)
        log?.info('another process makes indexes of the ledger: waiting for it');
      await setTimeout(lookEveryMs);
    }
    try {
      await sql`set statement_timeout = 0`.execute(one);
      for (const [name, columns] of await missing(one)) {
        log?.info({ index: name }, 'making an index of the ledger, which takes minutes in a large one');
        await sql`drop index concurrently if exists ${sql.ref(name)}`.execute(one);
        // An embedded database behind Postgres's protocol has one session, whose lock all its clients have.
        await sql`create index concurrently if not exists ${sql.ref(name)} on ${columns}`.execute(one);
      }
    } finally {
      await sql`reset statement_timeout`.execute(one);
      await sql`select pg_advisory_unlock(${sql.lit(lockNumber)})`.execute(one);
    }
  });
}

async function missing(db: Db) {
  const { rows } = await sql<{ name: string }>`
    select c.relname as name from pg_index as i join pg_class as c on c.oid = i.indexrelid
    join pg_namespace as n on n.oid = c.relnamespace
    where i.indisvalid and n.nspname = current_schema()`.execute(db);
  const made = new Set(rows.map(({ name }) => name));
  return Object.entries(indexes).filter(([name]) => !made.has(name));
}

async function tryLock(db: Db): Promise<boolean> {
  const { rows } = await sql<{ got: boolean }>`
    select pg_try_advisory_lock(${sql.lit(lockNumber)}) as got`.execute(db);
  return rows[0]?.got ?? false;
}
