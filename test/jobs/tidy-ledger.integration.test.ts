import { sql } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { tidyLedger } from '../../src/jobs/tidy-ledger.ts';
import { auditPage, keepAudit } from '../../src/ledger/audit.ts';
import { type Database, openDatabase } from '../../src/ledger/database.ts';
import { sumMeasures } from '../../src/ledger/measures.ts';

let database: Database;

beforeEach(async () => {
  database = await openDatabase({ directory: 'memory://' });
});

afterEach(() => database.close());

it('forgets who did what after a year, and keeps of old hours their sum, in as many steps as it takes', async () => {
  const db = database.kysely;
  for (const [viewer, days] of [
    ['long ago', 366],
    ['lately', 364],
    ['now', 0],
  ] as const) {
    await keepAudit(db, { viewer, action: 'stop', outcome: 'accepted' });
    await sql`update audit set at = now() - make_interval(days => ${days}) where viewer = ${viewer}`.execute(
      db,
    );
  }
  await sql`
    insert into measures (name, label, repository_id, hour, count, sum, buckets)
    select 'cache_hit', 'mcp', 0, date_trunc('day', now(), 'UTC') - interval '100 days' - hours * interval '1 hour', 1, 0, '{}'
    from generate_series(1, 4800) as hours`.execute(db);
  let steps = 1;
  while (await tidyLedger(db)) steps += 1;
  expect(steps).toBeGreaterThan(1);
  expect((await auditPage(db, { limit: 10 })).map(({ viewer }) => viewer)).toEqual(['now', 'lately']);
  expect(await sumMeasures(db, { scope: 'all' })).toMatchObject([{ name: 'cache_hit', count: 4_800 }]);
  const { rows } = await sql<{ rows: number }>`select count(*)::int as rows from measures`.execute(db);
  expect(rows[0]?.rows).toBe(200);
});
