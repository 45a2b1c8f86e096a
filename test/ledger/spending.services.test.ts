import { openDatabase } from '../../src/ledger/database.ts';
import { spendingContract } from '../contracts/spending.ts';
import { freshPostgres } from './fresh-postgres.ts';

spendingContract('Postgres', async () => {
  const { url, drop } = await freshPostgres();
  const database = await openDatabase({ url, directory: '' });
  return { ...database, close: () => database.close().then(drop) };
});
