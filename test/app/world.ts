import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { serve } from '@hono/node-server';
import { type Logger, pino } from 'pino';
import { type GitHub, startGitHub } from '../../demo/github/start-github.ts';
import { type Jira, type JiraOptions, startJira } from '../../demo/jira/start-jira.ts';
import { loginOf, story } from '../../demo/story/ticket.ts';
import { AlertSettings } from '../../src/alerts/settings.ts';
import { type App, type AppOptions, createApp } from '../../src/app.ts';
import type { AppConfig } from '../../src/config.ts';
import type { Report } from '../../src/core/report.ts';
import {
  type ClaimRequest,
  ClaimResponse,
  claimPath,
  heartbeatPath,
  reportPath,
} from '../../src/core/runner.ts';
import type { Dispatcher } from '../../src/dispatch/dispatcher.ts';
import type { Db } from '../../src/ledger/commands.ts';
import { openDatabase } from '../../src/ledger/database.ts';
import { runTokens } from '../../src/runner-api/run-tokens.ts';
import { handDispatcher } from '../fakes/hand-dispatcher.ts';
import { beginWithEmptyDatabase } from '../ledger/empty-database.ts';

export const repositorySource = fileURLToPath(new URL('../../demo/repository', import.meta.url));

export const jiraSecret = 'secret-of-the-jira-rule';

export interface ListedCommand {
  id: string;
  source: string;
  issueKey: string;
  status: string;
  told: boolean;
  /** Why telling the end was given up. */
  untold: string | null;
  problem: { code: string; message: string; hint: string } | null;
  report: Report | null;
}

export interface WorldOptions {
  dispatcher?: Dispatcher;
  /** Instead of an embedded database in a directory. */
  databaseUrl?: string;
  /** Something to stand between the app and GitHub's API, by that API's address. */
  viaGate?: (githubApiUrl: string) => Promise<{ url: string; close(): Promise<void> }>;
  jira?: JiraOptions;
  dashboard?: Partial<AppConfig['dashboard']>;
  /** Fills the ledger before the app starts. */
  seed?: (db: Db, github: GitHub) => Promise<void>;
  /** Null for an app that does not know its own OAuth client, so that nobody can sign in. */
  client?: null;
  /** Instead of the address at which nobody is. */
  appUrl?: string;
  /** Instead of the one that the configuration says. */
  access?: AppOptions['access'];
  retention?: AppConfig['retention'];
  budgets?: AppConfig['budgets'];
  engine?: AppConfig['engine'];
  alerts?: { settings?: unknown; webhook?: string; everyMs?: number };
  context?: Partial<AppConfig['context']>;
  /** Something to stand between the app and JIRA, by JIRA's address. */
  viaJiraGate?: (jiraUrl: string) => Promise<{ url: string; close(): Promise<void> }>;
  log?: Logger;
  /** Starts runs as GitHub does, instead of leaving them to the test; whose tokens they identify themselves with. */
  issuer?: (github: GitHub) => Promise<{ url: string; close(): Promise<void> }>;
  onGitHubRequest?: AppOptions['onGitHubRequest'];
  metrics?: AppOptions['metrics'];
  runnerNoticeMinutes?: number;
  /** Of the workflow that is dispatched. */
  actions?: { ref?: string; jobWorkflow?: string };
  onboarding?: AppConfig['onboarding'];
  onboardingTemplate?: AppOptions['onboardingTemplate'];
  /** Permissions that the App was not granted. */
  without?: readonly string[];
  /** JIRA project to repositories. */
  projects?: Record<string, string | string[]>;
}

/** The app between a simulated GitHub and a simulated JIRA, with a runner that the test plays by hand. */
export async function startWorld(options: WorldOptions = {}) {
  const github: GitHub = await startGitHub({
    repositorySource,
    ...(options.without ? { without: options.without } : {}),
  });
  const jira: Jira = await startJira(options.jira ?? story);
  const gate = await options.viaGate?.(github.apiUrl);
  const jiraGate = await options.viaJiraGate?.(jira.url);
  const issuer = await options.issuer?.(github);
  const data = await mkdtemp(join(tmpdir(), 'dexter-test-app-'));
  if (!options.databaseUrl) beginWithEmptyDatabase(data);
  const hand = handDispatcher();
  const apiToken = 'token-of-the-command-list';
  const config: AppConfig = {
    name: 'dexter',
    host: '127.0.0.1',
    port: 0,
    url: options.appUrl ?? 'http://127.0.0.1:1',
    dataDirectory: data,
    databaseUrl: options.databaseUrl,
    logLevel: 'warn',
    stop: { withinSeconds: 25, delaySeconds: 0 },
    apiToken,
    dashboard: { mode: 'open', administrators: [], ...options.dashboard },
    github: {
      appId: github.app.id,
      privateKey: github.app.privateKey,
      webhookSecret: github.app.webhookSecret,
      apiUrl: gate?.url ?? github.apiUrl,
      serverUrl: github.url,
      throttle: false,
      oidcIssuer: issuer?.url ?? github.url,
      ...(options.client === null ? {} : { client: github.app.client }),
    },
    runnerNoticeMinutes: options.runnerNoticeMinutes ?? 10,
    dispatcher: { kind: 'actions', workflow: 'dexter.yml', ...options.actions },
    jira: [
      {
        type: 'cloud',
        name: 'acme',
        url: jira.connection.baseUrl,
        ...(jiraGate ? { apiUrl: jiraGate.url } : {}),
        email: jira.connection.email,
        token: jira.connection.apiToken,
        tokenEnv: 'T',
        secretEnv: 'S',
        secret: jiraSecret,
        label: 'dexter',
        projects: options.projects ?? { SHOP: 'acme/shop' },
        people: loginOf,
      },
    ],
    onboarding: options.onboarding ?? { isOn: true },
    ...(options.engine ? { engine: options.engine } : {}),
    budgets: options.budgets ?? { repositories: {} },
    retention: options.retention ?? { afterCloseDays: 7, maxAgeDays: 30 },
    prices: {},
    alerts: { ...options.alerts, settings: AlertSettings.parse(options.alerts?.settings ?? {}) },
    context: {
      whenJiraFails: 'go-on',
      waitMinutes: 10,
      refreshAfterMinutes: 5,
      ttlHours: 24,
      ...options.context,
    },
  };
  const log = options.log ?? pino({ level: process.env.TEST_LOG ?? 'silent' });
  const start = (onboardingTemplate = options.onboardingTemplate): Promise<App> =>
    createApp({
      config,
      log,
      machine: {},
      ...(issuer ? {} : { dispatcher: options.dispatcher ?? hand.dispatcher }),
      onGitHubRequest: options.onGitHubRequest,
      metrics: options.metrics,
      access: options.access,
      onboardingTemplate,
    });
  if (options.seed) await seedLedger(config, (db) => options.seed?.(db, github));
  let app = await start();
  const server = serve({
    fetch: (request, env) => app.routes.fetch(request, env),
    hostname: '127.0.0.1',
    port: 0,
    // Longer than any test: a client never finds a connection closed that it wants to use again.
    serverOptions: { keepAliveTimeout: 120_000 },
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}`;
  github.setWebhookTarget(`${url}/api/github/webhooks`);
  jira.setWebhookTarget(`${url}/jira/acme`, jiraSecret);
  const tokens = runTokens(config.github.webhookSecret);

  async function call(path: string, token: string, body: unknown): Promise<Response> {
    return fetch(`${url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  async function commands(): Promise<ListedCommand[]> {
    const response = await fetch(`${url}/api/commands`, { headers: { authorization: `Bearer ${apiToken}` } });
    const { commands: listed } = (await response.json()) as { commands: ListedCommand[] };
    return listed;
  }

  github.settings.callbackUrls = [`${config.url}/sign-in/callback`];
  return {
    url,
    /** Under which the app believes to be reached. */
    appUrl: config.url,
    routes: () => app.routes.routes,
    github,
    jira,
    hand,
    tokens,
    call,
    commands,
    /** What the app answers, without a connection. */
    handle: async (request: Request): Promise<Response> => app.routes.fetch(request),

    /** Comments on a pull request or an issue as a person. */
    async comment(login: string, number: number, body: string): Promise<number> {
      const { data: created } = await github.as(login).rest.issues.createComment({
        owner: 'acme',
        repo: 'shop',
        issue_number: number,
        body,
      });
      await github.settled();
      return created.id;
    },

    /** What is said on a pull request or an issue, oldest first. */
    async conversation(number: number): Promise<{ author: string; body: string }[]> {
      const { data: comments } = await github.as('maria').rest.issues.listComments({
        owner: 'acme',
        repo: 'shop',
        issue_number: number,
      });
      return comments.map((comment) => ({ author: comment.user?.login ?? '', body: comment.body ?? '' }));
    },

    async claim(commandId: string, more: Partial<ClaimRequest> = {}) {
      const response = await call(claimPath(commandId), tokens.claim(commandId), {
        claimant: randomUUID(),
        runUrl: 'http://runs.example/1',
        runnerName: 'by hand',
        ...more,
      });
      return {
        status: response.status,
        claim: response.ok ? ClaimResponse.parse(await response.json()) : undefined,
      };
    },

    heartbeat: (commandId: string, fence: number, step: string, lines: string[] = []) =>
      call(heartbeatPath(commandId), tokens.run(commandId, fence), {
        fence,
        progress: { step, turns: 1, lines, costUsd: 0.01 },
      }),

    report: (commandId: string, fence: number, report: Report) =>
      call(reportPath(commandId), tokens.run(commandId, fence), { fence, report }),

    /** The newest command, when it fulfils the condition. */
    async until(condition: (command: ListedCommand) => boolean, what: string): Promise<ListedCommand> {
      for (let tries = 0; tries < 200; tries++) {
        const found = (await commands()).find(condition);
        if (found) return found;
        await setTimeout(50);
      }
      throw new Error(`no command ${what}: ${JSON.stringify(await commands())}`);
    },

    /** Ends the app and starts it again, with other files for new repositories. */
    async restart(onboardingTemplate: AppOptions['onboardingTemplate']): Promise<void> {
      await app.stop();
      app = await start(onboardingTemplate);
    },

    async close() {
      server.close();
      await app.stop();
      await gate?.close();
      await jiraGate?.close();
      await issuer?.close();
      await jira.close();
      await github.close();
      await rm(data, { recursive: true, force: true });
    },
  };
}

async function seedLedger(
  { databaseUrl, dataDirectory }: AppConfig,
  seed: (db: Db) => Promise<void> | undefined,
): Promise<void> {
  const database = await openDatabase({ url: databaseUrl, directory: join(dataDirectory, 'database') });
  try {
    await seed(database.kysely);
  } finally {
    await database.close();
  }
}

export type World = Awaited<ReturnType<typeof startWorld>>;

/** A report of a run that went well. */
export function goodReport(changes: Partial<Report> = {}): Report {
  return {
    outcome: 'done',
    summary: 'Coupons take a percentage now.',
    session: {
      id: '11111111-1111-4111-8111-111111111111',
      mode: 'fresh',
      generation: 1,
      bytes: 1000,
      contextTokens: 20_000,
      engineVersion: '2.1.330',
      model: 'claude-sonnet-4-5',
    },
    usage: { inputTokens: 10, cacheReadTokens: 20_000, cacheWriteTokens: 3_000, outputTokens: 500 },
    costUsd: 0.11,
    turns: 7,
    durationMs: 72_000,
    commits: [{ sha: 'a'.repeat(40), title: 'SHOP-42: Coupons' }],
    denials: [],
    notices: [],
    ...changes,
  };
}
