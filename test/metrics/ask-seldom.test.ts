import { expect, it } from 'vitest';
import { askSeldom } from '../../src/metrics/ask-seldom.ts';

function world(ask: (times: number) => Promise<{ times: number }>) {
  let time = 0;
  let asked = 0;
  const errors: unknown[] = [];
  const answer = askSeldom(
    () => {
      asked += 1;
      return ask(asked);
    },
    { everyMs: 10_000, withinMs: 60_000, onError: (error) => errors.push(error), now: () => time },
  );
  return {
    answer,
    errors,
    asked: () => asked,
    pass: (ms: number) => {
      time += ms;
    },
  };
}

it('asks once for many, and again when the answer is old', async () => {
  const { answer, asked, pass } = world(async (times) => ({ times }));
  expect(await Promise.all([answer(), answer(), answer()])).toEqual([
    { times: 1 },
    { times: 1 },
    { times: 1 },
  ]);
  pass(9_999);
  expect(await answer()).toEqual({ times: 1 });
  pass(1);
  expect(await answer()).toEqual({ times: 2 });
  expect(asked()).toBe(2);
});

it('keeps a failure as long as an answer, and then asks again', async () => {
  const failure = new Error('no connection');
  const { answer, errors, asked, pass } = world(async (times) => {
    if (times === 1) throw failure;
    return { times };
  });
  expect(await answer()).toBeUndefined();
  expect(await answer()).toBeUndefined();
  expect(asked()).toBe(1);
  expect(errors).toEqual([failure]);
  pass(10_000);
  expect(await answer()).toEqual({ times: 2 });
});

it('lets nobody wait for what does not answer, and has it asked once all the same', async () => {
  const late = Promise.withResolvers<{ times: number }>();
  let asked = 0;
  const answer = askSeldom(
    () => {
      asked += 1;
      return late.promise;
    },
    { everyMs: 10_000, withinMs: 1, onError: () => undefined, now: () => 0 },
  );
  expect(await answer()).toBeUndefined();
  expect(await answer()).toBeUndefined();
  expect(asked).toBe(1);
  late.resolve({ times: 1 });
  await expect.poll(answer).toEqual({ times: 1 });
  expect(asked).toBe(1);
});

it('waits for the first answer by a limit of its own, also after a failure', async () => {
  const coming = [Promise.withResolvers<{ times: number }>(), Promise.withResolvers<{ times: number }>()];
  let time = 0;
  let asked = 0;
  const answer = askSeldom(async () => (await coming[asked++]?.promise) ?? { times: asked }, {
    everyMs: 10_000,
    withinMs: 0,
    firstWithinMs: 60_000,
    onError: () => undefined,
    now: () => time,
  });
  const failed = answer();
  coming[0]?.reject(new Error('no connection'));
  expect(await failed).toBeUndefined();
  time += 10_000;
  const first = answer();
  setTimeout(() => coming[1]?.resolve({ times: 2 }), 20);
  expect(await first).toEqual({ times: 2 });
});
