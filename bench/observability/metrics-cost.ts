import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { processMetrics } from '../../src/metrics/process-metrics.ts';
import { webhookPath } from '../../src/webhooks/github-routes.ts';
import { startWorld, type World } from '../../test/app/world.ts';
import type { BenchOptions } from '../bench.ts';
import type { Result } from '../figure.ts';
import { median } from '../rounds.ts';

/** Webhooks with metrics and as many without, for every round that is asked for. */
const pairs = 1_000;
/** Prometheus asks every minute, unless it is told otherwise; few ask more often than this. */
const scrapeEveryMs = 5_000;

/**
 * How much fewer webhooks an app takes that counts and is scraped, against one that does neither. It is one app, which
 * counts every second webhook: whatever else the machine does, and all that the app does beside, meets both alike. Of
 * two that follow each other the difference is taken, and of all differences the median. Sockets are left out, beside
 * which metrics would look cheaper. A scrape is as many webhooks that are not taken: measured by the time of the processor, with what the ledger
 * is asked for it and both ends of its connection. The webhook is a command that is there already: checked, read, and
 * answered by one statement.
 */
export async function* measureMetricsCost(options: BenchOptions): AsyncGenerator<Result> {
  const { leftovers, log, rounds } = options;
  log('observability: what metrics cost');
  const metrics = processMetrics();
  let isOn = true;
  const world = await startWorld({
    metrics: { ...metrics, timed: (c, next) => (isOn ? metrics.timed(c, next) : next()) },
  });
  leftovers.defer(() => world.close());
  const deliver = await delivering(world, leftovers);
  const timed = async (counts: boolean): Promise<number> => {
    isOn = counts;
    const begun = performance.now();
    await deliver();
    return performance.now() - begun;
  };
  for (let warmUp = 0; warmUp < pairs; warmUp += 1) await timed(warmUp % 2 === 0);
  const taken: number[] = [];
  const extra: number[] = [];
  // To warm up as well: a process begins once.
  await scrape(world);
  const scrapes: number[] = [];
  let scrapedAt = performance.now();
  for (let pair = 0; pair < rounds * pairs; pair += 1) {
    const isOnFirst = pair % 2 === 0;
    const first = await timed(isOnFirst);
    const second = await timed(!isOnFirst);
    const [on, off] = isOnFirst ? [first, second] : [second, first];
    taken.push(off);
    extra.push(on - off);
    if (performance.now() - scrapedAt < scrapeEveryMs) continue;
    scrapes.push(await scrape(world));
    scrapedAt = performance.now();
  }
  if (scrapes.length === 0) scrapes.push(await scrape(world));
  const [without, more] = [median(taken), median(extra)];
  log(`  a webhook takes ${without.toFixed(3)} ms, and ${more.toFixed(4)} ms more with metrics`);
  // Not each of them asks the ledger anew: their mean is what they come to.
  const ofScrapes = scrapes.reduce((sum, ms) => sum + ms, 0) / scrapes.length / scrapeEveryMs;
  log(`  ${scrapes.length} scrapes take ${(100 * ofScrapes).toFixed(2)} % of the time between two`);
  yield {
    figure: 'metrics_cost',
    value: 1 - (without / (without + more)) * (1 - ofScrapes),
    unit: 'ratio',
    goal: '<0.02',
  };
}

/** What it takes of the processor, in milliseconds. */
async function scrape({ url }: World): Promise<number> {
  const begun = process.cpuUsage();
  const response = await fetch(`${url}/metrics`);
  const text = await response.text();
  const { user, system } = process.cpuUsage(begun);
  if (!text.includes('dexter_http_request_duration_seconds'))
    throw new Error(`No metrics: ${text.slice(0, 200)}`);
  return (user + system) / 1000;
}

/** Delivers the webhook of a command again, as it came the first time. */
async function delivering(world: World, leftovers: AsyncDisposableStack): Promise<() => Promise<void>> {
  const { headers, body } = await recorded(world, leftovers);
  const deliver = async () => {
    const request = new Request(`${world.url}${webhookPath}`, { method: 'POST', headers, body });
    const response = await world.handle(request);
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`The webhook was answered with ${response.status}`);
  };
  await deliver();
  await world.until(({ status }) => status === 'dispatched', 'is dispatched');
  return deliver;
}

async function recorded(world: World, leftovers: AsyncDisposableStack) {
  const got = Promise.withResolvers<{ headers: Record<string, string>; body: Buffer<ArrayBuffer> }>();
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const headers = Object.fromEntries(
      Object.entries(request.headers).flatMap(([name, value]) =>
        typeof value === 'string' && /^(?:content-type|x-)/.test(name) ? [[name, value]] : [],
      ),
    );
    response.end();
    if (headers['x-github-event'] === 'issue_comment') got.resolve({ headers, body });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  leftovers.defer(async () => {
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  world.github.setWebhookTarget(`http://127.0.0.1:${address.port}/`);
  const opened = await world.github
    .as('maria')
    .rest.issues.create({ owner: 'acme', repo: 'shop', title: 'Coupons' });
  await world.comment('maria', opened.data.number, '@dexter add tests');
  const recording = await got.promise;
  world.github.setWebhookTarget(`${world.url}${webhookPath}`);
  return recording;
}
