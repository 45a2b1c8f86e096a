import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { currentAlerts } from '../../src/alerts/current-alerts.ts';
import type { Part } from '../../src/alerts/figures-of.ts';
import { webhookAt } from '../../src/alerts/post-alert.ts';
import { AlertSettings, rulesOf } from '../../src/alerts/settings.ts';
import { type AlertWatch, watchAlerts } from '../../src/alerts/watch.ts';
import { alertStates } from '../../src/ledger/alerts.ts';
import { type Database, openDatabase } from '../../src/ledger/database.ts';
import { leaseOf } from '../../src/ledger/leases.ts';
import { setGauges } from '../../src/ledger/measures.ts';

const waiting = { timeout: 30_000, interval: 20 };
const everyMs = 20;

/** A webhook that keeps what it is told, and answers as the test wants. */
async function startWebhook() {
  const texts: string[] = [];
  let answer = (_request: IncomingMessage, response: ServerResponse) => void response.end('ok');
  let asked = 0;
  const server = createServer(async (request, response) => {
    asked += 1;
    let body = '';
    for await (const chunk of request) body += String(chunk);
    answer(request, response);
    if (response.writableEnded && response.statusCode === 200)
      texts.push((JSON.parse(body) as { text: string }).text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}/services/T0/B0/secret-of-the-hook`,
    texts,
    asked: () => asked,
    answerWith(next: typeof answer) {
      answer = next;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

let database: Database;
let webhook: Awaited<ReturnType<typeof startWebhook>>;
let watches: AlertWatch[];
let lines: Record<string, unknown>[];

beforeAll(async () => {
  database = await openDatabase({ directory: 'memory://' });
});

afterAll(() => database.close());

beforeEach(async () => {
  webhook = await startWebhook();
  watches = [];
  lines = [];
});

afterEach(async () => {
  await Promise.all(watches.map((watch) => watch.stop()));
  await webhook.close();
  for (const table of ['alerts', 'gauges', 'leases'] as const)
    await database.kysely.deleteFrom(table).execute();
});

const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });

function watch({ settings = {}, parts = () => [] as Part[] } = {}): AlertWatch {
  const read = AlertSettings.parse(settings);
  const started = watchAlerts({
    db: database.kysely,
    log,
    rules: rulesOf(read),
    windowHours: read.windowHours,
    budgets: { repositories: {} },
    parts,
    post: webhookAt(webhook.url),
    appUrl: 'https://dexter.example',
    everyMs,
  });
  watches.push(started);
  return started;
}

const workspace = (gigabytes: number, label = 'acme/one') =>
  setGauges(database.kysely, [{ name: 'workspace_bytes', label, value: gigabytes * 1e9 }]);

/** Waits until everything was looked at several times after this. */
async function manyLooks(): Promise<void> {
  const seen = async () => (await alertStates(database.kysely)).map(({ seenAt }) => seenAt.getTime());
  for (let look = 0; look < 5; look += 1) {
    const before = Math.max(...(await seen()));
    await vi.waitFor(async () => expect(Math.max(...(await seen()))).toBeGreaterThan(before), waiting);
  }
}

const changes = () =>
  lines
    .filter(({ event }) => event === 'alert')
    .map(({ alert, label, from, to }) => [alert, label, from, to]);

describe('watchAlerts', () => {
  it('logs and posts each change once, and its end', async () => {
    await workspace(600);
    watch();
    await vi.waitFor(() => expect(webhook.texts).toHaveLength(1), waiting);
    expect(webhook.texts[0]).toContain('🟡 *Warning: A workspace is large* `acme/one`\n600 GB');
    expect(await currentAlerts(database.kysely, 'all')).toMatchObject([
      {
        name: 'workspace',
        label: 'acme/one',
        level: 'warning',
        comparison: '600 GB (warning: above 500 GB)',
      },
    ]);
    await workspace(1_200);
    await vi.waitFor(() => expect(webhook.texts).toHaveLength(2), waiting);
    await workspace(10);
    await vi.waitFor(() => expect(webhook.texts).toHaveLength(3), waiting);
    expect(webhook.texts[2]).toContain('🟢 *Over');
    await manyLooks();
    expect(webhook.asked()).toBe(3);
    expect(changes()).toEqual([
      ['workspace', 'acme/one', 'ok', 'warning'],
      ['workspace', 'acme/one', 'warning', 'critical'],
      ['workspace', 'acme/one', 'critical', 'ok'],
    ]);
    expect(lines.find(({ to }) => to === 'warning')).toMatchObject({
      level: 40,
      value: 600e9,
      threshold: 500e9,
    });
    expect(lines.find(({ to }) => to === 'critical')).toMatchObject({ level: 50 });
    expect(await currentAlerts(database.kysely, 'all')).toEqual([]);
  });

  it('says nothing again after a restart, and tells what ended meanwhile', async () => {
    await workspace(600);
    const first = watch();
    await vi.waitFor(() => expect(webhook.texts).toHaveLength(1), waiting);
    await first.stop();
    const second = watch();
    await manyLooks();
    expect(webhook.texts).toHaveLength(1);
    await second.stop();
    await workspace(1);
    watch();
    await vi.waitFor(() => expect(webhook.texts).toHaveLength(2), waiting);
    expect(webhook.texts[1]).toContain('Over');
    expect(changes()).toHaveLength(2);
  });

  it('posts once however many processes watch, also when the one that looks ends', async () => {
    await workspace(600);
    const several = [watch(), watch(), watch()];
    await vi.waitFor(() => expect(webhook.texts).toHaveLength(1), waiting);
    for (const [index, one] of several.entries()) {
      if (index === several.length - 1) break;
      await one.stop();
      await workspace(600, `acme/after ${index}`);
      await vi.waitFor(() => expect(webhook.texts).toHaveLength(2 + index), waiting);
    }
    await manyLooks();
    expect(webhook.asked()).toBe(3);
    expect(changes()).toHaveLength(3);
  });

  it('leaves the look to the process that has the lease, until that is over', async () => {
    const other = leaseOf(database.kysely, 'alerts', 1);
    expect(await other.take()).toBe(true);
    expect(await leaseOf(database.kysely, 'alerts', 1).take()).toBe(false);
    await workspace(600);
    watch();
    await vi.waitFor(() => expect(webhook.texts).toHaveLength(1), waiting);
    expect(await other.take()).toBe(false);
  });

  it('keeps trying while the webhook does not answer, follows no redirect, and posts the newest level alone', async () => {
    webhook.answerWith((_request, response) => {
      response.writeHead(302, { location: `${webhook.url}/elsewhere` }).end();
    });
    await workspace(600);
    watch();
    await vi.waitFor(() => expect(webhook.asked()).toBeGreaterThan(1), waiting);
    webhook.answerWith((request) => void request.socket.destroy());
    await workspace(1_200);
    await vi.waitFor(() => expect(changes()).toHaveLength(2), waiting);
    const before = webhook.asked();
    await vi.waitFor(() => expect(webhook.asked()).toBeGreaterThan(before + 1), waiting);
    expect(webhook.texts).toEqual([]);
    webhook.answerWith((_request, response) => void response.end('ok'));
    await vi.waitFor(() => expect(webhook.texts).toHaveLength(1), waiting);
    expect(webhook.texts[0]).toContain('Critical');
    const written = JSON.stringify(lines);
    expect(written).toContain('it answered 302');
    expect(written).not.toContain('secret-of-the-hook');
    expect(written).not.toContain('/services/');
  });

  it('does not post what came and went while the webhook did not answer', async () => {
    webhook.answerWith((_request, response) => void response.writeHead(503).end());
    await workspace(600);
    watch();
    await vi.waitFor(() => expect(webhook.asked()).toBeGreaterThan(0), waiting);
    await workspace(1);
    await vi.waitFor(() => expect(changes()).toHaveLength(2), waiting);
    webhook.answerWith((_request, response) => void response.end('ok'));
    await workspace(2_000, 'acme/two');
    await vi.waitFor(() => expect(webhook.texts).toHaveLength(1), waiting);
    expect(webhook.texts[0]).toContain('acme/two');
  });

  it('warns of a part that does not answer', async () => {
    let redis: Part['state'] = 'refused';
    watch({
      settings: { parts: { warning: 0.001, critical: 1_000 } },
      parts: () => [
        { name: 'redis', state: redis },
        { name: 'jira', state: 'unknown' },
      ],
    });
    await vi.waitFor(() => expect(webhook.texts).toHaveLength(1), waiting);
    expect(webhook.texts[0]).toContain('A part does not answer* `redis`');
    redis = 'ok';
    await vi.waitFor(() => expect(webhook.texts).toHaveLength(2), waiting);
  });

  it('goes on after a look that failed', async () => {
    let isBroken = true;
    await workspace(600);
    watch({
      parts: () => {
        if (isBroken) throw new Error('broken');
        return [];
      },
    });
    await vi.waitFor(() => expect(lines.some(({ level }) => level === 50)).toBe(true), waiting);
    isBroken = false;
    await vi.waitFor(() => expect(webhook.texts).toHaveLength(1), waiting);
  });
});

it('shows people what is of their repositories, and administrators all', async () => {
  const row = {
    level: 'warning',
    value: 0.9,
    threshold: 0.8,
    since: new Date(),
    seen_at: new Date(),
  } as const;
  await database.kysely
    .insertInto('alerts')
    .values([
      {
        ...row,
        name: 'repositoryBudget',
        label: 'acme/shop',
        repository_id: 7,
        pending_level: null,
        pending_looks: 0,
      },
      {
        ...row,
        name: 'repositoryBudget',
        label: 'other/secret',
        repository_id: 8,
        pending_level: null,
        pending_looks: 0,
      },
      { ...row, name: 'canary', label: '', repository_id: null, pending_level: null, pending_looks: 0 },
      {
        ...row,
        name: 'of another version',
        label: '',
        repository_id: 7,
        pending_level: null,
        pending_looks: 0,
      },
    ])
    .execute();
  const labels = async (scope: 'all' | number[]) =>
    (await currentAlerts(database.kysely, scope)).map(({ name, label }) => `${name} ${label}`.trim());
  expect(await labels([7])).toEqual(['repositoryBudget acme/shop']);
  expect(await labels([])).toEqual([]);
  expect(await labels([9])).toEqual([]);
  expect(await labels('all')).toEqual([
    'canary',
    'repositoryBudget acme/shop',
    'repositoryBudget other/secret',
  ]);
});
