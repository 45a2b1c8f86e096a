import { join } from 'node:path';
import type { Environment } from '../config.ts';
import { AppError } from '../core/errors.ts';
import type { Db } from '../ledger/commands.ts';
import { openDatabase } from '../ledger/database.ts';
import { type DatabaseState, inspectEmbedded, inspectPostgres } from '../ledger/inspect-database.ts';
import { dataDirectoryOf } from './open-store-of.ts';

/**
 * Reads the ledger where the app keeps it: Postgres at DATABASE_URL, else the embedded database, which belongs to one
 * process at a time. Nothing is made where there is none.
 * @throws AppError when it is not there, is in use, or is not of this version.
 */
export async function withLedger<Result>(
  env: Environment,
  read: (db: Db) => Promise<Result>,
): Promise<Result> {
  const url = env.DATABASE_URL || undefined;
  const directory = join(dataDirectoryOf(env), 'database');
  const state = url === undefined ? await inspectEmbedded(directory) : await inspectPostgres(url);
  const problem = problemOf(state, directory);
  if (problem !== undefined) throw problem;
  const database = await openDatabase({ ...(url === undefined ? {} : { url }), directory });
  try {
    return await read(database.kysely);
  } finally {
    await database.close();
  }
}

function problemOf(state: DatabaseState, directory: string): AppError | undefined {
  switch (state.outcome) {
    case 'unreachable':
      return wrong(
        `The database at DATABASE_URL does not answer: ${state.reason}`,
        'Check DATABASE_URL and that Postgres runs.',
      );
    case 'foreign':
      return wrong(`There is no database to read: ${state.reason}.`, 'Check DEXTER_DATA.');
    case 'postgres':
      if (state.pending.length === 0) return undefined;
      return wrong(
        'The database at DATABASE_URL is not of this version of Dexter.',
        'Start the app of this version once, which brings it up to date, or use the `dexter` of the app that runs.',
      );
    case 'embedded':
      if (!state.isThere)
        return wrong(
          `There is no database in ${directory}.`,
          'Run this where the app runs, with the same DEXTER_DATA or DATABASE_URL; or ask the app itself: set DEXTER_URL to its address and DEXTER_API_TOKEN to its token.',
        );
      if (!state.isInUse) return undefined;
      return wrong(
        `The database in ${directory} is in use: the app is running, and only one process can have it open.`,
        'Set DEXTER_API_TOKEN for the app and here: then the app itself is asked, at DEXTER_URL or HOST and PORT. Or stop the app for this; a Postgres (DATABASE_URL) can be read while it runs.',
      );
  }
}

function wrong(message: string, hint: string): AppError {
  return new AppError('config-invalid', { message, hint });
}
