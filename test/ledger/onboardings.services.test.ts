import { openDatabase } from '../../src/ledger/database.ts';
import { onboardingContract } from '../contracts/onboardings.ts';
import { freshPostgres } from './fresh-postgres.ts';

onboardingContract('Postgres', async () => {
  const { url, drop } = await freshPostgres();
  const database = await openDatabase({ url, directory: '' });
  return { ...database, close: () => database.close().then(drop) };
});
