import { contextCacheContract } from '../contracts/context-cache.ts';
import { fetchLockContract } from '../contracts/fetch-lock.ts';
import { startFakeRedis } from '../fakes/redis-server.ts';
import { connectedRedis, twoConnections } from './redis-world.ts';

contextCacheContract('the protocol of Redis', async () => {
  const server = await startFakeRedis();
  const { cache } = await connectedRedis(server.url);
  return { cache, end: () => server.close() };
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
