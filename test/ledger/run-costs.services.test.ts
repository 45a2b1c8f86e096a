import { openDatabase } from '../../src/ledger/database.ts';
import { runCostsContract } from '../contracts/run-costs.ts';
import { freshPostgres } from './fresh-postgres.ts';

runCostsContract('Postgres', async () => {
  const { url, drop } = await freshPostgres();
  const database = await openDatabase({ url, directory: '' });
  return { ...database, close: () => database.close().then(drop) };
});
