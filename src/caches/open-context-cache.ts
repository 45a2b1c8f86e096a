import type { Logger } from 'pino';
import { type CacheGuard, cacheGuard } from './cache-guard.ts';
import type { ContextCache } from './context-cache.ts';
import type { FetchLock } from './fetch-lock.ts';
import { memoryCache } from './memory-cache.ts';
import { redisCache } from './redis-cache.ts';

export interface OpenCache {
  cache: ContextCache;
  /** Absent where no other process shares the cache. */
  lock?: FetchLock;
  guard: CacheGuard;
  /** Whether other processes use it too. */
  isShared: boolean;
}

/** Redis where there is an address of one, else the memory of this process. A Redis that is down does not hold this up. */
export function openContextCache({ redisUrl, log }: { redisUrl?: string; log: Logger }): OpenCache {
  const guard = cacheGuard({ log });
  if (redisUrl === undefined) return { cache: memoryCache(), guard, isShared: false };
  return {
    ...redisCache({ url: redisUrl, onError: guard.failed, onReady: guard.recovered }),
    guard,
    isShared: true,
  };
}
