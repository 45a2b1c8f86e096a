import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Hono } from 'hono';
import type { Logger } from 'pino';
import { Probot, ProbotOctokit } from 'probot';
import { contextReader } from './caches/context-reader.ts';
import { openContextCache } from './caches/open-context-cache.ts';
import { snapshotsIn } from './caches/snapshots.ts';
import type { AppConfig } from './config.ts';
import { actionsDispatcher } from './dispatch/actions.ts';
import type { Dispatcher } from './dispatch/dispatcher.ts';
import { localDispatcher } from './dispatch/local.ts';
import type { Authenticate } from './github/github.ts';
import { healthRoutes } from './health/routes.ts';
import { jiraClient } from './jira/client.ts';
import { JiraTicket } from './jira/ticket.ts';
import type { JiraConnection, Services } from './jobs/services.ts';
import { startWorker } from './jobs/work.ts';
import { dropProcessLeases, handBack } from './ledger/commands.ts';
import { openDatabase } from './ledger/database.ts';
import { askForTemplate } from './ledger/onboardings.ts';
import { rememberToken } from './ledger/shown-tokens.ts';
import { defaultPace } from './onboarding/onboard-next.ts';
import { readTemplate } from './onboarding/read-template.ts';
import type { OnboardingTemplate } from './onboarding/template.ts';
import { openQueue } from './queue/queue.ts';
import { commandListRoutes } from './runner-api/command-list.ts';
import { oidcVerifier } from './runner-api/oidc.ts';
import { runnerRoutes } from './runner-api/routes.ts';
import { type RunTokens, runTokens } from './runner-api/run-tokens.ts';
import { ownMasterKeys } from './sessions/master-keys.ts';
import { githubRoutes } from './webhooks/github-routes.ts';
import { registerGitHubEvents } from './webhooks/index.ts';
import { jiraRoutes } from './webhooks/jira-routes.ts';

/** GitHub itself gives a request up after 10 s; a list of many pages is many requests. */
const githubTimeoutMs = 30_000;

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
  });
  if (database.backend === 'pglite') await dropProcessLeases(database.kysely);
  const queue = await openQueue(database, (error) => log.error({ err: error }, 'queue'));
  const probot = new Probot({
    appId: config.github.appId,
    privateKey: config.github.privateKey,
    secret: config.github.webhookSecret,
    // A function, because Probot gives throttle options of its own, which must not hide ours.
    Octokit: ProbotOctokit.defaults((options: ConstructorParameters<typeof ProbotOctokit>[0] = {}) => ({
      ...options,
      baseUrl: config.github.apiUrl,
      throttle: { ...options.throttle, enabled: config.github.throttle },
      request: { ...options.request, fetch: telling(onGitHubRequest, fetchInTime) },
    })),
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
  const onboarding = await onboardingOf(options);
  if (onboarding) {
    const again = await askForTemplate(database.kysely, onboarding.template.version);
    if (again > 0) log.info({ repositories: again }, 'a new template: onboarding is due again');
  }
  const tokens = runTokens(config.github.webhookSecret);
  const services: Services = {
    db: database.kysely,
    queue,
    github,
    jira: connections(config),
    tickets: contextReader({
      ...contexts,
      snapshots: snapshotsIn({
        ...contexts,
        schema: JiraTicket,
        ttlMs: Math.round(config.context.ttlHours * 60 * 60 * 1000),
        log,
      }),
      updatedOf: ({ updatedAt }) => updatedAt,
      log,
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
    ...(onboarding ? { onboarding } : {}),
    wake: () => worker.wake(),
  };
  const worker = startWorker(services);
  await probot.load((app) => registerGitHubEvents(app, services));

  const routes = new Hono();
  routes.get('/', (c) => c.text('Dexter is running.'));
  // From a process that stops, a client that comes again must get to another one.
  routes.use(async (c, next) => {
    await next();
    if (!worker.isRunning()) c.header('connection', 'close');
  });
  routes.route('/', healthRoutes({ database, queue, worker, log }));
  routes.route('/', githubRoutes({ app: probot, secret: config.github.webhookSecret, log }));
  routes.route('/', jiraRoutes(services));
  routes.route('/', commandListRoutes(services, config.apiToken));
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
  routes.onError((error, c) => {
    // Whoever asked has gone before the end of the body: that is no failure, and nobody hears the answer.
    if (c.req.raw.signal.aborted) return c.body(null, 400);
    log.error({ err: error, path: c.req.path }, 'request failed');
    return c.json({ error: 'Dexter failed to answer; the log tells why.' }, 500);
  });

  return {
    routes,
    drain: () => worker.stop(),
    async handBack() {
      const held = [...services.holds];
      await handBack(database.kysely, held);
      return held;
    },
    async stop() {
      await worker.stop();
      await contexts.cache.close();
      await queue.stop();
      await database.close();
    },
  };
}

/** Runs on the app's own machine need no workflow, so nothing is proposed then. */
async function onboardingOf({ config, onboardingTemplate }: AppOptions): Promise<Services['onboarding']> {
  if (!config.onboarding.isOn || config.dispatcher.kind !== 'actions') return undefined;
  const { action } = config.onboarding;
  const template =
    onboardingTemplate ?? (await readTemplate({ workflowFile: config.dispatcher.workflow, action }));
  return { template, pace: defaultPace };
}

function telling(hear: AppOptions['onGitHubRequest'], send: typeof fetchInTime): typeof fetchInTime {
  return (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    hear?.({ method: init.method ?? 'GET', path: url.pathname });
    return send(input, init);
  };
}

/** A GitHub that does not answer must not hold a command, or the end of the process, for minutes. */
function fetchInTime(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  return fetch(input, { ...init, signal: init.signal ?? AbortSignal.timeout(githubTimeoutMs) });
}

function connections(config: AppConfig): ReadonlyMap<string, JiraConnection> {
  return new Map(
    config.jira.map((site) => [
      site.name,
      {
        jira: jiraClient(site, config.name),
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
