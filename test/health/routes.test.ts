import { pino } from 'pino';
import { expect, it, vi } from 'vitest';
import { type HealthOptions, healthRoutes } from '../../src/health/routes.ts';

const log = pino({ level: 'silent' });
const never = () => new Promise<never>(() => undefined);

function routes(changes: Partial<HealthOptions> = {}) {
  return healthRoutes({
    database: { isMigrated: async () => true },
    queue: { check: async () => undefined },
    worker: { isRunning: () => true },
    log,
    withinMs: 10,
    ...changes,
  });
}

async function ask(changes: Partial<HealthOptions> = {}) {
  const response = await routes(changes).request('/readyz');
  return { status: response.status, body: await response.json() };
}

const broken = async () => {
  throw new Error('connect ECONNREFUSED 10.0.0.7:5432 as dexter with hunter2');
};
const ok = { database: 'ok', migrations: 'ok', queue: 'ok', worker: 'ok' };

it('is ready when every part is', async () => {
  expect(await ask()).toEqual({ status: 200, body: { ready: true, ...ok } });
});

it.each<[string, Partial<HealthOptions>, Record<string, string>]>([
  [
    'the database fails',
    { database: { isMigrated: broken } },
    { database: 'no answer', migrations: 'unknown', queue: 'unknown' },
  ],
  [
    'the database hangs',
    { database: { isMigrated: never } },
    { database: 'no answer', migrations: 'unknown', queue: 'unknown' },
  ],
  ['tables are missing', { database: { isMigrated: async () => false } }, { migrations: 'missing' }],
  ['the queue fails', { queue: { check: broken } }, { queue: 'no answer' }],
  ['the queue hangs', { queue: { check: never } }, { queue: 'no answer' }],
  ['it is stopping', { worker: { isRunning: () => false } }, { worker: 'stopping' }],
])('is not ready when %s, and says no more than which part', async (_, changes, parts) => {
  expect(await ask(changes)).toEqual({ status: 503, body: { ready: false, ...ok, ...parts } });
});

it('looks at the database once for probes that come at once, and again for the next', async () => {
  const asked = Promise.withResolvers<boolean>();
  const isMigrated = vi.fn(() => asked.promise);
  const app = routes({ database: { isMigrated }, withinMs: 30_000 });
  const probes = Array.from({ length: 20 }, () => app.request('/readyz'));
  asked.resolve(true);
  for (const response of await Promise.all(probes)) expect(response.status).toBe(200);
  expect(isMigrated).toHaveBeenCalledTimes(1);
  await app.request('/readyz');
  expect(isMigrated).toHaveBeenCalledTimes(2);
});

it('lives without asking the database', async () => {
  const isMigrated = vi.fn(broken);
  const response = await routes({ database: { isMigrated } }).request('/healthz');
  expect([response.status, await response.json()]).toEqual([200, { ok: true }]);
  expect(isMigrated).not.toHaveBeenCalled();
});

it('is kept by no cache', async () => {
  expect((await routes().request('/readyz')).headers.get('cache-control')).toBe('no-store');
});
