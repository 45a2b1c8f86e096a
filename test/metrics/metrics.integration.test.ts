import { randomUUID } from 'node:crypto';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Db, insertCommand } from '../../src/ledger/commands.ts';
import { type Database, openDatabase } from '../../src/ledger/database.ts';
import { addMeasures, setGauges } from '../../src/ledger/measures.ts';
import { type RunSum, runSums } from '../../src/ledger/metric-facts.ts';
import { keepGeneration } from '../../src/ledger/sessions.ts';
import type { Tables } from '../../src/ledger/tables.ts';
import { cacheMetrics } from '../../src/metrics/cache-metrics.ts';
import { measureTotals } from '../../src/metrics/measure-totals.ts';
import { processMetrics } from '../../src/metrics/process-metrics.ts';
import { type MetricsOptions, metricsRoutes } from '../../src/metrics/routes.ts';
import { runTotals } from '../../src/metrics/run-totals.ts';
import { readExposition } from '../fakes/exposition.ts';
import { startPgliteServer } from '../ledger/pglite-server.ts';

let server: Awaited<ReturnType<typeof startPgliteServer>>;
let database: Database;
let db: Db;

beforeAll(async () => {
  server = await startPgliteServer();
  database = await openDatabase({ url: server.url, directory: '' });
  db = database.kysely;
});

beforeEach(async () => {
  const tables = [
    'measures',
    'gauges',
    'alerts',
    'generations',
    'sessions',
    'run_costs',
    'commands',
  ] as const;
  for (const table of tables) await db.deleteFrom(table).execute();
});

afterAll(async () => {
  await database?.close();
  await server?.close();
});

const token = 'token-of-the-metrics';

/** The routes on a socket, as one process of several serves them. */
async function startProcess(changes: Partial<MetricsOptions> = {}) {
  const routes = new Hono().route(
    '/',
    metricsRoutes({
      db,
      prices: [],
      metrics: processMetrics(),
      log: pino({ level: 'silent' }),
      token: undefined,
      appUrl: 'http://localhost:3000',
      everyMs: 0,
      withinMs: 60_000,
      firstWithinMs: 60_000,
      ...changes,
    }),
  );
  const listening = serve({ fetch: routes.fetch, hostname: '127.0.0.1', port: 0 });
  await new Promise((resolve) => listening.once('listening', resolve));
  const address = listening.address();
  const url = `http://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}`;
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${url}${path}`, { headers: { connection: 'close', ...headers } });
  return {
    get,
    scrape: async () => readExposition(await (await get('/metrics')).text()),
    cache: async (query = '') => (await get(`/metrics/cache${query}`)).json() as Promise<unknown>,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => listening.close(() => resolve())),
  };
}

/** What every process has to say the same of. */
function ofLedger({ series }: ReturnType<typeof readExposition>) {
  return new Map(
    [...series].filter(([name]) => name.startsWith('dexter_') && !/^dexter_(http|ledger_up)/.test(name)),
  );
}

async function addCommand(changes: { repositoryId?: number; jira?: boolean } = {}): Promise<string> {
  const id = randomUUID();
  await insertCommand(db, {
    id,
    dedupeKey: id,
    origin: changes.jira
      ? { kind: 'jira-comment', connection: 'acme', issueKey: 'SHOP-1', commentId: '1' }
      : {
          kind: 'github-comment',
          installationId: 5,
          repository: { id: 7, owner: 'acme', name: 'shop' },
          number: 3,
          commentId: 1,
        },
    actor: { from: 'github', id: 1, login: 'maria', type: 'User' },
    issueKey: 'SHOP-1',
    queueKey: 'SHOP-1',
    installationId: 5,
    repository: { id: changes.repositoryId ?? 7, owner: 'acme', name: 'shop' },
    claimedText: 'Do it',
  } as Parameters<typeof insertCommand>[1]);
  return id;
}

async function addCost(repositoryId: number, usd: number, more: { model?: string; daysAgo?: number } = {}) {
  const id = await addCommand({ repositoryId });
  await db
    .updateTable('commands')
    .set({ status: 'done', published_at: new Date() })
    .where('id', '=', id)
    .execute();
  await db
    .insertInto('run_costs')
    .values({
      command_id: id,
      installation_id: 5,
      repository_id: repositoryId,
      repository_owner: 'acme',
      repository_name: 'shop',
      issue_key: 'SHOP-1',
      actor: 'github:1',
      model: more.model ?? 'claude-sonnet-4-5-20250929',
      choice: 'warm',
      outcome: 'done',
      cost_usd: usd,
      input_tokens: 10,
      cache_read_tokens: 80,
      cache_write_tokens: 10,
      output_tokens: 5,
      estimated_cost_saved: usd * 2,
      estimated_tokens_saved: 1_000,
      ended_at: new Date(Date.now() - (more.daysAgo ?? 0) * 86_400_000),
    })
    .execute();
}

async function addGeneration(
  repositoryId: number,
  generation: number,
  bytes: number,
  store?: 's3' | 'workspace',
) {
  const ref = { installationId: 5, repositoryId, issueKey: 'SHOP-1' };
  await keepGeneration(db, ref, {
    generation,
    sessionId: randomUUID(),
    commandId: await addCommand(),
    bytes,
    contextTokens: 1,
    store,
  });
}

describe('metrics of several processes', () => {
  it('are the same from each, whoever counted, and after a restart', async () => {
    const other = await openDatabase({ url: server.url, directory: '' });
    try {
      await using one = await startProcess();
      await using two = await startProcess({ db: other.kysely });
      await addMeasures(db, [
        { name: 'cache_hit', label: 'context', times: 3 },
        { name: 'cache_read', label: 'context', value: 2 },
        { name: 'command_ended', label: 'jira/done', repositoryId: 7 },
      ]);
      await addMeasures(other.kysely, [
        { name: 'cache_hit', label: 'context' },
        { name: 'cache_read', label: 'context', value: 70_000 },
        { name: 'command_ended', label: 'jira/done', repositoryId: 8, times: 4 },
      ]);
      const said = ofLedger(await one.scrape());
      expect(said.get('dexter_cache_hits_total{layer="context"}')).toBe(4);
      expect(said.get('dexter_commands_ended_total{source="jira",status="done"}')).toBe(5);
      expect(said.get('dexter_commands_ended_total{source="github",status="failed"}')).toBe(0);
      expect(said.get('dexter_cache_read_duration_seconds_bucket{layer="context",le="0.001"}')).toBe(0);
      expect(said.get('dexter_cache_read_duration_seconds_bucket{layer="context",le="0.0025"}')).toBe(1);
      expect(said.get('dexter_cache_read_duration_seconds_bucket{layer="context",le="60"}')).toBe(1);
      expect(said.get('dexter_cache_read_duration_seconds_bucket{layer="context",le="+Inf"}')).toBe(2);
      expect(said.get('dexter_cache_read_duration_seconds_count{layer="context"}')).toBe(2);
      expect(said.get('dexter_cache_read_duration_seconds_sum{layer="context"}')).toBeCloseTo(70.002);
      expect(ofLedger(await two.scrape())).toEqual(said);
      expect(await two.cache()).toEqual(await one.cache());
      await using restarted = await startProcess();
      expect(ofLedger(await restarted.scrape())).toEqual(said);
    } finally {
      await other.close();
    }
  });

  it('count an hour that is over once, and what comes to the newest at once', async () => {
    const hour = (at: number) => new Date(Date.UTC(2026, 4, 4, at));
    const count = (at: number) =>
      db
        .insertInto('measures')
        .values({
          name: 'cache_hit',
          label: 'mcp',
          repository_id: 1,
          hour: hour(at),
          count: 1,
          sum: 0,
          buckets: '{}',
        })
        .onConflict((conflict) =>
          conflict
            .columns(['name', 'label', 'repository_id', 'hour'])
            .doUpdateSet({ count: sql`measures.count + 1` }),
        )
        .execute();
    let closed = 2;
    const totals = measureTotals(db, async () => hour(closed));
    const total = async () => (await totals()).reduce((sum, { count: times }) => sum + times, 0);
    for (const at of [0, 1, 2, 3]) await count(at);
    expect(await total()).toBe(4);
    await count(3);
    expect(await total()).toBe(5);
    closed = 5;
    await count(5);
    expect(await total()).toBe(6);
    await count(6);
    expect(await total()).toBe(7);
    closed = 9;
    expect(await total()).toBe(7);
  });
});

describe('the runs of all time', () => {
  const hour = (at: number) => new Date(Date.UTC(2026, 4, 4, at));

  async function run(at: number, usd: number | undefined): Promise<string> {
    const id = await addCommand();
    await db
      .insertInto('run_costs')
      .values({
        command_id: id,
        installation_id: 5,
        repository_id: 7,
        repository_owner: 'acme',
        repository_name: 'shop',
        issue_key: 'SHOP-1',
        actor: 'github:1',
        model: usd === undefined ? null : 'some-model',
        outcome: usd === undefined ? 'lost' : 'done',
        cost_usd: usd ?? null,
        input_tokens: 10,
        cache_read_tokens: 20,
        cache_write_tokens: 30,
        cache_write_hour_tokens: 5,
        output_tokens: 40,
        estimated_cost_saved: 1,
        estimated_tokens_saved: 100,
        ended_at: hour(at),
      })
      .execute();
    return id;
  }

  it('are at each time what all their rows come to, also when a report comes late', async () => {
    let closed = 2;
    const totals = runTotals(db, async () => hour(closed));
    const byKey = (sums: readonly RunSum[]) =>
      sums.toSorted((one, other) => (one.outcome < other.outcome ? -1 : 1));
    const check = async (runs: number) => {
      const sums = await totals();
      expect(byKey(sums)).toEqual(byKey(await runSums(db, { scope: 'all' })));
      expect(sums.reduce((sum, one) => sum + one.runs, 0)).toBe(runs);
    };
    await check(0);
    const late = await run(1, undefined);
    await run(1, 0.5);
    await run(2, 0.25);
    closed = 3;
    await check(3);
    await run(3, undefined);
    await check(4);
    closed = 6;
    await run(6, 2);
    await check(5);
    await db
      .updateTable('run_costs')
      .set({ outcome: 'done', model: 'some-model', cost_usd: 4 })
      .where('command_id', '=', late)
      .execute();
    await check(5);
    await check(5);
  });

  it('come to one sum, however it is made: a counter that falls by a last digit begins anew', async () => {
    let closed = 0;
    const totals = runTotals(db, async () => hour(closed));
    const dollars = async () => (await totals())[0]?.costUsd ?? 0;
    for (let index = 0; index < 60; index++) await run(Math.floor(index / 5), 0.1 + index / 7_000);
    const sums: number[] = [];
    for (closed = 1; closed <= 12; closed++) sums.push(await dollars());
    expect(new Set(sums).size).toBe(1);
    expect(sums[0]).toBeCloseTo(6 + (60 * 59) / 14_000, 6);
  });

  it('that are over are not read again', async () => {
    const totals = runTotals(db, async () => hour(2));
    await run(1, 0.5);
    await totals();
    await db.updateTable('run_costs').set({ cost_usd: 7 }).execute();
    expect(await totals()).toMatchObject([{ costUsd: 0.5 }]);
  });
});

describe('what the ledger says', () => {
  it('is told of commands, runs and alerts without a name of anybody', async () => {
    await addCommand();
    await addCommand({ jira: true });
    const waiting = await addCommand();
    await db
      .updateTable('commands')
      .set({ created_at: new Date(Date.now() - 3_600_000) })
      .where('id', '=', waiting)
      .execute();
    const running = await addCommand();
    await db.updateTable('commands').set({ status: 'running' }).where('id', '=', running).execute();
    const untold = await addCommand();
    await db
      .updateTable('commands')
      .set({ status: 'failed', ended_at: new Date(Date.now() - 60_000) })
      .where('id', '=', untold)
      .execute();
    await addCost(7, 0.5);
    await addCost(8, 0.25, { model: 'my-own-model-of-acme' });
    await addMeasures(db, [
      { name: 'run_duration', label: 'github/done', value: 40 },
      { name: 'dispatch_latency', label: 'github', value: 3 },
      { name: 'canary', label: 'tools' },
      { name: 'command_ended', label: 'jira/expired', times: 2 },
      { name: 'end_untold', label: 'github' },
      // Of another version.
      { name: 'command_ended', label: 'slack/lost' },
    ]);
    await setGauges(db, [
      { name: 'workspace_bytes', label: 'acme/runner of maria', value: 500 },
      { name: 'workspace_bytes', label: 'acme/2', value: 700 },
      { name: 'redis_memory_bytes', label: '', value: 12 },
    ]);
    await db
      .insertInto('alerts')
      .values(
        [
          { name: 'sessionHitRate', label: 's3', level: 'critical' as const },
          { name: 'repositoryBudget', label: 'acme/shop', level: 'critical' as const },
          { name: 'repositoryBudget', label: 'acme/till', level: 'critical' as const },
          { name: 'redisMemory', label: '', level: 'ok' as const },
        ].map((alert) => ({ ...alert, since: new Date(), seen_at: new Date(), pending_looks: 0 })),
      )
      .execute();

    await using one = await startProcess();
    const text = await (await one.get('/metrics')).text();
    const { series } = readExposition(text);
    const values = (names: string[]) => names.map((name) => series.get(`dexter_${name}`));
    expect(
      values([
        'commands_open{source="github",status="queued"}',
        'commands_open{source="jira",status="queued"}',
        'commands_open{source="github",status="running"}',
        'commands_open{source="github",status="failed"}',
        'queue_depth',
        'ends_untold',
        'dead_letters_total{reason="expired"}',
        'dead_letters_total{reason="untold"}',
        'canary_total{cause="tools"}',
        'canary_total{cause="time"}',
        'commands_ended_total{source="other",status="other"}',
        'run_duration_seconds_bucket{source="github",status="done",le="30"}',
        'run_duration_seconds_bucket{source="github",status="done",le="60"}',
        'dispatch_latency_seconds_sum{source="github"}',
        'cost_usd_total{model="claude-sonnet-4-5"}',
        'cost_usd_total{model="other"}',
        'tokens_total{model="other",kind="cache_read"}',
        'runs{outcome="done",choice="warm"}',
        'estimated_savings_usd',
        'workspace_size_bytes',
        'workspace_largest_size_bytes',
        'workspace_least_free_bytes',
        'redis_memory_bytes',
        'alert{name="sessionHitRate",label="s3",level="critical"}',
        'alert{name="repositoryBudget",label="",level="critical"}',
        'alert{name="redisMemory",label="",level="ok"}',
        'ledger_up',
      ]),
    ).toEqual([
      2,
      1,
      1,
      undefined,
      3,
      1,
      2,
      1,
      1,
      0,
      1,
      0,
      1,
      3,
      0.5,
      0.25,
      80,
      2,
      1.5,
      1_200,
      700,
      undefined,
      12,
      1,
      2,
      undefined,
      1,
    ]);
    expect(series.get('dexter_queue_oldest_age_seconds')).toBeGreaterThan(3_500);
    expect(series.get('dexter_queue_oldest_age_seconds')).toBeLessThan(4_500);
    expect(series.get('dexter_ends_untold_oldest_age_seconds')).toBeGreaterThan(50);
    expect(text).not.toMatch(/acme|shop|maria|SHOP-1/);
  });

  it('counts of each session the archives that its store keeps', async () => {
    for (const generation of [1, 2, 3, 4, 5]) await addGeneration(7, generation, 1_000 * generation, 's3');
    await addGeneration(8, 1, 10);
    const kept = async () => {
      const { layers } = await cacheMetrics(db, { scope: 'all' });
      return [layers['session/s3'], layers['session/workspace'], layers.session].map(
        (layer) => layer && [layer.itemCount, layer.totalSizeBytes, layer.avgItemSizeBytes],
      );
    };
    expect(await kept()).toEqual([[3, 12_000, 4_000], undefined, [4, 12_010, 3_002.5]]);
    // Another store leaves those of the first where they are.
    await addGeneration(7, 6, 600, 'workspace');
    expect(await kept()).toEqual([
      [3, 12_000, 4_000],
      [1, 600, 600],
      [5, 12_610, 2_522],
    ]);
    // A store that was emptied begins anew: its newest is no more the one of the highest number.
    await addGeneration(7, 1, 1, 's3');
    expect(await kept()).toEqual([
      [3, 9_001, 9_001 / 3],
      [1, 600, 600],
      [5, 9_611, 9_611 / 5],
    ]);
  });

  it('is told to each viewer of the repositories that they may see, and of the time that they ask for', async () => {
    await addMeasures(db, [
      { name: 'cache_hit', label: 'context', times: 100 },
      { name: 'cache_hit', label: 'session/s3', repositoryId: 7, times: 2 },
      { name: 'cache_hit', label: 'session/s3', repositoryId: 8, times: 30 },
    ]);
    await sql`insert into measures (name, label, repository_id, hour, count, sum, buckets)
      values ('cache_hit', 'session/s3', 7, now() - interval '40 days', 5, 0, '{}')`.execute(db);
    await setGauges(db, [
      { name: 'context_items', label: 'memory/1', value: 9 },
      { name: 'mcp_items', label: '7', value: 3 },
      { name: 'mcp_items', label: '8', value: 4 },
    ]);
    await addGeneration(7, 1, 100, 's3');
    await addGeneration(8, 1, 200, 's3');
    await addCost(7, 1);
    await addCost(7, 4, { daysAgo: 40 });
    await addCost(8, 16);
    const since = new Date(Date.now() - 7 * 86_400_000);
    const seen = async (query: Parameters<typeof cacheMetrics>[1]) => {
      const { total, layers } = await cacheMetrics(db, query);
      return [
        total.hits,
        total.itemCount,
        total.totalSizeBytes,
        total.estimatedCostSaved,
        layers.prompt.tokens.read,
      ];
    };
    expect(await seen({ scope: 'all' })).toEqual([137, 18, 300, 42, 240]);
    expect(await seen({ scope: 'all', since })).toEqual([132, 18, 300, 34, 160]);
    expect(await seen({ scope: [7] })).toEqual([7, 4, 100, 10, 160]);
    expect(await seen({ scope: [7], since })).toEqual([2, 4, 100, 2, 80]);
    expect(await seen({ scope: [9] })).toEqual([0, 0, 0, 0, 0]);
    expect(await seen({ scope: [] })).toEqual([0, 0, 0, 0, 0]);
  });

  it('leaves out what a process held that has gone', async () => {
    await setGauges(db, [
      { name: 'context_items', label: 'memory/1', value: 9 },
      { name: 'context_bytes', label: 'memory/1', value: 90 },
      { name: 'context_items', label: 'memory/2', value: 5 },
    ]);
    await sql`update gauges set at = now() - interval '1 hour' where label = 'memory/2'`.execute(db);
    const { layers } = await cacheMetrics(db, { scope: 'all' });
    expect(layers.context).toMatchObject({ itemCount: 9, totalSizeBytes: 90, avgItemSizeBytes: 10 });
  });
});

describe('a ledger that does not answer', () => {
  /** Whose connections never come. */
  const hanging = new Kysely<Tables>({
    dialect: new PostgresDialect({
      pool: { connect: () => new Promise(() => undefined), end: async () => undefined },
    }),
  });

  it.each<[string, () => Promise<Db>]>([
    ['hangs', async () => hanging],
    [
      'fails',
      async () => {
        const closed = await openDatabase({ url: server.url, directory: '' });
        await closed.kysely.selectFrom('gauges').select('name').execute();
        await closed.close();
        return closed.kysely;
      },
    ],
  ])('and %s takes only its own figures away', async (_, open) => {
    await using one = await startProcess({ db: await open(), withinMs: 50, firstWithinMs: 50 });
    const { series } = await one.scrape();
    expect(series.get('dexter_ledger_up')).toBe(0);
    expect(series.get('process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(series.has('dexter_queue_depth')).toBe(false);
    for (const path of ['/metrics/cache', '/metrics/cache?since=2026-05-04']) {
      const response = await one.get(path);
      expect(response.status).toBe(503);
      expect(await response.text()).toContain('/readyz');
    }
  });
});

describe('access to metrics', () => {
  it.each(['/metrics', '/metrics/cache'])('to %s is by the token, where there is one', async (path) => {
    await using one = await startProcess({ token });
    expect((await one.get(path, { authorization: `Bearer ${token}` })).status).toBe(200);
    for (const headers of [{}, { authorization: 'Bearer another-token-of-it' }] as Record<string, string>[]) {
      const response = await one.get(path, headers);
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="metrics"');
      expect(await response.text()).not.toContain(token);
    }
  });

  it.each(['/metrics', '/metrics/cache'])('to %s is from this machine alone, without one', async (path) => {
    await using one = await startProcess();
    expect((await one.get(path)).status).toBe(200);
    for (const header of ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via']) {
      const response = await one.get(path, { [header]: '203.0.113.9' });
      expect(response.status).toBe(403);
      expect(await response.text()).toContain('DEXTER_METRICS_TOKEN');
    }
    await using open = await startProcess({ appUrl: 'https://dexter.example.com' });
    expect((await open.get(path)).status).toBe(403);
  });

  it('says what `since` takes', async () => {
    await using one = await startProcess();
    const response = await one.get('/metrics/cache?since=yesterday');
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('2026-05-04');
    expect(await one.cache('?since=2026-05-04T10:00:00Z')).toMatchObject({ cache: { hits: 0 } });
  });
});
