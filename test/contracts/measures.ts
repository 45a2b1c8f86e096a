import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { boundsMs, quantile } from '../../src/core/histogram.ts';
import type { Database } from '../../src/ledger/database.ts';
import {
  addMeasures,
  foldMeasures,
  forgetOldGauges,
  gauges,
  measuresByHour,
  removeGauges,
  setGauges,
  sumMeasures,
} from '../../src/ledger/measures.ts';

const dayMs = 86_400_000;

/** What is counted and how large things are, in any database. */
export function measuresContract(name: string, open: () => Promise<Database>): void {
  describe(`measures in ${name}`, () => {
    let database: Database;

    beforeAll(async () => {
      database = await open();
    });
    beforeEach(async () => {
      for (const table of ['measures', 'gauges'] as const) await database.kysely.deleteFrom(table).execute();
    });
    afterAll(() => database?.close());

    it('adds up what several writers count, hour by hour, and keeps tenants apart', async () => {
      const db = database.kysely;
      await Promise.all([
        addMeasures(db, [
          { name: 'cache_hit', label: 'context' },
          { name: 'cache_hit', label: 'context', times: 2 },
          { name: 'cache_read', label: 'context', value: 3 },
          { name: 'cache_read', label: 'context', value: 700 },
        ]),
        addMeasures(db, [
          { name: 'cache_hit', label: 'session/s3', repositoryId: 7 },
          { name: 'cache_hit', label: 'session/s3', repositoryId: 8, times: 5 },
          { name: 'cache_read', label: 'context', value: 4 },
        ]),
      ]);
      const all = await sumMeasures(db, { scope: 'all' });
      expect(all.map(({ name, label, count, sum }) => [name, label, count, sum])).toEqual([
        ['cache_hit', 'context', 3, 0],
        ['cache_hit', 'session/s3', 6, 0],
        ['cache_read', 'context', 3, 707],
      ]);
      const [read] = all.filter(({ name }) => name === 'cache_read');
      expect(read?.buckets).toHaveLength(boundsMs.length + 1);
      expect(quantile(read ?? { buckets: [] }, boundsMs, 0.99)).toBeCloseTo(985);
      expect(await sumMeasures(db, { scope: [7] })).toEqual([
        { name: 'cache_hit', label: 'session/s3', count: 1, sum: 0, buckets: [] },
      ]);
      expect(await sumMeasures(db, { scope: [] })).toEqual([]);
      const hours = await measuresByHour(db, { names: ['cache_hit'], since: new Date(0), scope: 'all' });
      expect(hours.reduce((sum, { count }) => sum + count, 0)).toBe(9);
      expect(hours[0]?.hour.getUTCMinutes()).toBe(0);
      expect(await sumMeasures(db, { since: new Date(Date.now() + 7_200_000), scope: 'all' })).toEqual([]);
    });

    it('adds histograms of other writers, also of a version with more buckets or none', async () => {
      const db = database.kysely;
      const add = (count: number, sum: number, buckets: number[]) =>
        addMeasures(db, [
          { name: 'cache_read', label: 'mcp', repositoryId: 2 ** 31 + 7, values: { count, sum, buckets } },
        ]);
      await add(3, 1.5, [1, 2]);
      await add(6, 60.25, [1, 2, 3]);
      await add(1, 1, []);
      expect(await sumMeasures(db, { scope: 'all' })).toEqual([
        { name: 'cache_read', label: 'mcp', count: 10, sum: 62.75, buckets: [2, 4, 3] },
      ]);
    });

    it('lets many writers of the same rows at once lose nothing and wait for no other in a circle', async () => {
      const names = ['cache_hit', 'cache_miss'] as const;
      const writers = Array.from({ length: 12 }, (_, index) =>
        database.kysely.transaction().execute(async (transaction) => {
          const both = index % 2 ? names : names.toReversed();
          await addMeasures(
            transaction,
            both.flatMap((name) => [1, 2].map((repositoryId) => ({ name, label: 'mcp', repositoryId }))),
          );
        }),
      );
      await Promise.all(writers);
      const sums = await sumMeasures(database.kysely, { scope: 'all' });
      expect(sums.map(({ name, count }) => [name, count])).toEqual([
        ['cache_hit', 24],
        ['cache_miss', 24],
      ]);
    });

    it('counts with what it belongs to, or not at all', async () => {
      const undone = database.kysely.transaction().execute(async (transaction) => {
        await addMeasures(transaction, [{ name: 'canary', label: 'time' }]);
        throw new Error('undone');
      });
      await expect(undone).rejects.toThrow('undone');
      expect(await sumMeasures(database.kysely, { scope: 'all' })).toEqual([]);
    });

    it('makes one of the hours of each old day, whoever does so at the same time, and counts as before', async () => {
      const db = database.kysely;
      const startOfDay = Math.floor(Date.now() / dayMs) * dayMs;
      const at = (days: number, hour: number) => new Date(startOfDay - days * dayMs + hour * 3_600_000);
      const times = [100, 99, 91, 89, 1].flatMap((days) => [0, 1, 13, 23].map((hour) => at(days, hour)));
      for (const hour of times)
        for (const repositoryId of [7, 8])
          await sql`insert into measures (name, label, repository_id, hour, count, sum, buckets) values
            ('cache_hit', 'mcp', ${repositoryId}, ${hour.toISOString()}, 3, 0, '{}'),
            ('cache_read', 'mcp', ${repositoryId}, ${hour.toISOString()}, 2, 74.5, '{1,0,1}')`.execute(db);
      const before = await sumMeasures(db, { scope: 'all' });
      const ofDays = await sumMeasures(db, { scope: [7], since: at(99, 0), until: at(89, 0) });
      const fold = async () => {
        while (await foldMeasures(db, 5));
      };
      await Promise.all([fold(), fold(), fold()]);
      await fold();
      expect(await sumMeasures(db, { scope: 'all' })).toEqual(before);
      expect(await sumMeasures(db, { scope: [7], since: at(99, 0), until: at(89, 0) })).toEqual(ofDays);
      const hours = await measuresByHour(db, { scope: [7], names: ['cache_hit'] });
      expect(hours.map(({ hour, count }) => [hour.getTime(), count])).toEqual([
        ...[100, 99, 91].map((days) => [at(days, 0).getTime(), 12]),
        ...[89, 1].flatMap((days) => [0, 1, 13, 23].map((hour) => [at(days, hour).getTime(), 3])),
      ]);
    });

    it('knows of a gauge what was seen last', async () => {
      const db = database.kysely;
      await setGauges(db, [{ name: 'workspace_bytes', label: 'acme/one', value: 10 }]);
      await setGauges(db, [
        { name: 'workspace_bytes', label: 'acme/two', value: 2 ** 40 },
        { name: 'workspace_bytes', label: 'acme/one', value: 4 },
        { name: 'context_items', label: 'redis', value: 5 },
      ]);
      expect(await gauges(db, 'workspace_bytes')).toMatchObject([
        { label: 'acme/one', value: 4 },
        { label: 'acme/two', value: 2 ** 40 },
      ]);
    });

    it('tells gauges that were seen a moment ago from old ones, and takes them back', async () => {
      const db = database.kysely;
      await setGauges(db, [
        { name: 'context_items', label: 'memory/1', value: 1 },
        { name: 'context_items', label: 'memory/2', value: 2 },
        { name: 'context_bytes', label: 'memory/2', value: 2 },
      ]);
      await db
        .updateTable('gauges')
        .set({ at: sql<Date>`now() - interval '1 hour'` })
        .where('label', '=', 'memory/1')
        .execute();
      const recent = await gauges(db, 'context_items', { seconds: 300 });
      expect(recent.map(({ label }) => label)).toEqual(['memory/2']);
      expect(await gauges(db, 'context_items')).toHaveLength(2);
      await removeGauges(db, ['context_items'], 'memory/2');
      expect(await gauges(db, 'context_items')).toMatchObject([{ label: 'memory/1' }]);
      expect(await gauges(db, 'context_bytes')).toMatchObject([{ label: 'memory/2', value: 2 }]);
    });

    it('forgets gauges of what is not there any more', async () => {
      const db = database.kysely;
      const gauged = (['context_items', 'redis_memory_bytes', 'workspace_bytes'] as const).flatMap((name) =>
        [1, 20, 40].map((days) => ({ name, label: `${days} days old`, value: days })),
      );
      await setGauges(db, [...gauged, { name: 'context_bytes', label: 'new', value: 1 }]);
      await sql`update gauges set at = now() - make_interval(days => value::int, hours => 1)
        where label <> 'new'`.execute(db);
      await forgetOldGauges(db);
      const left = await db
        .selectFrom('gauges')
        .select(['name', 'label'])
        .orderBy('name')
        .orderBy('label')
        .execute();
      expect(left.map(({ name, label }) => `${name} ${label}`)).toEqual([
        'context_bytes new',
        'workspace_bytes 1 days old',
        'workspace_bytes 20 days old',
      ]);
    });
  });
}
