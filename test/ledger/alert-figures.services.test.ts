import { openDatabase } from '../../src/ledger/database.ts';
import { alertFiguresContract } from '../contracts/alert-figures.ts';
import { freshPostgres } from './fresh-postgres.ts';

alertFiguresContract('Postgres', async () => {
  const { url, drop } = await freshPostgres();
  const database = await openDatabase({ url, directory: '' });
  return { ...database, close: () => database.close().then(drop) };
});
