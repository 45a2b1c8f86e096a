import { mkdir } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { PGlite } from '@electric-sql/pglite';
import { Kysely, Migrator, PostgresDialect, type PostgresPool } from 'kysely';
import pg from 'pg';
import type { Logger } from 'pino';
import { z } from 'zod';
import { AppError, hasCode, messageOf } from '../core/errors.ts';
import { lockDirectory } from './directory-lock.ts';
import { embeddedPool } from './embedded-pool.ts';
import { makeIndexes } from './indexes.ts';
import { migrations } from './migrations.ts';
import type { Tables } from './tables.ts';

/** Runs SQL outside of Kysely: what the queue needs. Several statements at once only without values. */
export type ExecuteSql = (text: string, values?: unknown[]) => Promise<{ rows: unknown[] }>;

export interface Database {
  kysely: Kysely<Tables>;
  executeSql: ExecuteSql;
  backend: 'pglite' | 'postgres';
  /** Whether its tables are as this version of Dexter needs them, or newer. Rejects when it does not answer. */
  isMigrated(): Promise<boolean>;
  close(): Promise<void>;
}

/** https://kysely.dev/docs/migrations */
const MigrationRow = z.object({ name: z.string() });
const MigrationTable = z.object({ name: z.string().nullable() });

/** Longest that a statement may take: a webhook's insert must fail before GitHub's 10 s are over. */
const statementTimeoutMs = 8_000;

/** GitHub's ids are stored as bigint and are far below 2^53: both drivers hand them out as numbers. */
const bigintOid = pg.types.builtins.INT8;

export interface DatabaseOptions {
  url?: string;
  directory: string;
  /** Told what takes long. */
  log?: Pick<Logger, 'info'> | undefined;
}

/**
 * Opens the database and brings its tables up to date: Postgres at `url`, else PGlite in `directory`
 * (`memory://` for tests). Both speak the same dialect and run the same migrations.
 * @throws AppError `config-invalid` when it cannot be reached.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  try {
    const { pool, executeSql, backend, unlock } = options.url
      ? openPostgres(options.url)
      : await openEmbedded(options.directory);
    const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
    const close = () => kysely.destroy().finally(unlock);
    try {
      // Also when a newer version has been here: going back to this one, and its processes that are started again
      // while the newer one is rolled out, find all they need. Migrations only add.
      if (!(await hasMigrated(executeSql))) await migrate(kysely, options.log);
      await makeIndexes(kysely, backend, options.log);
    } catch (error) {
      await close();
      throw error;
    }
    return { kysely, executeSql, backend, isMigrated: () => isMigrated(executeSql), close };
  } catch (error) {
    const where = options.url ? 'at DATABASE_URL' : `in ${options.directory}`;
    throw new AppError('config-invalid', {
      message: `The database ${where} cannot be opened: ${messageOf(error)}`,
      hint: options.url
        ? 'Check DATABASE_URL, that Postgres runs, and that its user may create tables and schemas.'
        : 'Check that DEXTER_DATA can be written to and that no other Dexter uses it; several processes need DATABASE_URL.',
      cause: error,
    });
  }
}

function openPostgres(url: string) {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    statement_timeout: statementTimeoutMs,
    connectionTimeoutMillis: statementTimeoutMs,
    // Compiling a sum over many rows takes longer than the sum.
    onConnect: (client) => client.query('set jit = off'),
    types: {
      getTypeParser: (oid, format) => (oid === bigintOid ? Number : pg.types.getTypeParser(oid, format)),
    },
  });
  // An idle connection that breaks (a restart of Postgres) is replaced by the next query; without a
  // listener it would end the process.
  pool.on('error', () => undefined);
  const executeSql: ExecuteSql = async (text, values) => {
    const result = await pool.query(text, values);
    // Several statements answer with several results.
    return { rows: Array.isArray(result) ? result.flatMap((one) => one.rows) : result.rows };
  };
  return { pool, executeSql, backend: 'postgres' as const, unlock: () => undefined };
}

async function openEmbedded(directory: string) {
  const isOnDisk = !directory.startsWith('memory://');
  if (isOnDisk) await mkdir(directory, { recursive: true, mode: 0o700 });
  const unlock = isOnDisk ? lockDirectory(directory) : () => undefined;
  try {
    const pglite = await PGlite.create(directory, { parsers: { [bigintOid]: Number } });
    const { pool, executeSql }: { pool: PostgresPool; executeSql: ExecuteSql } = embeddedPool(pglite);
    return { pool, executeSql, backend: 'pglite' as const, unlock };
  } catch (error) {
    unlock();
    throw error;
  }
}

/** A newer version, which is being rolled out, may have added some. */
async function isMigrated(executeSql: ExecuteSql): Promise<boolean> {
  const { rows } = await executeSql('select name from kysely_migration');
  const done = new Set(rows.map((row) => MigrationRow.parse(row).name));
  return Object.keys(migrations).every((name) => done.has(name));
}

async function hasMigrated(executeSql: ExecuteSql): Promise<boolean> {
  const { rows } = await executeSql("select to_regclass('kysely_migration')::text as name");
  return MigrationTable.parse(rows[0]).name !== null && isMigrated(executeSql);
}

/** How often tables are asked for that others use, with pauses that grow to `longestPauseMs`: for two minutes. */
const mostTries = 30;
const longestPauseMs = 5_000;

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const lockNotAvailable = '55P03';

async function migrate(db: Database['kysely'], log: DatabaseOptions['log']): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  for (let tries = 1; ; tries += 1) {
    const { error } = await migrator.migrateToLatest();
    if (error === undefined) return;
    if (!hasCode(error, lockNotAvailable) || tries === mostTries) throw error;
    log?.info({ tries }, 'the tables are in use and cannot be brought up to date yet: trying again');
    await setTimeout(Math.min(tries * 250, longestPauseMs));
  }
}
