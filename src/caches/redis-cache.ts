import KeyvRedis, { createClient } from '@keyv/redis';
import Keyv from 'keyv';
import type { ContextCache } from './context-cache.ts';
import type { FetchLock } from './fetch-lock.ts';
import { keyvCache } from './keyv-cache.ts';
import { redisUsage } from './redis-usage.ts';

/** A server that cannot be reached is tried again after this long, twice as long each time. */
const firstPauseMs = 100;
const longestPauseMs = 5_000;

const connectTimeoutMs = 2_000;

/** A connection on which even a ping gets no answer for this long is given up and made anew. */
const pingEveryMs = 4_000;
const silentMs = 10_000;

/** Only the holder may prolong or give back: a lease that is over may be another one's by now. */
const renewScript =
  "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) else return 0 end";
const releaseScript =
  "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end";

export interface RedisCache {
  cache: ContextCache;
  lock: FetchLock;
}

export interface RedisCacheOptions {
  /** `redis://` or `rediss://`, with credentials where they are needed. */
  url: string;
  /** Hears of failures to connect, again and again while they last. */
  onError: (error: Error) => void;
  /** Hears of every connection that was made. */
  onReady: () => void;
}

/**
 * Redis, shared by all processes that are given the same address. Answers at once and connects in the background, for as
 * long as it takes: without a connection every call rejects at once instead of waiting for one. A call that was sent
 * may wait for its answer: limit its time.
 */
export function redisCache({ url, onError, onReady }: RedisCacheOptions): RedisCache {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    pingInterval: pingEveryMs,
    socket: {
      connectTimeout: connectTimeoutMs,
      socketTimeout: silentMs,
      reconnectStrategy: (tries) => Math.min(firstPauseMs * 2 ** tries, longestPauseMs),
    },
  });
  client.on('error', onError);
  client.on('ready', onReady);
  const redis = new KeyvRedis<string>(client, { throwOnErrors: true });
  client.connect().catch(onError);
  const keyv = new Keyv({
    // Texts as they are, under keys as they are: Redis itself knows how long to keep them.
    store: {
      async get(key: string) {
        const text = await redis.get(key);
        return text === undefined ? undefined : { value: text };
      },
      set: (key: string, kept: { value: string }, ttlMs: number) => redis.set(key, kept.value, ttlMs),
      delete: (key: string) => redis.delete(key),
      clear: () => redis.clear(),
    },
    serialize: undefined,
    deserialize: undefined,
    useKeyPrefix: false,
    throwOnErrors: true,
    emitErrors: false,
  });
  let closed = false;

  const lock: FetchLock = {
    async take(key, holder, leaseMs) {
      const answer = await client.set(lockKey(key), holder, {
        condition: 'NX',
        expiration: { type: 'PX', value: leaseMs },
      });
      return answer === 'OK';
    },
    async renew(key, holder, leaseMs) {
      const answer = await client.eval(renewScript, {
        keys: [lockKey(key)],
        arguments: [holder, String(leaseMs)],
      });
      return answer === 1;
    },
    async release(key, holder) {
      await client.eval(releaseScript, { keys: [lockKey(key)], arguments: [holder] });
    },
  };

  return {
    cache: keyvCache(keyv, {
      usage: () => redisUsage(client),
      letGo() {
        if (closed) return;
        closed = true;
        client.destroy();
      },
    }),
    lock,
  };
}

function lockKey(key: string): string {
  return `fetching:${key}`;
}
