import Keyv from 'keyv';
import { LRUCache } from 'lru-cache';
import type { ContextCache } from './context-cache.ts';
import { keyvCache } from './keyv-cache.ts';

/** What a large ticket takes is some hundred kilobytes. */
const defaultMaxBytes = 64 * 1024 * 1024;

/** In this process, lost with it. What was not used for the longest goes first when it is full. */
export function memoryCache({ maxBytes = defaultMaxBytes }: { maxBytes?: number } = {}): ContextCache {
  const texts = new LRUCache<string, string>({
    maxSize: maxBytes,
    sizeCalculation: (text, key) => Buffer.byteLength(text) + Buffer.byteLength(key),
  });
  const store = {
    get: (key: string) => texts.get(key),
    // Keyv itself looks whether a text is over its time; the LRU is told for what it says of its size.
    set(key: string, text: string, ttlMs?: number) {
      texts.set(key, text, ttlMs === undefined ? {} : { ttl: ttlMs });
    },
    delete: (key: string) => texts.delete(key),
    clear: () => texts.clear(),
  };
  return keyvCache(new Keyv({ store, useKeyPrefix: false, throwOnErrors: true, emitErrors: false }), {
    async usage() {
      texts.purgeStale();
      return { items: texts.size, bytes: texts.calculatedSize };
    },
    letGo: () => texts.clear(),
  });
}
