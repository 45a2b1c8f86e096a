import { openDatabase } from '../../src/ledger/database.ts';
import { commandPagesContract } from '../contracts/command-pages.ts';
import { freshPostgres } from './fresh-postgres.ts';

commandPagesContract('Postgres', async () => {
  const { url, drop } = await freshPostgres();
  const database = await openDatabase({ url, directory: '' });
  return { ...database, close: () => database.close().then(drop) };
});
