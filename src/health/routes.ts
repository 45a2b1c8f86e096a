import { Hono } from 'hono';
import type { Logger } from 'pino';
import { inTime } from '../jobs/in-time.ts';
import type { Worker } from '../jobs/work.ts';
import type { Database } from '../ledger/database.ts';
import type { Queue } from '../queue/queue.ts';
import { type Health, type PartName, type PartState, worstOf } from './part-health.ts';

/** Balancers give a probe up after some seconds; a database that takes longer cannot keep a webhook either. */
const answerWithinMs = 3_000;

export interface HealthRoutesOptions {
  database: Pick<Database, 'isMigrated'>;
  queue: Pick<Queue, 'check'>;
  worker: Pick<Worker, 'isRunning'>;
  health: Health;
  log: Logger;
  withinMs?: number;
}

/**
 * What of the app a webhook needs, which decides whether it is ready, and then what a command needs: while GitHub is
 * down, webhooks are to be kept. Words of this list alone are told: anybody may ask.
 */
export interface Readiness extends Record<PartName, PartState> {
  ready: boolean;
  database: 'ok' | 'no answer';
  migrations: 'ok' | 'missing' | 'unknown';
  queue: 'ok' | 'no answer' | 'unknown';
  worker: 'ok' | 'stopping';
}

/** `/healthz`: the process lives. `/readyz`: it can keep what GitHub and JIRA tell it, and act on it. */
export function healthRoutes(options: HealthRoutesOptions): Hono {
  const routes = new Hono();
  const isReady = readiness(options);
  routes.get('/healthz', (c) => c.json({ ok: true }));
  routes.get('/readyz', async (c) => {
    const now = await isReady();
    return c.json(now, now.ready ? 200 : 503, { 'cache-control': 'no-store' });
  });
  return routes;
}

/** Asks for all at once what one asks: many probes are one look at the database. */
export function readiness(options: HealthRoutesOptions): () => Promise<Readiness> {
  let asked: Promise<Needed> | undefined;
  return async () => {
    // As they were seen last: nobody waits for them.
    const others = worstOf(options.health.parts());
    asked ??= look(options).finally(() => {
      asked = undefined;
    });
    const parts = await asked;
    // Afterwards: what the probe hears is not older than its answer.
    const worker = options.worker.isRunning() ? 'ok' : 'stopping';
    const ready = [...Object.values(parts), worker].every((part) => part === 'ok');
    return { ready, ...parts, worker, ...others };
  };
}

type Needed = Pick<Readiness, 'database' | 'migrations' | 'queue'>;

async function look({
  database,
  queue,
  log,
  withinMs = answerWithinMs,
}: HealthRoutesOptions): Promise<Needed> {
  const [isMigrated, isQueueThere] = await Promise.all([
    inTime(withinMs, database.isMigrated()).catch((error: unknown) => {
      log.warn({ err: error }, 'the database does not answer');
      return undefined;
    }),
    inTime(
      withinMs,
      queue.check().then(() => true),
    ).catch((error: unknown) => {
      log.warn({ err: error }, 'the queue does not answer');
      return false;
    }),
  ]);
  if (isMigrated === undefined) return { database: 'no answer', migrations: 'unknown', queue: 'unknown' };
  return {
    database: 'ok',
    migrations: isMigrated ? 'ok' : 'missing',
    queue: isQueueThere ? 'ok' : 'no answer',
  };
}
