import { pino } from 'pino';
import { expect, it, vi } from 'vitest';
import type { PartHealth } from '../../src/health/part-health.ts';
import { type HealthRoutesOptions, healthRoutes } from '../../src/health/routes.ts';

const log = pino({ level: 'silent' });
const parts: PartHealth[] = [
  { part: 'github', state: 'no answer', said: 'ECONNREFUSED 10.0.0.7' },
  { part: 'jira', name: 'acme', state: 'ok' },
  { part: 'jira', name: 'of-a-customer', state: 'refused', said: 'HTTP 401' },
  { part: 'store', state: 'unknown' },
];
const never = () => new Promise<never>(() => undefined);

function routes(changes: Partial<HealthRoutesOptions> = {}) {
  return healthRoutes({
    database: { isMigrated: async () => true },
    queue: { check: async () => undefined },
    worker: { isRunning: () => true },
    health: { parts: () => parts },
    log,
    withinMs: 10,
    ...changes,
  });
}

async function ask(changes: Partial<HealthRoutesOptions> = {}) {
  const response = await routes(changes).request('/readyz');
  return { status: response.status, body: await response.json() };
}

const broken = async () => {
  throw new Error('connect ECONNREFUSED 10.0.0.7:5432 as dexter with hunter2');
};
const ok = {
  database: 'ok',
  migrations: 'ok',
  queue: 'ok',
  worker: 'ok',
  github: 'no answer',
  jira: 'refused',
  redis: 'off',
  store: 'unknown',
};

it('is ready when every part is that a webhook needs, and tells of the others by a word each', async () => {
  expect(await ask()).toEqual({ status: 200, body: { ready: true, ...ok } });
});

it.each<[string, Partial<HealthRoutesOptions>, Record<string, string>]>([
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
