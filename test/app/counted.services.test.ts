import { freshPostgres } from '../ledger/fresh-postgres.ts';
import { counted } from './counted.ts';

counted('Postgres', async () => {
  const { url, drop } = await freshPostgres();
  return { url, close: drop };
});
