import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FetchLock } from '../../src/caches/fetch-lock.ts';

/** What every driver of the lock keeps; `open` answers two views of one lock, as two processes have them. */
export function fetchLockContract(
  name: string,
  open: () => Promise<{ first: FetchLock; second: FetchLock; end(): Promise<void> }>,
): void {
  describe(`the fetch lock on ${name}`, () => {
    let locks: Awaited<ReturnType<typeof open>>;
    const holders = { first: randomUUID(), second: randomUUID() };
    let key = '';

    beforeEach(async () => {
      key = `context:acme-${randomUUID()}:SHOP-42`;
      locks = await open();
    });

    afterEach(() => locks.end());

    test('one of several takers gets it', async () => {
      const taken = await Promise.all([
        locks.first.take(key, holders.first, 60_000),
        locks.second.take(key, holders.second, 60_000),
      ]);
      expect(taken.toSorted()).toEqual([false, true]);
    });

    test('given back, it can be taken by the other one', async () => {
      expect(await locks.first.take(key, holders.first, 60_000)).toBe(true);
      expect(await locks.second.take(key, holders.second, 60_000)).toBe(false);
      await locks.first.release(key, holders.first);
      expect(await locks.second.take(key, holders.second, 60_000)).toBe(true);
    });

    test('the lock of a holder that died is free when its lease is over', async () => {
      expect(await locks.first.take(key, holders.first, 50)).toBe(true);
      await expect
        .poll(() => locks.second.take(key, holders.second, 60_000), { interval: 10, timeout: 5_000 })
        .toBe(true);
    });

    test('who lost it neither prolongs nor gives back what the next one holds', async () => {
      expect(await locks.first.take(key, holders.first, 50)).toBe(true);
      await expect
        .poll(() => locks.second.take(key, holders.second, 60_000), { interval: 10, timeout: 5_000 })
        .toBe(true);
      expect(await locks.first.renew(key, holders.first, 60_000)).toBe(false);
      await locks.first.release(key, holders.first);
      expect(await locks.first.take(key, holders.first, 60_000)).toBe(false);
      expect(await locks.second.renew(key, holders.second, 60_000)).toBe(true);
    });

    test('locks of two tickets have nothing to do with each other', async () => {
      expect(await locks.first.take(key, holders.first, 60_000)).toBe(true);
      expect(await locks.second.take(`${key}0`, holders.second, 60_000)).toBe(true);
    });
  });
}
