import { connectedRedis } from '../caches/redis-world.ts';
import { sharedRedis } from './shared-redis.ts';

sharedRedis('Redis', async () => {
  const url = process.env.TEST_REDIS_URL ?? '';
  return {
    url,
    async close() {
      // Whoever runs these tests again on the same server finds it as it was.
      const { cache } = await connectedRedis(url);
      await cache.delete('context:acme:SHOP-42');
      await cache.close();
    },
  };
});
