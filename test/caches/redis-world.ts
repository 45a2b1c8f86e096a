import { redisCache } from '../../src/caches/redis-cache.ts';

/** The driver with a connection to the server. */
export async function connectedRedis(url: string) {
  const ready = Promise.withResolvers<void>();
  const redis = redisCache({ url, onError: ready.reject, onReady: ready.resolve });
  await ready.promise;
  return redis;
}

/** Two connections to the server, as two processes have them. */
export async function twoConnections(url: string) {
  const one = await connectedRedis(url);
  const other = await connectedRedis(url);
  return {
    first: one.lock,
    second: other.lock,
    async end() {
      await one.cache.close();
      await other.cache.close();
    },
  };
}
