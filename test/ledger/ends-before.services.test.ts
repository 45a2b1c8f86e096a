import pg from 'pg';
import { afterAll } from 'vitest';
import { endsBefore } from '../contracts/ends-before.ts';
import { freshPostgres } from './fresh-postgres.ts';

let drop: (() => Promise<void>) | undefined;

afterAll(() => drop?.());

endsBefore('Postgres', async () => {
  const fresh = await freshPostgres();
  drop = fresh.drop;
  return new pg.Pool({ connectionString: fresh.url });
});
