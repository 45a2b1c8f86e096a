import { expect, it } from 'vitest';
import { kept } from '../../src/dashboard/kept.ts';

/** A question whose answer takes as long as it is told to, by a clock of its own. */
function slow(takesMs: number) {
  let now = 0;
  let asked = 0;
  const failures: unknown[] = [];
  const options = { onError: (error: unknown) => failures.push(error), now: () => now };
  const state = { isBroken: false, takesMs };
  const ask = kept(async (scope) => {
    asked += 1;
    now += state.takesMs;
    if (state.isBroken) throw new Error('no database');
    return `${scope} ${asked}`;
  }, options);
  return {
    ask,
    state,
    failures,
    asked: () => asked,
    later: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

it('asks what is cheap again, and what is dear seldom', async () => {
  const cheap = slow(0);
  expect(await cheap.ask('all')).toBe('all 1');
  expect(await cheap.ask('all')).toBe('all 2');
  const quick = slow(20);
  await quick.ask('all');
  quick.later(1_900);
  expect(await quick.ask('all')).toBe('all 1');
  quick.later(200);
  expect(await quick.ask('all')).toBe('all 2');
  const dear = slow(200);
  await dear.ask('all');
  dear.later(19_000);
  expect(await dear.ask('all')).toBe('all 1');
  expect(dear.asked()).toBe(1);
});

it('gives what is old while what is new is on its way, and waits where it is too old', async () => {
  const { ask, later, asked } = slow(200);
  await ask('all');
  later(61_000);
  expect(await ask('all')).toBe('all 1');
  expect(asked()).toBe(2);
  expect(await ask('all')).toBe('all 2');
  later(11 * 60_000);
  expect(await ask('all')).toBe('all 3');
});

it('answers each scope by itself, in whatever order it is named', async () => {
  const { ask } = slow(200);
  expect(await ask([10, 9])).toBe('10,9 1');
  expect(await ask([9, 10])).toBe('10,9 1');
  expect(await ask([9])).toBe('9 2');
  expect(await ask([])).toBe(' 3');
  expect(await ask('all')).toBe('all 4');
});

it('asks once for all who come at the same time', async () => {
  const { ask } = slow(200);
  expect(await Promise.all([ask('all'), ask('all')])).toEqual(['all 1', 'all 1']);
});

it('tells who waits that there is no answer, and asks again for the next', async () => {
  const { ask, state, failures, later } = slow(200);
  state.isBroken = true;
  await expect(ask('all')).rejects.toThrow('no database');
  state.isBroken = false;
  expect(await ask('all')).toBe('all 2');
  state.isBroken = true;
  later(61_000);
  expect(await ask('all')).toBe('all 2');
  await Promise.resolve();
  expect(failures).toHaveLength(1);
});
