import { pino } from 'pino';
import { expect, it } from 'vitest';
import { type StopOptions, stop } from '../src/stop.ts';

const never = () => new Promise<never>(() => undefined);

/** What is done, in order. */
function world(changes: { work?: () => Promise<void>; close?: 'at once' | 'when forced' | 'never' } = {}) {
  const done: string[] = [];
  const said: string[] = [];
  const { work = async () => undefined, close = 'at once' } = changes;
  let closed: () => void = () => undefined;
  const options: Omit<StopOptions, 'withinSeconds' | 'delaySeconds'> = {
    app: {
      async drain() {
        done.push('drain');
        await work();
      },
      async handBack() {
        done.push('hand back');
        return ['one'];
      },
      async stop() {
        done.push('let go');
      },
    },
    server: {
      close(whenClosed) {
        done.push('close');
        if (close === 'at once') whenClosed();
        closed = whenClosed;
      },
      closeAllConnections() {
        done.push('cut off');
        if (close === 'when forced') closed();
      },
    },
    log: pino({ level: 'info' }, { write: (line: string) => said.push(JSON.parse(line).msg) }),
  };
  return { done, said, options };
}

it('finishes its work, then listens no more, then lets go of the database', async () => {
  const { done, options } = world();
  await stop({ ...options, withinSeconds: 600, delaySeconds: 0 });
  expect(done).toEqual(['drain', 'close', 'let go']);
});

it('listens while it works', async () => {
  const work = Promise.withResolvers<void>();
  const { done, options } = world({ work: () => work.promise });
  const stopped = stop({ ...options, withinSeconds: 600, delaySeconds: 0 });
  await new Promise((resolve) => setImmediate(resolve));
  expect(done).toEqual(['drain']);
  work.resolve();
  await stopped;
  expect(done).toEqual(['drain', 'close', 'let go']);
});

it('hands back at the very end what it could not finish, and keeps the database for it', async () => {
  const { done, said, options } = world({ work: never });
  await stop({ ...options, withinSeconds: 1, delaySeconds: 0 });
  expect(done).toEqual(['drain', 'close', 'hand back']);
  expect(said.join()).toContain('handed back');
});

it.each(['when forced', 'never'] as const)('cuts off requests that end %s', async (close) => {
  const { done, options } = world({ close });
  await stop({ ...options, withinSeconds: 1, delaySeconds: 0 });
  expect(done).toEqual(['drain', 'close', 'cut off', 'let go']);
});

it('does not say that something was handed back when nothing was', async () => {
  const { said, options } = world({ work: never });
  const app = { ...options.app, handBack: async () => [] };
  await stop({ ...options, app, withinSeconds: 1, delaySeconds: 0 });
  expect(said.join()).not.toContain('handed back');
  expect(said.join()).toContain('when its lease is over');
});

it('ends also when the database keeps it from handing back', async () => {
  const { done, said, options } = world({ work: never });
  await stop({ ...options, app: { ...options.app, handBack: never }, withinSeconds: 1, delaySeconds: 0 });
  expect(done).toEqual(['drain', 'close']);
  expect(said.join()).toContain('when its lease is over');
});
