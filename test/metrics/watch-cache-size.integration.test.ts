import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { CacheUsage } from '../../src/caches/context-cache.ts';
import { memoryCache } from '../../src/caches/memory-cache.ts';
import { type Database, openDatabase } from '../../src/ledger/database.ts';
import { gauges } from '../../src/ledger/measures.ts';
import { watchCacheSize } from '../../src/metrics/watch-cache-size.ts';
import { logLines } from '../fakes/log-lines.ts';

let database: Database;

beforeAll(async () => {
  database = await openDatabase({ directory: 'memory://' });
});

afterEach(() => database.kysely.deleteFrom('gauges').execute());

afterAll(() => database.close());

const { log } = logLines();
const seen = async (name: Parameters<typeof gauges>[1]) =>
  (await gauges(database.kysely, name)).map(({ label, value }) => [label, value]);
const until = (condition: () => Promise<unknown>) =>
  expect.poll(condition, { interval: 20, timeout: 30_000 });

it('says what each process has in memory, and takes it back with its end', async () => {
  const cache = memoryCache();
  await cache.set('context:acme:SHOP-1', 'x'.repeat(1_000), 60_000);
  const db = database.kysely;
  const one = watchCacheSize({ cache, isShared: false, db, log, processId: 'one', everyMs: 50 });
  const other = watchCacheSize({ cache, isShared: false, db, log, processId: 'other' });
  await until(() => seen('context_items')).toEqual([
    ['memory/one', 1],
    ['memory/other', 1],
  ]);
  await cache.set('context:acme:SHOP-2', 'y', 60_000);
  await until(() => seen('context_items')).toEqual([
    ['memory/one', 2],
    ['memory/other', 1],
  ]);
  const [[, bytes = 0] = []] = await seen('context_bytes');
  expect(bytes).toBeGreaterThan(1_000);
  expect(await seen('redis_memory_bytes')).toEqual([]);
  await cache.close();
  await one.stop();
  expect(await seen('context_items')).toEqual([['memory/other', 1]]);
  await other.stop();
});

it('of processes that share a Redis one looks, and a Redis that fails is looked at again', async () => {
  let asked = 0;
  const usages: CacheUsage[] = [{ items: 3, bytes: 300, memoryBytes: 2 ** 31 }];
  const cache = {
    async usage() {
      asked += 1;
      const usage = usages[asked - 2];
      if (usage === undefined) throw new Error('no connection');
      return usage;
    },
  };
  const options = { cache, isShared: true, db: database.kysely, log, processId: 'x' };
  const failing = watchCacheSize(options);
  await failing.stop();
  expect([asked, await seen('context_items')]).toEqual([1, []]);
  const first = watchCacheSize(options);
  await until(() => seen('context_items')).toEqual([['redis', 3]]);
  const second = watchCacheSize(options);
  await second.stop();
  await first.stop();
  expect(asked).toBe(2);
  expect([await seen('context_bytes'), await seen('redis_memory_bytes')]).toEqual([
    [['redis', 300]],
    [['', 2 ** 31]],
  ]);
});
