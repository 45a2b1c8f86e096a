import { expect, test } from 'vitest';
import { cacheGuard } from '../../src/caches/cache-guard.ts';
import { logLines } from '../fakes/log-lines.ts';

const broken = () => Promise.reject(new Error('connect ECONNREFUSED redis://:secret@127.0.0.1:6379'));

function guardAt(options: { limitMs?: number } = {}) {
  const clock = { now: 0 };
  const { log, lines } = logLines();
  return { clock, lines, guard: cacheGuard({ log, pauseMs: 5_000, now: () => clock.now, ...options }) };
}

test('what the cache answers is passed on', async () => {
  const { guard, lines } = guardAt();
  expect(await guard.run(async () => 'text')).toEqual({ outcome: 'answered', value: 'text' });
  expect(lines).toEqual([]);
});

test('an outage is warned of once, counted, and over with the first answer', async () => {
  const { guard, clock, lines } = guardAt();
  for (let call = 0; call < 3; call += 1) expect(await guard.run(broken)).toEqual({ outcome: 'failed' });
  clock.now = 6_000;
  expect(await guard.run(broken)).toEqual({ outcome: 'failed' });
  clock.now = 12_000;
  await guard.run(async () => 'text');
  expect(guard.failures()).toBe(4);
  expect(lines.map(({ event, missed, outageMs }) => ({ event, missed, outageMs }))).toEqual([
    { event: 'cache_outage' },
    { event: 'cache_recovered', missed: 4, outageMs: 12_000 },
  ]);
  await guard.run(broken);
  expect(lines.filter(({ event }) => event === 'cache_outage')).toHaveLength(2);
});

test('within the pause after a failure the cache is not asked at all', async () => {
  const { guard, clock } = guardAt();
  let asked = 0;
  const count = async () => {
    asked += 1;
  };
  await guard.run(broken);
  clock.now = 4_999;
  expect(await guard.run(count)).toEqual({ outcome: 'failed' });
  expect(asked).toBe(0);
  clock.now = 5_000;
  expect(await guard.run(count)).toMatchObject({ outcome: 'answered' });
});

test('a cache that hangs is given up after the limit', async () => {
  const { guard, lines } = guardAt({ limitMs: 20 });
  expect(await guard.run(() => new Promise(() => undefined))).toEqual({ outcome: 'failed' });
  expect(lines[0]).toMatchObject({ event: 'cache_outage', reason: 'no answer within 20 ms' });
});

test('the log never holds the credentials of an address', async () => {
  const { guard, lines } = guardAt();
  await guard.run(broken);
  expect(JSON.stringify(lines)).toContain('ECONNREFUSED');
  expect(JSON.stringify(lines)).not.toContain('secret');
});
