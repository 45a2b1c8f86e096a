import type { MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { boundsMs } from '../core/histogram.ts';
import type { RateLimit } from '../github/watch-rate-limits.ts';

/** What this process alone can know, since it started. */
export interface ProcessMetrics {
  /** As Prometheus reads it. `isLedgerUp` says whether the ledger answered just now. */
  text(isLedgerUp: boolean): Promise<string>;
  contentType: string;
  /** Of its own figures, without those of Node. */
  registry: Registry;
  /** Times what passes through it. */
  timed: MiddlewareHandler;
  /** Hears how requests to GitHub and to JIRA were answered: the HTTP status, undefined where there was no answer. */
  githubAnswered(status: number | undefined): void;
  jiraAnswered(status: number | undefined): void;
  githubLimited(limit: RateLimit): void;
}

const ofProcess = 'Of this process, since it started.';

export function processMetrics({ now = () => Date.now() } = {}): ProcessMetrics {
  const registry = new Registry();
  const registers = [registry];
  const ledgerUp = new Gauge({
    name: 'dexter_ledger_up',
    help: '1 when the ledger answered in time; with 0 every figure that comes from it is missing.',
    registers,
  });
  const requests = new Histogram({
    name: 'dexter_http_request_duration_seconds',
    help: `Time until webhooks and requests of runners and scripts were answered, by route and class of status. ${ofProcess}`,
    labelNames: ['method', 'route', 'status'] as const,
    buckets: boundsMs.map((bound) => bound / 1000),
    registers,
  });
  const github = new Counter({
    name: 'dexter_github_requests_total',
    help: `Requests to GitHub's API, tries again included, by class of status; "none" without an answer. ${ofProcess}`,
    labelNames: ['status'] as const,
    registers,
  });
  const jira = new Counter({
    name: 'dexter_jira_requests_total',
    help: `Requests to JIRA's API, tries again included, by class of status; "none" without an answer. ${ofProcess}`,
    labelNames: ['status'] as const,
    registers,
  });
  for (const status of ['2xx', '4xx', '5xx', 'none']) {
    github.inc({ status }, 0);
    jira.inc({ status }, 0);
  }
  const limits = rateLimits(registers, now);
  return {
    contentType: Registry.PROMETHEUS_CONTENT_TYPE,
    registry,
    async text(isLedgerUp) {
      ledgerUp.set(isLedgerUp ? 1 : 0);
      const parts = await Promise.all([registry, nodeMetrics()].map((each) => each.metrics()));
      return parts.join('\n');
    },
    async timed(c, next) {
      const startedAt = performance.now();
      await next();
      const route = routeOf(c);
      if (route === undefined) return;
      const method = route === other ? other : c.req.method;
      requests.observe(
        { method, route, status: classOf(c.res.status) },
        (performance.now() - startedAt) / 1000,
      );
    },
    githubAnswered: (status) => github.inc({ status: classOf(status) }),
    jiraAnswered: (status) => jira.inc({ status: classOf(status) }),
    githubLimited: limits.hear,
  };
}

/**
 * The pattern of the route that answers, so that there are no more series than routes; what none answers is `other`.
 * Undefined for what is not timed: at `/` only webhooks are.
 */
function routeOf(c: Parameters<MiddlewareHandler>[0]): string | undefined {
  const answering = matchedRoutes(c).findLast(({ method, path }) => method !== 'ALL' && !path.includes('*'));
  if (answering?.path === '/' && c.req.method !== 'POST') return undefined;
  return answering?.path ?? other;
}

const other = 'other';

function classOf(status: number | undefined): string {
  return status === undefined ? 'none' : `${Math.floor(status / 100)}xx`;
}

/** Installations and kinds of limits that are told of at most; each is a series. */
const mostLimits = 2_000;

function rateLimits(registers: Registry[], now: () => number) {
  const labelNames = ['installation', 'resource'] as const;
  const seen = new Map<string, RateLimit>();
  const help = `As the last answer to this process said; gone when the limit has been reset since. Read it with min without (instance).`;
  const show = (figure: (limit: RateLimit) => number) =>
    function (this: Gauge<(typeof labelNames)[number]>) {
      this.reset();
      for (const limit of seen.values()) {
        // What is left since then nobody has said.
        if (limit.resetSeconds * 1000 <= now()) continue;
        this.set({ installation: limit.installation, resource: limit.resource }, figure(limit));
      }
    };
  new Gauge({
    name: 'dexter_github_rate_limit_remaining',
    help: `Requests that GitHub still takes. ${help}`,
    labelNames,
    registers,
    collect: show(({ remaining }) => remaining),
  });
  new Gauge({
    name: 'dexter_github_rate_limit',
    help: `Requests that GitHub takes in an hour. ${help}`,
    labelNames,
    registers,
    collect: show(({ limit }) => limit),
  });
  new Gauge({
    name: 'dexter_github_rate_limit_reset_timestamp_seconds',
    help: `When GitHub begins to count anew. ${help}`,
    labelNames,
    registers,
    collect: show(({ resetSeconds }) => resetSeconds),
  });
  return {
    hear(limit: RateLimit) {
      const key = `${limit.installation} ${limit.resource}`;
      // The newest last, so that the one that was not seen for longest goes first.
      seen.delete(key);
      seen.set(key, limit);
      const [oldest] = seen.keys();
      if (seen.size > mostLimits && oldest !== undefined) seen.delete(oldest);
    },
  };
}

let ofNode: Registry | undefined;

/** Node's own figures are those of the process, whoever asks: what measures them is started once. */
function nodeMetrics(): Registry {
  if (ofNode === undefined) {
    ofNode = new Registry();
    collectDefaultMetrics({ register: ofNode });
  }
  return ofNode;
}
