import { expect, test } from 'vitest';
import { memoryCache } from '../../src/caches/memory-cache.ts';
import { contextCacheContract } from '../contracts/context-cache.ts';

contextCacheContract('the memory of this process', async () => ({ cache: memoryCache() }));

test('a full memory lets go of what was not used for the longest', async () => {
  const cache = memoryCache({ maxBytes: 10_000 });
  await cache.set('one', 'x'.repeat(3_000), 60_000);
  await cache.set('two', 'x'.repeat(3_000), 60_000);
  await cache.get('one');
  await cache.set('three', 'x'.repeat(5_000), 60_000);
  expect(await cache.get('two')).toBeUndefined();
  expect(await cache.get('one')).toBeDefined();
  expect(await cache.get('three')).toBeDefined();
  await cache.close();
});

test('a text that is larger than the memory is not kept, and what it would replace is gone', async () => {
  const cache = memoryCache({ maxBytes: 1_000 });
  await cache.set('one', 'small', 60_000);
  await cache.set('one', 'x'.repeat(2_000), 60_000);
  expect(await cache.get('one')).toBeUndefined();
  await cache.close();
});
