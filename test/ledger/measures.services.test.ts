import { openDatabase } from '../../src/ledger/database.ts';
import { measuresContract } from '../contracts/measures.ts';
import { freshPostgres } from './fresh-postgres.ts';

measuresContract('Postgres', async () => {
  const { url, drop } = await freshPostgres();
  const database = await openDatabase({ url, directory: '' });
  return { ...database, close: () => database.close().then(drop) };
});
