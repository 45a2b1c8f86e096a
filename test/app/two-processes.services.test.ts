import pg from 'pg';
import { freshPostgres } from '../ledger/fresh-postgres.ts';
import { twoProcesses } from './two-processes.ts';

twoProcesses('Postgres', async () => {
  const { url, drop } = await freshPostgres();
  return {
    url,
    async exec(statements) {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      try {
        await client.query(statements);
      } finally {
        await client.end();
      }
    },
    close: drop,
  };
});
