import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Hono } from 'hono';
import type { Logger } from 'pino';
import { Probot, ProbotOctokit } from 'probot';
import { webhookAt } from './alerts/post-alert.ts';
import { rulesOf } from './alerts/settings.ts';
import { watchAlerts } from './alerts/watch.ts';
import { apiRoutes } from './api/routes.ts';
import { contextReader } from './caches/context-reader.ts';
import { openContextCache } from './caches/open-context-cache.ts';
import { snapshotsIn } from './caches/snapshots.ts';
import type { AppConfig } from './config.ts';
import { redactor } from './core/redact.ts';
import type { Scope } from './core/viewer.ts';
import { formTokens } from './dashboard/actions/form-tokens.ts';
import { watchChanges } from './dashboard/live/changes.ts';
import { pageMark } from './dashboard/live/page-mark.ts';
import { dashboardRoutes } from './dashboard/routes.ts';
import { shownSettings } from './dashboard/shown-settings.ts';
import type { Access } from './dashboard/sign-in/access.ts';
import { isAmong } from './dashboard/sign-in/administrators.ts';
import { closedAccess } from './dashboard/sign-in/closed-access.ts';
import { gitHubAccess } from './dashboard/sign-in/github-access.ts';
import { openAccess } from './dashboard/sign-in/open-access.ts';
import { actionsDispatcher } from './dispatch/actions.ts';
import type { Dispatcher } from './dispatch/dispatcher.ts';
import { localDispatcher } from './dispatch/local.ts';
import type { Authenticate } from './github/github.ts';
import { gitHubPeople } from './github/people.ts';
import { watchRateLimits } from './github/watch-rate-limits.ts';
import { looksAt } from './health/looks.ts';
import { watchHealth } from './health/part-health.ts';
import { healthRoutes, readiness } from './health/routes.ts';
import { jiraClient } from './jira/client.ts';
import { JiraTicket } from './jira/ticket.ts';
import { inTime } from './jobs/in-time.ts';
import type { JiraConnection, Services } from './jobs/services.ts';
import { startWorker } from './jobs/work.ts';
import { changeMark } from './ledger/change-mark.ts';
import { dropProcessLeases, handBack } from './ledger/commands.ts';
import { openDatabase } from './ledger/database.ts';
import { addMeasures } from './ledger/measures.ts';
import { askForTemplate } from './ledger/onboardings.ts';
import { rememberToken } from './ledger/shown-tokens.ts';
import { configSecrets } from './logging/config-secrets.ts';
import { measureCounter } from './metrics/measure-counter.ts';
import { type ProcessMetrics, processMetrics } from './metrics/process-metrics.ts';
import { metricsRoutes } from './metrics/routes.ts';
import { watchCacheSize } from './metrics/watch-cache-size.ts';
import { defaultPace } from './onboarding/onboard-next.ts';
import { readTemplate } from './onboarding/read-template.ts';
import type { OnboardingTemplate } from './onboarding/template.ts';
import { overridePrices } from './pricing/price-overrides.ts';
import { openQueue } from './queue/queue.ts';
import { oidcVerifier } from './runner-api/oidc.ts';
import { runnerRoutes } from './runner-api/routes.ts';
import { type RunTokens, runTokens } from './runner-api/run-tokens.ts';
import { ownMasterKeys } from './sessions/master-keys.ts';
import { githubRoutes } from './webhooks/github-routes.ts';
import { registerGitHubEvents } from './webhooks/index.ts';
import { jiraRoutes } from './webhooks/jira-routes.ts';

/** GitHub itself gives a request up after 10 s; a list of many pages is many requests. */
const githubTimeoutMs = 30_000;

/** A process that has to end waits no longer than this for what it counted to be kept. */
const lastFlushMs = 1_000;

export interface App {
  routes: Hono;
  /** Takes nothing more from the queue and is not ready any more; resolves when what is under way is finished. */
  drain(): Promise<void>;
  /** Hands what is still under way to other processes. The process has to end right after this. */
  handBack(): Promise<string[]>;
  /** Finishes what is under way and lets go of the database. */
  stop(): Promise<void>;
}

export interface AppOptions {
  config: AppConfig;
  log: Logger;
  /** Environment that a local run starts from. */
  machine: Record<string, string>;
  /** Instead of the configured one. */
  dispatcher?: Dispatcher;
  /** Instead of the files that Dexter brings along. */
  onboardingTemplate?: OnboardingTemplate | undefined;
  /** Hears of each request to GitHub's API before it is sent, tries again included. */
  onGitHubRequest?: ((request: GitHubRequest) => void) | undefined;
  /** Instead of what counts for `/metrics`. */
  metrics?: ProcessMetrics | undefined;
  /** Who looks at the dashboard, instead of what the configuration says of that. */
  access?: Access | undefined;
}

export interface GitHubRequest {
  method: string;
  /** Without the query. */
  path: string;
}

/** Puts the app together: configuration to ports to webhooks and routes. */
export async function createApp(options: AppOptions): Promise<App> {
  const { config, log, machine, dispatcher, onGitHubRequest } = options;
  await mkdir(config.dataDirectory, { recursive: true, mode: 0o700 });
  const masterKeys = config.sessionKeys ?? (await ownMasterKeys(config.dataDirectory));
  const database = await openDatabase({
    url: config.databaseUrl,
    directory: join(config.dataDirectory, 'database'),
    log,
  });
  if (database.backend === 'pglite') await dropProcessLeases(database.kysely);
  const queue = await openQueue(database, (error) => log.error({ err: error }, 'queue'));
  const { metrics = processMetrics() } = options;
  const probot = new Probot({
    appId: config.github.appId,
    privateKey: config.github.privateKey,
    secret: config.github.webhookSecret,
    // A function, because Probot gives throttle options of its own, which must not hide ours.
    Octokit: ProbotOctokit.plugin(watchRateLimits(metrics.githubLimited)).defaults(
      (options: ConstructorParameters<typeof ProbotOctokit>[0] = {}) => ({
        ...options,
        baseUrl: config.github.apiUrl,
        throttle: { ...options.throttle, enabled: config.github.throttle },
        request: { ...options.request, fetch: telling(onGitHubRequest, metrics, fetchInTime) },
      }),
    ),
    log,
  });
  await probot.ready();
  // Probot's octokit is octokit's core with the same REST plugin.
  const github: Authenticate = (installationId) =>
    probot.auth(installationId) as unknown as ReturnType<Authenticate>;
  const contexts = openContextCache({
    ...(config.context.redisUrl === undefined ? {} : { redisUrl: config.context.redisUrl }),
    log,
  });
  const counter = measureCounter({ write: (measured) => addMeasures(database.kysely, measured), log });
  const { count } = counter;
  const onboarding = await onboardingOf(options);
  if (onboarding) {
    const again = await askForTemplate(database.kysely, onboarding.template.version);
    if (again > 0) log.info({ repositories: again }, 'a new template: onboarding is due again');
  }
  const tokens = runTokens(config.github.webhookSecret);
  const health = watchHealth({ parts: looksAt({ config, db: database.kysely, machine }), log });
  const services: Services = {
    db: database.kysely,
    queue,
    github,
    jira: connections(config, metrics),
    tickets: contextReader({
      ...contexts,
      snapshots: snapshotsIn({
        ...contexts,
        schema: JiraTicket,
        ttlMs: Math.round(config.context.ttlHours * 60 * 60 * 1000),
        log,
        count,
      }),
      updatedOf: ({ updatedAt }) => updatedAt,
      log,
      count,
    }),
    withoutJira: config.context,
    refreshAfterMs: config.context.refreshAfterMinutes * 60_000,
    dispatcher: dispatcher ?? dispatcherOf(config, github, tokens, log, machine),
    runnerNoticeMs: config.runnerNoticeMinutes * 60_000,
    log,
    name: config.name,
    appUrl: config.url,
    serverUrl: config.github.serverUrl,
    retention: config.retention,
    budgets: config.budgets,
    engine: config.engine,
    holds: new Set(),
    health,
    ...(onboarding ? { onboarding } : {}),
    wake: () => worker.wake(),
  };
  const worker = startWorker(services);
  const alerts = watchAlerts({
    db: database.kysely,
    log,
    rules: rulesOf(config.alerts.settings),
    windowHours: config.alerts.settings.windowHours,
    budgets: config.budgets,
    parts: () =>
      health.parts().map(({ part, name, state }) => ({ name: name ? `${part} ${name}` : part, state })),
    post: config.alerts.webhook === undefined ? undefined : webhookAt(config.alerts.webhook),
    appUrl: config.url,
    everyMs: config.alerts.everyMs,
  });
  const cacheSize = watchCacheSize({ ...contexts, db: database.kysely, log, processId: randomUUID() });
  const ledgerMark = (scope: Scope) => changeMark(database.kysely, scope);
  const changes = watchChanges({ markOf: pageMark({ ledgerMark, health }), log });
  await probot.load((app) => registerGitHubEvents(app, services));

  const routes = new Hono();
  // From a process that stops, a client that comes again must get to another one.
  routes.use(async (c, next) => {
    await next();
    if (!worker.isRunning()) c.header('connection', 'close');
  });
  for (const path of ['/', '/api/*', '/jira/*']) routes.use(path, metrics.timed);
  routes.route('/', healthRoutes({ database, queue, worker, health, log }));
  routes.route('/', githubRoutes({ app: probot, secret: config.github.webhookSecret, log }));
  routes.route('/', jiraRoutes(services));
  routes.route('/', apiRoutes(services, config.apiToken));
  routes.route(
    '/',
    runnerRoutes({
      services,
      tokens,
      masterKeys,
      acceptRunTokens: dispatcher !== undefined || config.dispatcher.kind === 'local',
      verifyIdentity:
        config.dispatcher.kind === 'actions'
          ? oidcVerifier({
              ...config.dispatcher,
              issuer: config.github.oidcIssuer,
              audience: config.url,
              remember: (token) => rememberToken(services.db, token),
            })
          : undefined,
      workflowBranch: config.dispatcher.kind === 'actions' ? config.dispatcher.ref : undefined,
    }),
  );
  routes.route(
    '/',
    metricsRoutes({
      db: database.kysely,
      prices: overridePrices(config.prices),
      metrics,
      token: config.metricsToken,
      appUrl: config.url,
      log,
    }),
  );
  if (config.dashboard.mode === 'off') routes.get('/', (c) => c.text('Dexter is running.'));
  else
    routes.route(
      '/',
      dashboardRoutes({
        services,
        formTokens: formTokens(config.github.webhookSecret),
        changes,
        app: {
          settings: shownSettings(config),
          backend: database.backend,
          readiness: readiness({ database, queue, worker, health, log }),
          redact: redactor(configSecrets(config)),
        },
        ...(options.access ?? accessTo(config, log)),
      }),
    );
  routes.onError((error, c) => {
    // Whoever asked has gone before the end of the body: that is no failure, and nobody hears the answer.
    if (c.req.raw.signal.aborted) return c.body(null, 400);
    log.error({ err: error, path: c.req.path }, 'request failed');
    return c.json({ error: 'Dexter failed to answer; the log tells why.' }, 500);
  });

  return {
    routes,
    async drain() {
      await Promise.all([worker.stop(), alerts.stop(), changes.stop()]);
    },
    async handBack() {
      const held = [...services.holds];
      const flushed = counter.flush();
      await handBack(database.kysely, held);
      await inTime(lastFlushMs, flushed);
      return held;
    },
    async stop() {
      await Promise.all([worker.stop(), alerts.stop(), changes.stop()]);
      await contexts.cache.close();
      await cacheSize.stop();
      await counter.stop();
      await queue.stop();
      await database.close();
    },
  };
}

/** Who may look at the dashboard. */
function accessTo({ dashboard, github, url }: AppConfig, log: Logger): Access {
  if (dashboard.mode === 'open') return openAccess(url);
  if (!github.client) return closedAccess();
  return gitHubAccess({
    people: gitHubPeople({ ...github, client: github.client }),
    // GitHub makes it, long and at random, and it is nowhere but where people sign in.
    secret: github.client.secret,
    tokens: formTokens(github.webhookSecret),
    url,
    isAdministrator: (person) => isAmong(dashboard.administrators, person),
    now: () => new Date(),
    log,
  });
}

/** Runs on the app's own machine need no workflow, so nothing is proposed then. */
async function onboardingOf({ config, onboardingTemplate }: AppOptions): Promise<Services['onboarding']> {
  if (!config.onboarding.isOn || config.dispatcher.kind !== 'actions') return undefined;
  const { action } = config.onboarding;
  const template =
    onboardingTemplate ?? (await readTemplate({ workflowFile: config.dispatcher.workflow, action }));
  return { template, pace: defaultPace };
}

function telling(
  hear: AppOptions['onGitHubRequest'],
  { githubAnswered }: ProcessMetrics,
  send: typeof fetchInTime,
): typeof fetchInTime {
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    hear?.({ method: init.method ?? 'GET', path: url.pathname });
    try {
      const response = await send(input, init);
      githubAnswered(response.status);
      return response;
    } catch (error) {
      githubAnswered(undefined);
      throw error;
    }
  };
}

/** A GitHub that does not answer must not hold a command, or the end of the process, for minutes. */
function fetchInTime(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  return fetch(input, { ...init, signal: init.signal ?? AbortSignal.timeout(githubTimeoutMs) });
}

function connections(
  config: AppConfig,
  { jiraAnswered }: ProcessMetrics,
): ReadonlyMap<string, JiraConnection> {
  return new Map(
    config.jira.map((site) => [
      site.name,
      {
        jira: jiraClient(site, config.name, { onAnswer: jiraAnswered }),
        secret: site.secret,
        label: site.label,
        projects: site.projects,
        people: site.people,
      },
    ]),
  );
}

function dispatcherOf(
  config: AppConfig,
  github: Authenticate,
  tokens: RunTokens,
  log: Logger,
  machine: Record<string, string>,
): Dispatcher {
  const { dispatcher } = config;
  if (dispatcher.kind === 'actions') return actionsDispatcher({ github, ...dispatcher });
  const { local } = dispatcher;
  return localDispatcher({
    directory: join(config.dataDirectory, 'runs'),
    runToken: tokens.claim,
    githubApiUrl: config.github.apiUrl,
    githubServerUrl: config.github.serverUrl,
    inputs: withoutEmpty({
      ...local.s3,
      store: local.store,
      workspace: local.workspace,
      'claude-path': local.claudePath ?? 'claude',
      'anthropic-api-key': local.anthropicApiKey,
      'anthropic-base-url': local.anthropicBaseUrl,
      'allowed-tools': local.allowedTools?.join('\n'),
      prices: Object.keys(config.prices).length === 0 ? undefined : JSON.stringify(config.prices),
      'timeout-minutes': String(local.timeoutMinutes),
    }),
    environment: machine,
    onExit: (commandId, code) => log.info({ commandId, code }, 'local run ended'),
  });
}

function withoutEmpty(inputs: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(inputs).filter((entry): entry is [string, string] => Boolean(entry[1])),
  );
}
