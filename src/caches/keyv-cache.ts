import type Keyv from 'keyv';
import type { CacheUsage, ContextCache } from './context-cache.ts';

/** The port over Keyv, whatever it keeps texts in. The Keyv must throw its errors. */
export function keyvCache(
  keyv: Keyv,
  { usage, letGo }: { usage: () => Promise<CacheUsage>; letGo: () => void },
): ContextCache {
  let closed = false;

  function open(): Keyv {
    if (closed) throw new Error('the cache is closed');
    return keyv;
  }

  return {
    async get(key) {
      const value: unknown = await open().get(key);
      return typeof value === 'string' ? value : undefined;
    },
    async set(key, text, ttlMs) {
      await open().set(key, text, ttlMs);
    },
    async delete(key) {
      await open().delete(key);
    },
    async usage() {
      open();
      return usage();
    },
    async close() {
      if (closed) return;
      closed = true;
      letGo();
    },
  };
}
