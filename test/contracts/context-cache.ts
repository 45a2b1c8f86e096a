import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ContextCache } from '../../src/caches/context-cache.ts';

export interface CacheUnderTest {
  cache: ContextCache;
  /** Whether others keep texts there too. */
  isShared?: boolean;
  /** Whether it is a server, which says what it takes. */
  isServer?: boolean;
  /** Ends what stands behind the cache, after the cache itself. */
  end?: () => Promise<void>;
}

/** What every driver of the port keeps, whatever it keeps it in. */
export function contextCacheContract(name: string, open: () => Promise<CacheUnderTest>): void {
  describe(`the context cache on ${name}`, () => {
    let under: CacheUnderTest;
    let cache: ContextCache;
    // A server may outlive a test: no two share a key.
    const key = (issueKey = 'SHOP-42') => `context:acme-${run}:${issueKey}`;
    let run = '';

    beforeEach(async () => {
      run = randomUUID();
      under = await open();
      cache = under.cache;
    });

    afterEach(async () => {
      await cache.close();
      await under.end?.();
    });

    test('what was never kept is a miss', async () => {
      expect(await cache.get(key())).toBeUndefined();
    });

    test('a text comes back as it was, whatever is in it', async () => {
      const texts = [
        '',
        '{}',
        'null',
        '"\\u0000\u{1F600}\\r\\n',
        'שלום',
        `{"value":"x","expires":1}`,
        'x'.repeat(300_000),
      ];
      for (const text of texts) {
        await cache.set(key(), text, 60_000);
        expect(await cache.get(key())).toBe(text);
      }
    });

    test('keys do not run into each other', async () => {
      await cache.set(key('SHOP-4'), 'four', 60_000);
      await cache.set(key('SHOP-42'), 'forty-two', 60_000);
      await cache.delete(key('SHOP-4'));
      expect(await cache.get(key('SHOP-4'))).toBeUndefined();
      expect(await cache.get(key('SHOP-42'))).toBe('forty-two');
    });

    test('a later text replaces the earlier one and its time to live', async () => {
      await cache.set(key(), 'one', 50);
      await cache.set(key(), 'two', 60_000);
      await setTimeout(120);
      expect(await cache.get(key())).toBe('two');
    });

    test('what is over its time is a miss', async () => {
      await cache.set(key(), 'old', 30);
      await expect.poll(() => cache.get(key()), { interval: 10, timeout: 5_000 }).toBeUndefined();
    });

    test('what was deleted is a miss, and to delete it again does nothing', async () => {
      await cache.set(key(), 'here', 60_000);
      await cache.delete(key());
      await cache.delete(key());
      expect(await cache.get(key())).toBeUndefined();
    });

    test('calls at the same time all get their own answers', async () => {
      const keys = Array.from({ length: 50 }, (_, index) => key(`SHOP-${index + 1}`));
      await Promise.all(keys.map((one) => cache.set(one, `text of ${one}`, 60_000)));
      expect(await Promise.all(keys.map((one) => cache.get(one)))).toEqual(
        keys.map((one) => `text of ${one}`),
      );
    });

    test('it says how many texts it keeps and what they take', async () => {
      const isAlone = under.isShared !== true;
      const text = '\u{1F600}'.repeat(100);
      const keys = Array.from({ length: 1_200 }, (_, index) => key(`SHOP-${index + 1}`));
      await Promise.all(keys.map((one) => cache.set(one, text, 60_000)));
      const full = await cache.usage();
      expect(full.items).toBeGreaterThanOrEqual(1_200);
      expect(full.bytes).toBeGreaterThanOrEqual(1_200 * 400);
      if (isAlone) expect(full.items).toBe(1_200);
      if (isAlone) expect(full.bytes).toBeLessThan(1_200 * 700);
      if (under.isServer) expect(full.memoryBytes).toBeGreaterThan(full.bytes);
      else expect(full).not.toHaveProperty('memoryBytes');
      await Promise.all(keys.map((one) => cache.delete(one)));
      if (isAlone) expect(await cache.usage()).toMatchObject({ items: 0, bytes: 0 });
    });

    test('what is over its time does not count', async () => {
      await cache.set(key(), 'old', 30);
      await expect.poll(() => cache.get(key()), { interval: 10, timeout: 5_000 }).toBeUndefined();
      if (under.isShared !== true) expect(await cache.usage()).toMatchObject({ items: 0, bytes: 0 });
    });

    test('once closed it rejects, and closing again does nothing', async () => {
      await cache.close();
      await cache.close();
      await expect(cache.get(key())).rejects.toThrow('closed');
      await expect(cache.set(key(), 'text', 60_000)).rejects.toThrow('closed');
      await expect(cache.delete(key())).rejects.toThrow('closed');
      await expect(cache.usage()).rejects.toThrow('closed');
    });
  });
}
