import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { until } from '../fakes/processes.ts';

/** How long connections that were ended may take to be gone. */
const goneWithinMs = 10_000;

/** A database of its own on the Postgres that scripts/test-services.sh starts; `drop` removes it again. */
export async function freshPostgres(): Promise<{ url: string; drop(): Promise<void> }> {
  const server = process.env.TEST_DATABASE_URL;
  if (!server) throw new Error('TEST_DATABASE_URL is not set: run `npm run test:services`.');
  const name = `dexter_test_${randomBytes(8).toString('hex')}`;
  const asAdmin = async (work: (client: pg.Client) => Promise<unknown>) => {
    const client = new pg.Client({ connectionString: server });
    await client.connect();
    try {
      await work(client);
    } finally {
      await client.end();
    }
  };
  await asAdmin((client) => client.query(`create database ${name}`));
  const url = new URL(server);
  url.pathname = `/${name}`;
  const drop = () =>
    asAdmin(async (client) => {
      // A pool is ended before Postgres has let its connections go. One that it has to break off tells its client so, and
      // nobody listens there any more.
      const isUnused = async () =>
        (await client.query('select from pg_stat_activity where datname = $1', [name])).rowCount === 0;
      await until(isUnused, goneWithinMs).catch(() => undefined);
      await client.query(`drop database ${name} with (force)`);
    });
  return { url: String(url), drop };
}
