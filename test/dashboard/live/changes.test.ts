import { pino } from 'pino';
import { afterEach, expect, it } from 'vitest';
import type { Scope } from '../../../src/core/viewer.ts';
import { type Changes, watchChanges } from '../../../src/dashboard/live/changes.ts';

/** A ledger whose mark is what the test sets, by scope; each look at it is counted. */
function ledger(most = 10) {
  const marks = new Map<string, string>();
  const looks: string[] = [];
  let isDown = false;
  const changes = watchChanges({
    markOf: async (scope: Scope) => {
      looks.push(String(scope));
      if (isDown) throw new Error('the database is away');
      return marks.get(String(scope)) ?? 'at first';
    },
    log: pino({ level: 'silent' }),
    everyMs: 1,
    most,
  });
  running.push(changes);
  const looksOf = (scope: string) => looks.filter((one) => one === scope).length;
  /** Until the ledger has been looked at twice more: the first look may have begun before. */
  const looked = async (scope: string) => {
    const before = looksOf(scope);
    await expect.poll(() => looksOf(scope), { timeout: 30_000, interval: 1 }).toBeGreaterThan(before + 1);
  };
  return {
    changes,
    marks,
    looks,
    looked,
    setDown: (value: boolean) => {
      isDown = value;
    },
  };
}

const running: Changes[] = [];
afterEach(async () => {
  for (const changes of running.splice(0)) await changes.stop();
});

function listener(changes: Changes, scope: Scope) {
  const gone = new AbortController();
  const heard = { times: 0 };
  const over = changes.listen(
    scope,
    () => {
      heard.times += 1;
    },
    gone.signal,
  );
  return { heard, over, leave: () => gone.abort() };
}

it('tells everybody who sees what has changed, once', async () => {
  const { changes, marks, looked } = ledger();
  const [one, other] = [listener(changes, [2, 1]), listener(changes, [1, 2])];
  await looked('2,1');
  expect(one.heard.times).toBe(0);
  marks.set('2,1', 'later');
  await looked('2,1');
  await looked('2,1');
  expect([one.heard.times, other.heard.times]).toEqual([1, 1]);
});

it('looks once for all who see the same', async () => {
  const { changes, looks, looked } = ledger();
  for (let times = 0; times < 10; times++) listener(changes, times % 2 === 0 ? [1, 2] : [2, 1]);
  await looked('1,2');
  expect(new Set(looks)).toEqual(new Set(['1,2']));
});

it('says nothing of a change that only others may see', async () => {
  const { changes, marks, looked } = ledger();
  const [mine, theirs] = [listener(changes, [1]), listener(changes, [2])];
  await looked('1');
  await looked('2');
  marks.set('2', 'later');
  await looked('2');
  await looked('1');
  expect(theirs.heard.times).toBe(1);
  expect(mine.heard.times).toBe(0);
});

it('lets no more listen than there are places, and frees the place of whoever leaves', () => {
  const { changes } = ledger(2);
  const first = listener(changes, 'all');
  expect(first.over).toBeDefined();
  expect(listener(changes, [1]).over).toBeDefined();
  expect(listener(changes, 'all').over).toBeUndefined();
  first.leave();
  expect(first.over?.aborted).toBe(true);
  expect(listener(changes, 'all').over).toBeDefined();
  expect(listener(changes, 'all').over).toBeUndefined();
});

it('stops looking when the last one has gone, and begins again with the next one', async () => {
  const { changes, looks, looked } = ledger();
  const only = listener(changes, 'all');
  await looked('all');
  only.leave();
  listener(changes, [7]);
  await looked('7');
  const before = looks.filter((scope) => scope === 'all').length;
  await looked('7');
  await looked('7');
  expect(looks.filter((scope) => scope === 'all')).toHaveLength(before);
  listener(changes, 'all');
  await looked('all');
});

it('tells what has changed while the ledger could not be asked', async () => {
  const { changes, marks, looked, setDown } = ledger();
  const { heard } = listener(changes, 'all');
  await looked('all');
  setDown(true);
  await looked('all');
  marks.set('all', 'later');
  setDown(false);
  await looked('all');
  await looked('all');
  expect(heard.times).toBe(1);
});

it('lets everybody go at its stop, and nobody in', async () => {
  const { changes } = ledger();
  const { over } = listener(changes, 'all');
  await changes.stop();
  expect(over?.aborted).toBe(true);
  expect(listener(changes, 'all').over).toBeUndefined();
});
