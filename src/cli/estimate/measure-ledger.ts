import { join } from 'node:path';
import type { Environment } from '../../config.ts';
import { AppError } from '../../core/errors.ts';
import { openDatabase } from '../../ledger/database.ts';
import { inspectEmbedded, inspectPostgres } from '../../ledger/inspect-database.ts';
import { measuredRuns } from '../../ledger/measured-use.ts';
import { dataDirectoryOf } from '../open-store-of.ts';
import { type Measured, measure } from './measure.ts';

/** More than a busy team has in a year; what is older says little. */
const mostRuns = 20_000;

/**
 * Measures by the ledger of the app: that of `DATABASE_URL`, or the embedded database in `DEXTER_DATA`.
 * @throws AppError `config-invalid` when there is none, or it cannot be opened; `input-invalid` when it holds no run.
 */
export async function measureLedger(env: Environment): Promise<Measured> {
  const directory = join(dataDirectoryOf(env), 'database');
  const url = env.DATABASE_URL || undefined;
  await refuseWhatWouldChange(url, directory);
  const database = await openDatabase({ ...(url ? { url } : {}), directory });
  try {
    const measured = measure(await measuredRuns(database.kysely, mostRuns));
    if (measured) return measured;
  } finally {
    await database.close();
  }
  throw new AppError('input-invalid', {
    message: 'The ledger holds no run yet that asked the model for anything, so nothing can be measured.',
    hint: 'Leave out --from-ledger and give what you expect, such as --tickets 40 --follow-ups 2 --gaps 10m,1d.',
  });
}

/** Opening makes tables that are missing: looking at figures should not. */
async function refuseWhatWouldChange(url: string | undefined, directory: string): Promise<void> {
  const state = url === undefined ? await inspectEmbedded(directory) : await inspectPostgres(url);
  switch (state.outcome) {
    case 'unreachable':
      throw new AppError('config-invalid', {
        message: `The database at DATABASE_URL cannot be read: ${state.reason}`,
        hint: 'Check DATABASE_URL, and that Postgres runs and lets its user in from this machine.',
      });
    case 'foreign':
      throw new AppError('config-invalid', {
        message: `There is no ledger of Dexter: ${state.reason}.`,
        hint: 'Set DEXTER_DATA to the directory of the app, or DATABASE_URL to its database.',
      });
    case 'embedded':
      if (!state.isThere)
        throw new AppError('config-invalid', {
          message: `There is no ledger in ${directory}.`,
          hint: 'Run this where the app runs, or set DEXTER_DATA to its directory or DATABASE_URL to its database.',
        });
      if (state.isInUse)
        throw new AppError('config-invalid', {
          message: `The embedded database in ${directory} is in use by the app, and only one process can read it.`,
          hint: 'Stop the app for as long as this takes, or measure a copy of its DEXTER_DATA.',
        });
      return;
    case 'postgres':
      if (state.pending.length > 0)
        throw new AppError('config-invalid', {
          message: 'The database at DATABASE_URL does not have the tables of this version of Dexter.',
          hint: 'Start the app of this version once, which makes them, or use the version that the app has.',
        });
  }
}
