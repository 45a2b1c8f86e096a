import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Authenticate } from '../../src/github/github.ts';
import { type Database, openDatabase } from '../../src/ledger/database.ts';
import { askForOnboarding } from '../../src/ledger/onboardings.ts';
import { onboardNext } from '../../src/onboarding/onboard-next.ts';
import { logLines } from '../fakes/log-lines.ts';
import { templateOf } from './templates.ts';

let database: Database;

beforeEach(async () => {
  database = await openDatabase({ directory: 'memory://' });
});

afterEach(() => database.close());

const repository = { id: 7, owner: 'acme', name: 'shop' };

/** The onboarding of one repository, with a GitHub that answers only what the app was granted. */
async function withGrants(getInstallation: () => Promise<unknown>) {
  await askForOnboarding(database.kysely, 5, [repository]);
  const { log, lines } = logLines();
  const services = {
    db: database.kysely,
    github: (async () => ({ rest: { apps: { getInstallation } } })) as unknown as Authenticate,
    log,
    name: 'dexter',
    serverUrl: 'https://github.com',
    onboarding: { template: templateOf(), pace: { perMinute: 5, perHour: 50 } },
  };
  return { lines, next: () => onboardNext(services) };
}

const row = () => database.kysely.selectFrom('onboardings').selectAll().executeTakeFirstOrThrow();

/** Seconds from now on. */
const pauseOf = ({ due_at }: Awaited<ReturnType<typeof row>>) =>
  ((due_at?.getTime() ?? 0) - Date.now()) / 1000;

it.each(['contents', 'pull_requests'])(
  'leaves a repository alone where the app was not granted %s, and says so once',
  async (missing) => {
    const permissions = { contents: 'write', pull_requests: 'write', workflows: 'write', [missing]: 'read' };
    const { next, lines } = await withGrants(async () => ({ data: { permissions } }));
    expect(await next()).toBe(true);
    expect(await next()).toBe(false);
    expect(lines).toMatchObject([{ repository: 'acme/shop', because: 'not-permitted' }]);
    expect(await row()).toMatchObject({ outcome: 'not-permitted', due_at: null, wrote_at: null });
  },
);

it('leaves the repositories of a suspended installation alone', async () => {
  const { next, lines } = await withGrants(async () => ({
    data: { permissions: {}, suspended_at: '2026-01-12T10:00:00Z' },
  }));
  await next();
  expect(lines).toMatchObject([{ because: 'gone' }]);
});

it('asks a GitHub that fails again after longer and longer pauses, and gives up in the end', async () => {
  const { next, lines } = await withGrants(async () => {
    throw Object.assign(new Error('Bad gateway'), { status: 502, response: {} });
  });
  const pauses: number[] = [];
  for (let attempt = 1; attempt <= 12; attempt++) {
    expect(await next()).toBe(true);
    expect(await next()).toBe(false);
    const now = await row();
    expect(now.outcome).toBe('failed');
    if (now.due_at) pauses.push(Math.round(pauseOf(now) / 60));
    await database.kysely
      .updateTable('onboardings')
      .set({ wrote_at: null, ...(now.due_at ? { due_at: new Date(Date.now() - 60_000) } : {}) })
      .execute();
  }
  expect(pauses.slice(0, 4)).toEqual([1, 2, 4, 8]);
  expect(pauses.at(-1)).toBe(360);
  expect(pauses).toHaveLength(11);
  expect(await next()).toBe(false);
  expect(lines.at(-1)?.msg).toBe('onboarding failed and is given up');
});
