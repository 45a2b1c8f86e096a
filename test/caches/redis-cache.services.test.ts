import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { contextKey } from '../../src/caches/context-cache.ts';
import { contextCacheContract } from '../contracts/context-cache.ts';
import { fetchLockContract } from '../contracts/fetch-lock.ts';
import { connectedRedis, twoConnections } from './redis-world.ts';

const url = process.env.TEST_REDIS_URL ?? '';

contextCacheContract('Redis', async () => ({
  cache: (await connectedRedis(url)).cache,
  isShared: true,
  isServer: true,
}));

fetchLockContract('Redis', () => twoConnections(url));

test('what one process keeps, another one finds under the documented key', async () => {
  const one = await connectedRedis(url);
  const other = await connectedRedis(url);
  const key = contextKey(`acme-${randomUUID()}`, 'SHOP-42');
  await one.cache.set(key, 'text', 60_000);
  expect(await other.cache.get(key)).toBe('text');
  await one.cache.close();
  await other.cache.close();
});
