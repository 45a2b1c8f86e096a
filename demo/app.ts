import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { z } from 'zod';
import type { EngineName } from '../src/core/engine.ts';
import { Progress, Report } from '../src/core/report.ts';
import { CommandStatus } from '../src/core/status.ts';
import type { GitHub } from './github/start-github.ts';
import type { Jira } from './jira/start-jira.ts';
import { machinePath } from './machine-path.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const startWithinMs = 40_000;

export interface DemoAppOptions {
  /** Directory of its data, configuration and log. */
  directory: string;
  github: GitHub;
  jira: Jira;
  /** JIRA account id to GitHub login. */
  people: Record<string, string>;
  projects: Record<string, string>;
  jiraSecret: string;
  model: { baseUrl?: string; apiKey: string };
  /** Variables that say where sessions are kept. */
  store: Record<string, string>;
  /** Of all commands; absent for none. */
  engine?: EngineName;
}

/** One command as `GET /api/commands` shows it. */
export const ListedCommand = z.object({
  id: z.string(),
  source: z.enum(['github', 'jira']),
  issueKey: z.string(),
  status: CommandStatus,
  told: z.boolean(),
  untold: z.string().nullable(),
  problem: z.object({ message: z.string(), hint: z.string() }).nullable(),
  progress: Progress.nullable(),
  report: Report.nullable(),
});
export type ListedCommand = z.infer<typeof ListedCommand>;

/** The real app, as `npm start` runs it, in a process of its own. */
export async function startApp(options: DemoAppOptions) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const token = 'token-of-the-demo-only';
  const logPath = join(options.directory, 'app.log');
  const configPath = join(options.directory, 'dexter.yml');
  await writeFile(
    configPath,
    stringify({
      ...(options.engine === undefined ? {} : { engine: options.engine }),
      jira: {
        acme: {
          url: options.jira.url,
          email: options.jira.connection.email,
          tokenEnv: 'JIRA_TOKEN',
          secretEnv: 'JIRA_SECRET',
          projects: options.projects,
          people: options.people,
        },
      },
    }),
  );
  const log = await open(logPath, 'a', 0o600);
  const child: ChildProcess = spawn(process.execPath, [join(root, 'src/server.ts')], {
    cwd: options.directory,
    // A group of its own: Ctrl-C is for the demo, which ends the runs first and then the app.
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: {
      ...options.store,
      PATH: machinePath,
      HOME: options.directory,
      APP_ID: String(options.github.app.id),
      PRIVATE_KEY: options.github.app.privateKey,
      WEBHOOK_SECRET: options.github.app.webhookSecret,
      HOST: '127.0.0.1',
      PORT: String(port),
      DEXTER_URL: url,
      DEXTER_DATA: join(options.directory, 'data'),
      DEXTER_CONFIG: configPath,
      DEXTER_DISPATCHER: 'local',
      DEXTER_API_TOKEN: token,
      DEXTER_DASHBOARD: 'open',
      DEXTER_CLAUDE_PATH: join(root, 'node_modules/.bin/claude'),
      GITHUB_API_URL: options.github.apiUrl,
      GITHUB_SERVER_URL: options.github.url,
      GITHUB_THROTTLE: 'off',
      JIRA_TOKEN: options.jira.connection.apiToken,
      JIRA_SECRET: options.jiraSecret,
      ANTHROPIC_API_KEY: options.model.apiKey,
      ...(options.model.baseUrl ? { ANTHROPIC_BASE_URL: options.model.baseUrl } : {}),
    },
  });
  await log.close();
  await ready(child, url, logPath);
  options.github.setWebhookTarget(`${url}/api/github/webhooks`);
  options.jira.setWebhookTarget(`${url}/jira/acme`, options.jiraSecret);

  return {
    url,
    logPath,
    /** What the command line needs to ask this app. */
    cliEnvironment: { DEXTER_URL: url, DEXTER_API_TOKEN: token },
    /** Directory of the local runs' logs. */
    runsDirectory: join(options.directory, 'data', 'runs'),
    async commands(): Promise<ListedCommand[]> {
      const response = await fetch(`${url}/api/commands`, { headers: { authorization: `Bearer ${token}` } });
      return z.object({ commands: z.array(ListedCommand) }).parse(await response.json()).commands;
    },
    async close(): Promise<void> {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await Promise.race([
        exit,
        setTimeout(5_000, undefined, { ref: false }).then(() => child.kill('SIGKILL')),
      ]);
      await exit;
    },
  };
}

export type DemoApp = Awaited<ReturnType<typeof startApp>>;

async function ready(child: ChildProcess, url: string, logPath: string): Promise<void> {
  const until = Date.now() + startWithinMs;
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error(`The app ended while it started; its log is ${logPath}.`);
    const answer = await fetch(`${url}/healthz`).catch(() => undefined);
    if (answer?.ok) return;
    await setTimeout(50);
  }
  throw new Error(`The app did not start within ${startWithinMs / 1000} s; its log is ${logPath}.`);
}

/** The app's address must be known before it starts: a port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = address && typeof address === 'object' ? address.port : 0;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
