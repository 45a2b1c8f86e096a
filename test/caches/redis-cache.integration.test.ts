import { expect, test } from 'vitest';
import { contextCacheContract } from '../contracts/context-cache.ts';
import { fetchLockContract } from '../contracts/fetch-lock.ts';
import { startFakeRedis } from '../fakes/redis-server.ts';
import { connectedRedis, twoConnections } from './redis-world.ts';

contextCacheContract('the protocol of Redis', async () => {
  const server = await startFakeRedis();
  const { cache } = await connectedRedis(server.url);
  return { cache, isServer: true, end: () => server.close() };
});

test('a server that does not say what it takes is asked for the rest', async () => {
  const server = await startFakeRedis({ refuses: ['INFO'] });
  const { cache } = await connectedRedis(server.url);
  server.values.set('context:acme:SHOP-1', { text: 'text', until: Number.POSITIVE_INFINITY });
  server.values.set('another:SHOP-1', { text: 'no context', until: Number.POSITIVE_INFINITY });
  expect(await cache.usage()).toEqual({ items: 1, bytes: 4 });
  await cache.close();
  await server.close();
});

test('of a very large server a part is looked at', async () => {
  const server = await startFakeRedis();
  const { cache } = await connectedRedis(server.url);
  for (let index = 0; index < 120_000; index += 1)
    server.values.set(`another:${index}`, { text: '', until: Number.POSITIVE_INFINITY });
  server.values.set('context:acme:SHOP-1', { text: 'text', until: Number.POSITIVE_INFINITY });
  expect(await cache.usage()).toMatchObject({ items: 0, bytes: 0 });
  expect(server.commands.filter(([name]) => name === 'SCAN')).toHaveLength(200);
  await cache.close();
  await server.close();
});

fetchLockContract('the protocol of Redis', async () => {
  const server = await startFakeRedis();
  const connections = await twoConnections(server.url);
  return {
    ...connections,
    async end() {
      await connections.end();
      await server.close();
    },
  };
});
