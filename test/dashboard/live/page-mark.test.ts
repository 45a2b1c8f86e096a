import { pino } from 'pino';
import { expect, it } from 'vitest';
import { pageMark } from '../../../src/dashboard/live/page-mark.ts';
import { type Look, watchHealth } from '../../../src/health/part-health.ts';

function watched() {
  const state = { ledger: 'at first', look: { state: 'ok' } as Look, looks: 0, now: 0 };
  const health = watchHealth({
    parts: [
      {
        part: 'github',
        look: async () => {
          state.looks += 1;
          return state.look;
        },
      },
    ],
    log: pino({ level: 'silent' }),
    now: () => state.now,
    everyMs: 30_000,
  });
  const markOf = pageMark({ ledgerMark: async () => state.ledger, health });
  /** The mark once what it had looked at was seen. */
  const seen = async () => {
    await markOf('all');
    await new Promise((resolve) => setImmediate(resolve));
    return markOf('all');
  };
  return { state, markOf, seen };
}

it('is another one for administrators when the ledger or a part changes, and not with time', async () => {
  const { state, seen } = watched();
  const first = await seen();
  state.now += 60_000;
  expect(await seen()).toBe(first);
  state.now += 60_000;
  state.look = { state: 'no answer', said: 'ECONNREFUSED' };
  const second = await seen();
  expect(second).not.toBe(first);
  state.ledger = 'later';
  expect(await seen()).not.toBe(second);
});

it('has parts looked at while somebody asks, no more often than ever', async () => {
  const { state, seen } = watched();
  for (let times = 0; times < 10; times++) await seen();
  expect(state.looks).toBe(1);
  state.now += 30_000;
  await seen();
  expect(state.looks).toBe(2);
});

it('says nothing of the parts to others, and has none looked at for them', async () => {
  const { state, markOf } = watched();
  expect(await markOf([1])).toBe('at first');
  expect(state.looks).toBe(0);
});
