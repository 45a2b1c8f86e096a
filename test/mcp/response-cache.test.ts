import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CacheOperation } from '../../src/mcp/operation-log.ts';
import { type CacheLimits, responseCache } from '../../src/mcp/response-cache.ts';

function world(limits: Partial<CacheLimits> = {}) {
  const operations: CacheOperation[] = [];
  const clock = { time: 1_000_000 };
  const cache = responseCache(
    { ttlMs: 60_000, maxEntries: 3, maxBytes: 10_000, ...limits },
    (operation) => operations.push(operation),
    { now: () => clock.time, elapsed: () => 0 },
  );
  const answer = (text: string, storedAt = clock.time) => ({
    tool: 'get',
    argumentsJson: '{}',
    resultJson: JSON.stringify({ content: [{ type: 'text', text }] }),
    storedAt,
  });
  const told = () => operations.map(({ type, key }) => `${type} ${key}`);
  return { cache, clock, answer, operations, told };
}

describe('the cache of answers', () => {
  it('answers until the time to live is over', () => {
    const { cache, clock, answer, told } = world();
    cache.set('a', answer('one'));
    clock.time += 59_999;
    expect(cache.get('a')?.resultJson).toContain('one');
    clock.time += 1;
    expect(cache.get('a')).toBeUndefined();
    expect(told()).toEqual(['set a', 'hit a', 'delete a', 'miss a']);
    expect(cache.totals()).toMatchObject({ hits: 1, misses: 1, expired: 1, entries: 0, bytesHeld: 0 });
  });

  it('tells how long it took to look answers up, and to keep them', () => {
    let elapsed = 0;
    const cache = responseCache({ ttlMs: 60_000, maxEntries: 3, maxBytes: 10_000 }, () => undefined, {
      now: () => 0,
      // Each look at the clock is 0.3 ms after the one before.
      elapsed: () => (elapsed += 0.3),
    });
    expect(cache.totals()).toMatchObject({ reads: { count: 0 }, writes: { count: 0 } });
    cache.set('a', { tool: 'get', argumentsJson: '{}', resultJson: '{}', storedAt: 0 });
    for (const key of ['a', 'b', 'a']) cache.get(key);
    const { reads, writes } = cache.totals();
    expect([reads.count, reads.buckets[0], writes.count]).toEqual([3, 3, 1]);
    expect(reads.sum).toBeCloseTo(0.9);
  });

  it('counts the time to live from when an answer was true', () => {
    const { cache, clock, answer } = world();
    cache.set('old', answer('old', clock.time - 60_000));
    cache.set('known', answer('known', clock.time - 59_000));
    cache.set('future', answer('future', clock.time + 3_600_000));
    expect(cache.get('old')).toBeUndefined();
    clock.time += 1_000;
    expect(cache.get('known')).toBeUndefined();
    clock.time += 59_000;
    expect(cache.get('future')).toBeUndefined();
  });

  it('lets the least recently used one go', () => {
    const { cache, answer } = world();
    for (const key of ['a', 'b', 'c']) cache.set(key, answer(key));
    cache.get('a');
    cache.set('d', answer('d'));
    expect(['a', 'b', 'c', 'd'].map((key) => cache.get(key) !== undefined)).toEqual([
      true,
      false,
      true,
      true,
    ]);
    expect(cache.totals().evicted).toBe(1);
  });

  it('keeps nothing that is larger than the whole cache, and does not empty it for that', () => {
    const { cache, answer } = world({ maxBytes: 200 });
    cache.set('a', answer('a'));
    cache.set('b', answer('x'.repeat(300)));
    expect(cache.get('a')).toBeDefined();
    expect(cache.get('b')).toBeUndefined();
  });

  it('forgets what it is told to', () => {
    const { cache, answer, told } = world();
    cache.set('a', answer('DX-1'));
    cache.set('b', answer('DX-2'));
    expect(cache.invalidate(({ resultJson }) => resultJson.includes('DX-1'))).toBe(1);
    expect(cache.get('a')).toBeUndefined();
    expect(cache.get('b')).toBeDefined();
    expect(told()).toContain('invalidate a');
  });

  it('logs in the common format, with the beginning of the key alone', () => {
    const { cache, answer, operations, clock } = world();
    cache.set('0123456789abcdef0123456789abcdef', answer('secret'));
    clock.time += 5_400;
    cache.get('0123456789abcdef0123456789abcdef');
    expect(operations.at(-1)).toEqual({
      level: 'info',
      event: 'cache_operation',
      type: 'hit',
      key: '0123456789abcdef',
      sizeBytes: 32 + 2 + JSON.stringify({ content: [{ type: 'text', text: 'secret' }] }).length,
      durationMs: 0,
      ageSeconds: 5,
      timestamp: new Date(clock.time).toISOString(),
      cache: 'mcp',
    });
  });

  it('never holds more than its limits, and counts right', () => {
    const step = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      size: fc.nat(120),
      what: fc.constantFrom('set', 'get', 'invalidate'),
      passed: fc.nat(30_000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { cache, clock, answer } = world({ maxBytes: 300 });
        for (const { key, size, what, passed } of steps) {
          clock.time += passed;
          if (what === 'set') cache.set(key, answer(`${key}:${'x'.repeat(size)}`));
          if (what === 'get') {
            const found = cache.get(key);
            if (found) {
              expect(found.resultJson).toContain(`"${key}:`);
              expect(clock.time - found.storedAt).toBeLessThan(60_000);
            }
          }
          if (what === 'invalidate') cache.invalidate(({ resultJson }) => resultJson.includes(`"${key}:`));
          const { entries, bytesHeld } = cache.totals();
          expect(entries).toBeLessThanOrEqual(3);
          expect(bytesHeld).toBeLessThanOrEqual(300);
          expect(entries === 0).toBe(bytesHeld === 0);
        }
      }),
    );
  });
});
