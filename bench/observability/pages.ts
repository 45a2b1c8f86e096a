import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hono } from 'hono';
import { pino } from 'pino';
import type { Scope } from '../../src/core/viewer.ts';
import { formTokens } from '../../src/dashboard/actions/form-tokens.ts';
import { dashboardRoutes } from '../../src/dashboard/routes.ts';
import type { Services } from '../../src/jobs/services.ts';
import { type Database, openDatabase } from '../../src/ledger/database.ts';
import { freshPostgres } from '../../test/ledger/fresh-postgres.ts';
import type { BenchOptions } from '../bench.ts';
import type { Result } from '../figure.ts';
import { median } from '../rounds.ts';
import { seeded, seedLedger } from './seed-ledger.ts';

/** Pages of 50 commands: everything that is filtered by, frequent and rare, alone and with what excludes it. */
const lists = [
  '',
  'status=open',
  'status=done',
  'status=expired',
  'source=jira',
  'source=dexter',
  'source=dashboard',
  `person=${seeded.busyPerson}`,
  `person=${seeded.quietPerson}`,
  'person=nobody',
  `repository=${seeded.largestRepository}`,
  `repository=${seeded.smallestRepository}`,
  `repository=${seeded.smallestRepository}&status=done`,
  'status=expired&source=dexter',
  `status=failed&source=jira&person=${seeded.busyPerson}&repository=9002`,
  `q=${seeded.commonWord}`,
  `q=${seeded.rareWord}`,
  `q=${seeded.oldWord}`,
  `q=${seeded.oldWord}&status=expired`,
  `q=${seeded.commonWord}&source=dashboard`,
  'q=nothingofthesort',
  'q=SHOP-77',
  'q=%2377',
  'q=module-55',
];

const scopes: Record<string, Scope> = {
  administrator: 'all',
  'three repositories': [seeded.smallestRepository, 9_005, 9_006],
  'three hundred repositories': Array.from({ length: 300 }, (_, index) => 8_900 + index),
};

/**
 * Time until the app has a page ready, without the network: the median of the rounds of each page, and of them the worst.
 * Everything in one ledger on the disk, as it is without `DATABASE_URL`; and in Postgres where the tests have one.
 */
export async function* measurePages(options: BenchOptions): AsyncGenerator<Result> {
  const { commands, leftovers, log } = options;
  const directory = await mkdtemp(join(tmpdir(), 'dexter-bench-pages-'));
  leftovers.defer(() => rm(directory, { recursive: true, force: true }));
  const embedded = await openDatabase({ directory: join(directory, 'data') });
  const closing = once(() => embedded.close());
  leftovers.defer(closing);
  log(`observability: ${commands} commands in PGlite`);
  await seedLedger(embedded.kysely, commands);
  yield* measureIn(embedded, '', options);
  yield* measureView(embedded, log);
  await closing();
  if (!process.env.TEST_DATABASE_URL) {
    log('  TEST_DATABASE_URL is not set: Postgres was not measured');
    return;
  }
  const { url, drop } = await freshPostgres();
  leftovers.defer(drop);
  const postgres = await openDatabase({ url, directory: '' });
  leftovers.defer(once(() => postgres.close()));
  log(`observability: ${commands} commands in Postgres`);
  await seedLedger(postgres.kysely, commands);
  yield* measureIn(postgres, 'postgres_', options);
}

function once(close: () => Promise<void>): () => Promise<void> {
  let closed: Promise<void> | undefined;
  return () => {
    closed ??= close();
    return closed;
  };
}

async function* measureIn(database: Database, prefix: string, options: BenchOptions): AsyncGenerator<Result> {
  const { kysely } = database;
  const { id } = await kysely
    .selectFrom('commands')
    .innerJoin('runs', 'runs.command_id', 'commands.id')
    .select('commands.id')
    .where('commands.status', '=', 'done')
    .orderBy('commands.created_at', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  const issue = await kysely
    .selectFrom('generations')
    .select(['repository_id', 'issue_key'])
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  const others = [
    '/',
    `/commands/${id}`,
    `/issues/${issue.repository_id}/${issue.issue_key}`,
    '/sessions',
    await nextPage(database, '/sessions'),
    '/repositories',
  ];
  const pagesOfLists = [...lists.map((query) => `/commands?${query}`), await nextPage(database, '/commands')];
  yield await worst(database, `${prefix}page_of_50_ms`, pagesOfLists, options);
  yield await worst(database, `${prefix}other_page_ms`, others, options);
}

async function worst(
  database: Database,
  figure: string,
  paths: readonly string[],
  { log, rounds }: BenchOptions,
): Promise<Result> {
  const taken: { name: string; ms: number }[] = [];
  for (const [who, scope] of Object.entries(scopes)) {
    const routes = routesFor(database, scope);
    for (const path of paths) {
      const times: number[] = [];
      for (let round = 0; round <= rounds; round += 1) {
        const begun = performance.now();
        const found = await show(routes, path);
        if (found && round > 0) times.push(performance.now() - begun);
      }
      if (times.length > 0) taken.push({ name: `${path} for ${who}`, ms: median(times) });
    }
  }
  taken.sort((one, other) => other.ms - one.ms);
  for (const { name, ms } of taken.slice(0, 5)) log(`  ${figure}: ${ms.toFixed(1)} ms for ${name}`);
  const [first] = taken;
  if (!first) throw new Error('No page was measured');
  return { figure, value: first.ms, unit: 'ms', goal: '<100' };
}

function routesFor({ kysely }: Database, scope: Scope): Hono {
  const services: Partial<Services> = {
    db: kysely,
    log: pino({ level: 'silent' }),
    retention: { afterCloseDays: 7, maxAgeDays: 30 },
    budgets: { repositories: {} },
    serverUrl: 'https://github.example',
  };
  return dashboardRoutes({
    services: services as Services,
    formTokens: formTokens('secret of the bench'),
    changes: { listen: () => undefined, stop: async () => undefined },
    viewerOf: async () => ({ name: 'bench', scope, isAdministrator: scope === 'all' }),
  });
}

/** The page, or undefined where the viewer may not see it. */
async function show(routes: Hono, path: string): Promise<string | undefined> {
  const response = await routes.request(path, { headers: { accept: 'text/html' } });
  if (response.status === 404) return undefined;
  if (response.status !== 200) throw new Error(`${path} was answered with ${response.status}`);
  return response.text();
}

async function nextPage(database: Database, path: string): Promise<string> {
  const page = await show(routesFor(database, 'all'), path);
  const next = /rel="next" href="([^"]+)"/.exec(page ?? '')?.[1];
  if (next === undefined) throw new Error(`${path} has one page alone`);
  return next.replaceAll('&amp;', '&');
}

/** What a browser loads to show the first page: it and all that it names, as it is before it is compressed. */
async function* measureView(database: Database, log: (message: string) => void): AsyncGenerator<Result> {
  const routes = routesFor(database, 'all');
  const page = (await show(routes, '/')) ?? '';
  const named = [...page.matchAll(/<(?:link rel="stylesheet" href|script[^>]* src)="([^"]+)"/g)].map(
    ([, path = '']) => path,
  );
  if (named.length === 0) throw new Error('The first page names no style sheet');
  let bytes = Buffer.byteLength(page);
  log(`  / ${bytes} bytes`);
  for (const path of named) {
    const size = Buffer.byteLength((await show(routes, path)) ?? '');
    log(`  ${path} ${size} bytes`);
    bytes += size;
  }
  yield { figure: 'first_view', value: bytes / 1000, unit: 'kB', goal: '<60' };
}
