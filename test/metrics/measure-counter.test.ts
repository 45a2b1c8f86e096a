import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Measured } from '../../src/core/measure.ts';
import { measureCounter } from '../../src/metrics/measure-counter.ts';
import { logLines } from '../fakes/log-lines.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A ledger that can be away. */
function counterOf() {
  const { log, lines } = logLines();
  const written: Measured[][] = [];
  const ledger = { isAway: false };
  const counter = measureCounter({
    log,
    async write(measured) {
      if (ledger.isAway) throw new Error('no connection');
      written.push([...measured]);
    },
  });
  const counts = () =>
    written.map((batch) => batch.map(({ name, values }) => [name, values?.count, values?.sum]));
  return { counter, ledger, lines, written, counts };
}

test('what is counted is written about a second later, added up', async () => {
  const { counter, counts, written } = counterOf();
  counter.count({ name: 'cache_hit', label: 'context' });
  counter.count({ name: 'cache_hit', label: 'context' });
  counter.count({ name: 'cache_read', label: 'context', value: 2.5 });
  counter.count({ name: 'cache_read', label: 'context', value: 4 });
  await vi.advanceTimersByTimeAsync(900);
  expect(written).toEqual([]);
  await vi.advanceTimersByTimeAsync(200);
  expect(counts()).toEqual([
    [
      ['cache_hit', 2, 0],
      ['cache_read', 2, 6.5],
    ],
  ]);
});

test('nothing is written while nothing happens', async () => {
  const { counter, counts } = counterOf();
  await counter.flush();
  counter.count({ name: 'cache_hit', label: 'context' });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(counts()).toEqual([[['cache_hit', 1, 0]]]);
  expect(vi.getTimerCount()).toBe(0);
});

test('a ledger that is away loses nothing, and is told of twice', async () => {
  const { counter, counts, ledger, lines } = counterOf();
  ledger.isAway = true;
  for (let index = 0; index < 5_000; index += 1) {
    counter.count({ name: 'cache_read', label: 'context', value: 1 });
    if (index % 500 === 0) await vi.advanceTimersByTimeAsync(1_100);
  }
  expect(counts()).toEqual([]);
  ledger.isAway = false;
  counter.count({ name: 'cache_hit', label: 'context' });
  await vi.advanceTimersByTimeAsync(6_000);
  expect(counts()).toEqual([
    [
      ['cache_hit', 1, 0],
      ['cache_read', 5_000, 5_000],
    ],
  ]);
  expect(lines.map(({ level }) => level)).toEqual([40, 30]);
});

test('what is counted while a write is under way is written after it', async () => {
  const { log } = logLines();
  const landing = Promise.withResolvers<void>();
  const written: (number | undefined)[] = [];
  const counter = measureCounter({
    log,
    async write([one]) {
      written.push(one?.values?.count);
      await landing.promise;
    },
  });
  counter.count({ name: 'cache_hit', label: 'context' });
  await vi.advanceTimersByTimeAsync(1_000);
  counter.count({ name: 'cache_hit', label: 'context', times: 2 });
  const stopped = counter.stop();
  expect(written).toEqual([1]);
  landing.resolve();
  await stopped;
  expect(written).toEqual([1, 2]);
});

test('the end writes what is left, and says when it cannot', async () => {
  const { counter, counts, ledger, lines } = counterOf();
  counter.count({ name: 'cache_hit', label: 'context' });
  await counter.stop();
  counter.count({ name: 'cache_hit', label: 'context' });
  await counter.flush();
  expect(counts()).toEqual([[['cache_hit', 1, 0]]]);
  expect(vi.getTimerCount()).toBe(0);
  const other = counterOf();
  other.ledger.isAway = true;
  other.counter.count({ name: 'cache_hit', label: 'context' });
  await other.counter.stop();
  expect(other.lines.at(-1)).toMatchObject({ level: 40, measures: 1 });
  expect([ledger.isAway, lines]).toEqual([false, []]);
});
