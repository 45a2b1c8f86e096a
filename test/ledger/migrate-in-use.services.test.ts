import { randomUUID } from 'node:crypto';
import { Kysely, Migrator, PostgresDialect } from 'kysely';
import pg from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { insertCommand } from '../../src/ledger/commands.ts';
import { openDatabase } from '../../src/ledger/database.ts';
import { migrations } from '../../src/ledger/migrations.ts';
import type { Tables } from '../../src/ledger/tables.ts';
import { until } from '../fakes/processes.ts';
import { freshPostgres } from './fresh-postgres.ts';

let fresh: Awaited<ReturnType<typeof freshPostgres>>;
/** As the version before uses them. */
let before: Kysely<Tables>;

beforeEach(async () => {
  fresh = await freshPostgres();
  before = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: fresh.url }) }),
  });
  const migrator = new Migrator({ db: before, provider: { getMigrations: async () => migrations } });
  expect((await migrator.migrateTo('0006-budgets')).error).toBeUndefined();
});

afterEach(async () => {
  await before.destroy();
  await fresh.drop();
});

/** A connection with a transaction that has begun. */
async function begun(isolation: 'read committed' | 'repeatable read') {
  const client = new pg.Client({ connectionString: fresh.url });
  await client.connect();
  await client.query(`begin isolation level ${isolation}`);
  return client;
}

function untilFound(client: pg.Client | pg.ClientBase, question: string): Promise<void> {
  return until(async () => (await client.query(question)).rowCount !== 0);
}

async function asking<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: fresh.url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function command(): Promise<void> {
  const id = randomUUID();
  await insertCommand(before, {
    id,
    dedupeKey: id,
    origin: { kind: 'retention' },
    actor: { from: 'dexter' },
    issueKey: 'SHOP-1',
    queueKey: 'SHOP-1',
    claimedText: null,
  });
}

it('gives way to a transaction of the version before that wants its tables in another order', async () => {
  const client = await begun('read committed');
  try {
    await client.query('select from generations');
    const opening = openDatabase({ url: fresh.url, directory: '' });
    await asking((other) =>
      untilFound(
        other,
        `select from pg_locks as l join pg_class as c on c.oid = l.relation
         join pg_database as d on d.oid = l.database
         where d.datname = current_database() and c.relname = 'generations' and not l.granted`,
      ),
    );
    await client.query('select from runs');
    await client.query('commit');
    const database = await opening;
    try {
      expect(await database.isMigrated()).toBe(true);
    } finally {
      await database.close();
    }
  } finally {
    await client.end();
  }
});

it('takes commands while several processes make indexes, and makes one anew that broke off', async () => {
  await command();
  await asking(async (client) => {
    await client.query('create index commands_by_end on commands (created_at)');
    await client.query(
      `update pg_index set indisvalid = false where indexrelid = 'commands_by_end'::regclass`,
    );
  });
  // An index that is being made waits for whoever may see the table as it was.
  const client = await begun('repeatable read');
  try {
    await client.query('select from pg_class');
    const opening = Promise.all([1, 2, 3].map(() => openDatabase({ url: fresh.url, directory: '' })));
    await asking((other) =>
      untilFound(
        other,
        `select from pg_index as i join pg_class as c on c.oid = i.indexrelid
         where c.relname = 'commands_by_age' and not i.indisvalid`,
      ),
    );
    await command();
    await client.query('commit');
    for (const database of await opening) {
      expect(await database.isMigrated()).toBe(true);
      await database.close();
    }
    await asking(async (other) => {
      const { rows } = await other.query(
        `select c.relname as name, i.indisvalid as valid, pg_get_indexdef(c.oid) as made
         from pg_index as i join pg_class as c on c.oid = i.indexrelid
         where c.relname like 'commands%' or c.relname like 'run_costs%'`,
      );
      expect(rows.filter(({ valid }) => !valid)).toEqual([]);
      const made = new Map(rows.map(({ name, made: text }) => [name, text]));
      expect(made.get('commands_by_end')).toContain('(ended_at)');
      expect([...made.keys()]).toEqual(
        expect.arrayContaining(['commands_by_age', 'commands_by_words', 'run_costs_lost']),
      );
    });
  } finally {
    await client.end();
  }
});
