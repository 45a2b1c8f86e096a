import { type Context, Hono } from 'hono';
import type { Logger } from 'pino';
import { z } from 'zod';
import { inTime } from '../jobs/in-time.ts';
import type { Db } from '../ledger/commands.ts';
import type { ModelPrices } from '../pricing/model-prices.ts';
import { askerOf, judgeAsker, type MetricsAccess } from './access.ts';
import { askSeldom } from './ask-seldom.ts';
import { type CacheReport, cacheMetrics } from './cache-metrics.ts';
import { ledgerMetrics } from './ledger-metrics.ts';
import type { ProcessMetrics } from './process-metrics.ts';
import { ledgerReader } from './read-ledger.ts';

export interface MetricsOptions extends MetricsAccess {
  db: Db;
  /** Prices that go before the price list. */
  prices: readonly ModelPrices[];
  metrics: ProcessMetrics;
  log: Logger;
  /** How old what the ledger said may be, and how long a request waits for it; also until it has said something. */
  everyMs?: number;
  withinMs?: number;
  firstWithinMs?: number;
}

/** Prometheus gives a scrape up after ten seconds, unless it is told otherwise. */
const answerWithinMs = 3_000;
/** All that was ever counted is summed up for the first one. */
const firstAnswerWithinMs = 8_000;

const Since = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);

/** `GET /metrics` for Prometheus, `GET /metrics/cache` for people and scripts. */
export function metricsRoutes(options: MetricsOptions): Hono {
  const {
    db,
    prices,
    metrics,
    log,
    everyMs = 10_000,
    withinMs = answerWithinMs,
    firstWithinMs = firstAnswerWithinMs,
  } = options;
  const routes = new Hono();
  const readLedger = ledgerReader(db, prices);
  const onError = (error: unknown) => log.warn({ err: error }, 'the ledger could not be read for metrics');
  const ledger = askSeldom(
    async () => {
      const facts = await readLedger();
      return { facts, text: await ledgerMetrics(facts, prices).metrics() };
    },
    { everyMs, withinMs, firstWithinMs, onError },
  );

  for (const path of ['/metrics', '/metrics/cache']) {
    routes.use(path, async (c, next) => {
      c.header('cache-control', 'no-store');
      const verdict = judgeAsker(askerOf(c), options);
      if (verdict.outcome === 'admitted') return next();
      if (verdict.status === 401) c.header('www-authenticate', 'Bearer realm="metrics"');
      return c.json({ error: verdict.error }, verdict.status);
    });
  }
  routes.get('/metrics', async (c) => {
    const said = await ledger();
    const own = await metrics.text(said !== undefined);
    return c.body(said ? `${own}\n${said.text}` : own, 200, { 'content-type': metrics.contentType });
  });
  routes.get('/metrics/cache', async (c) => {
    const asked = c.req.query('since');
    if (asked === undefined) return answer(c, (await ledger())?.facts.caches);
    const since = Since.safeParse(asked);
    if (!since.success) return c.json({ error: '`since` takes a date of UTC, such as 2026-05-04.' }, 400);
    const report = await inTime(
      withinMs,
      cacheMetrics(db, { scope: 'all', since: new Date(since.data), prices }).catch(onError),
    );
    return answer(c, report ?? undefined);
  });
  return routes;
}

function answer(c: Context, report: CacheReport | undefined): Response {
  if (!report) return c.json({ error: 'The database does not answer; /readyz says more.' }, 503);
  return c.json(toJson(report));
}

/** The shape that `GET /metrics/cache` promises. */
export function toJson({ total, layers }: CacheReport) {
  const { hits, misses, hitRate, itemCount, totalSizeBytes, estimatedTokensSaved, estimatedCostSaved } =
    total;
  return rounded({
    cache: { hits, misses, hitRate, itemCount, totalSizeBytes },
    costs: { estimatedTokensSaved, estimatedCostSaved },
    layers,
  });
}

/** Without the digits that only adding up in binary made. */
function rounded<T>(value: T): T {
  return JSON.parse(JSON.stringify(value, (_, part) => (typeof part === 'number' ? round(part) : part)));
}

function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
