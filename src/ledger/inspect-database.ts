import { readdir, stat } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { hasCode, messageOf } from '../core/errors.ts';
import { migrations } from './migrations.ts';

export type DatabaseState =
  | { outcome: 'unreachable'; reason: string }
  | {
      outcome: 'postgres';
      /** Migrations of this Dexter that the database lacks. */
      pending: string[];
      /** Migrations of the database that this Dexter does not know. */
      unknown: string[];
      mayMakeTables: boolean;
      mayMakeSchemas: boolean;
    }
  | { outcome: 'embedded'; isThere: boolean; isInUse: boolean }
  /** Something else than a database is in the directory. */
  | { outcome: 'foreign'; reason: string };

const connectTimeoutMs = 8_000;

/** Looks at a Postgres without changing anything: in a transaction that cannot. */
export async function inspectPostgres(url: string): Promise<DatabaseState> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: connectTimeoutMs,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    // Behind a pooler a setting of the session would stay for others.
    await client.query('begin read only');
    const { rows: rights } = await client.query<{ tables: boolean; schemas: boolean }>(
      `select coalesce(has_schema_privilege('public', 'create'), false) as tables,
              has_database_privilege(current_database(), 'create') as schemas`,
    );
    const { rows: made } = await client.query<{ there: boolean }>(
      `select to_regclass('public.kysely_migration') is not null as there`,
    );
    const { rows: done } = made[0]?.there
      ? await client.query<{ name: string }>('select name from public.kysely_migration')
      : { rows: [] };
    await client.query('rollback');
    const names = done.map(({ name }) => name);
    return {
      outcome: 'postgres',
      pending: Object.keys(migrations).filter((name) => !names.includes(name)),
      unknown: names.filter((name) => !Object.hasOwn(migrations, name)),
      mayMakeTables: rights[0]?.tables ?? false,
      mayMakeSchemas: rights[0]?.schemas ?? false,
    };
  } catch (error) {
    const inner: unknown = error instanceof AggregateError ? error.errors[0] : error;
    return { outcome: 'unreachable', reason: messageOf(inner) };
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Looks at the directory of an embedded database from outside: opening it would change it. */
export async function inspectEmbedded(directory: string): Promise<DatabaseState> {
  try {
    const found = await stat(directory);
    if (!found.isDirectory()) return { outcome: 'foreign', reason: `${directory} is not a directory` };
    const names = await readdir(directory);
    if (names.length === 0) return { outcome: 'embedded', isThere: false, isInUse: false };
    if (!names.includes('PG_VERSION'))
      return { outcome: 'foreign', reason: `${directory} holds files, and they are not those of a database` };
    return { outcome: 'embedded', isThere: true, isInUse: isLocked(directory) };
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) return { outcome: 'foreign', reason: messageOf(error) };
    return { outcome: 'embedded', isThere: false, isInUse: false };
  }
}

/** Whether a process holds the directory as `lockDirectory` does. */
function isLocked(directory: string): boolean {
  try {
    const lock = new DatabaseSync(`${directory}.lock`, { readOnly: true, timeout: 0 });
    try {
      lock.prepare('select count(*) from sqlite_schema').get();
      return false;
    } finally {
      lock.close();
    }
  } catch (error) {
    return /locked|busy/i.test(messageOf(error));
  }
}
