import { join } from 'node:path';
import { type DatabaseState, inspectEmbedded, inspectPostgres } from '../../../ledger/inspect-database.ts';
import { type Room, roomFor } from '../../../workspace/room-for.ts';
import type { Check } from '../check.ts';
import { count, failed, ok, type Verdict, warning } from '../verdict.ts';

export const database: Check = {
  id: 'database',
  area: 'app',
  title: 'Database',
  looksAt:
    'Postgres answers, its tables are those of this version, and the user may make them; or the directory of the embedded database can be used. It is only read.',
  mend: 'Correct `DATABASE_URL` or `DEXTER_DATA`, grant what is named, or update Dexter.',
  needs: ['configuration'],
  async inspect({ config }) {
    const { databaseUrl, dataDirectory } = await config();
    if (databaseUrl !== undefined) return judgeDatabase(await inspectPostgres(databaseUrl));
    const directory = join(dataDirectory, 'database');
    const [state, room] = await Promise.all([inspectEmbedded(directory), roomFor(directory)]);
    return judgeDatabase(state, room);
  },
};

export function judgeDatabase(state: DatabaseState, room?: Room): Verdict {
  switch (state.outcome) {
    case 'unreachable':
      return failed(
        `Postgres at DATABASE_URL does not let Dexter in: ${state.reason}.`,
        'Check DATABASE_URL, that Postgres runs, and that its user may log in from this machine.',
      );
    case 'foreign':
      return failed(
        `The embedded database cannot be used: ${state.reason}.`,
        'Point DEXTER_DATA to a directory of its own, or give the user who runs Dexter access to it.',
      );
    case 'embedded': {
      if (room?.outcome === 'blocked') {
        return failed(
          `The embedded database cannot be written: ${room.reason}.`,
          'Give the user who runs Dexter write access to DEXTER_DATA, or point it elsewhere.',
        );
      }
      if (!state.isThere) return ok('Embedded; it is made at the first start.');
      return ok(state.isInUse ? 'Embedded, in use by the app.' : 'Embedded; no app is using it.');
    }
    case 'postgres':
      return judgePostgres(state);
  }
}

function judgePostgres({
  pending,
  unknown,
  mayMakeTables,
  mayMakeSchemas,
}: Extract<DatabaseState, { outcome: 'postgres' }>): Verdict {
  const newer = `The tables are those of a newer Dexter: this one does not know ${unknown.join(', ')}`;
  const update = 'Run the version of Dexter that the database was last used with, or a newer one.';
  if (unknown.length > 0 && pending.length > 0)
    return failed(`${newer}, and lacks ${pending.join(', ')}.`, update);
  // Changes only add: a version that was gone back to, or is still being replaced, finds all that it needs.
  if (unknown.length > 0) return warning(`${newer}, and works with them all the same.`, update);
  if (pending.length === 0) return ok('Postgres answers, and its tables are up to date.');
  const lacking = [
    ...(mayMakeTables ? [] : ['grant create on schema public to <the user of DATABASE_URL>']),
    ...(mayMakeSchemas ? [] : ['grant create on database <its name> to <the user of DATABASE_URL>']),
  ];
  if (lacking.length > 0) {
    return failed(
      'The user of DATABASE_URL may not make the tables that Dexter needs.',
      `As an administrator of Postgres: ${lacking.join('; ')}`,
    );
  }
  return warning(
    `Postgres answers; ${count(pending.length, 'change')} of the tables will be made at the next start of the app.`,
    'Start the app: `npm start`',
  );
}
