import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** A database of its own on the Postgres that scripts/test-services.sh starts; `drop` removes it again. */
export async function freshPostgres(): Promise<{ url: string; drop(): Promise<void> }> {
  const server = process.env.TEST_DATABASE_URL;
  if (!server) throw new Error('TEST_DATABASE_URL is not set: run `npm run test:services`.');
  const name = `dexter_test_${randomBytes(8).toString('hex')}`;
  const asAdmin = async (statement: string) => {
    const client = new pg.Client({ connectionString: server });
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  };
  await asAdmin(`create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: String(url), drop: () => asAdmin(`drop database ${name} with (force)`) };
}
