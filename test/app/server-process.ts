import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { GitHub } from '../../demo/github/start-github.ts';
import type { Jira } from '../../demo/jira/start-jira.ts';
import { loginOf } from '../../demo/story/ticket.ts';
import { beginWithEmptyDatabase } from '../ledger/empty-database.ts';
import type { ListedCommand } from './world.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Nothing takes so long on a busy machine; whoever waits longer has hung. */
const longestMs = 120_000;

const apiToken = 'token-of-the-command-list';

export const jiraSecret = 'secret-of-the-jira-rule';

/** A port that was free a moment ago: the app's address has to be known before it starts. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return address && typeof address === 'object' ? address.port : 0;
}

export interface ServerOptions {
  /** Directory of its data, its configuration and its log; made when it is missing. */
  directory: string;
  port: number;
  github: GitHub;
  /** Where the app finds GitHub's API, when something stands in between. */
  githubApiUrl?: string;
  jira?: Jira;
  jiraUrl?: string;
  /** Changes the environment; `undefined` removes a variable. */
  environment?: Record<string, string | undefined>;
}

/** The environment of the app between a simulated GitHub and a simulated JIRA, and the file that it names. */
async function serverEnvironment(options: ServerOptions): Promise<Record<string, string>> {
  const { directory, github, jira, port } = options;
  const configPath = join(directory, 'dexter.yml');
  const site = jira && {
    acme: {
      url: options.jiraUrl ?? jira.url,
      email: jira.connection.email,
      tokenEnv: 'JIRA_TOKEN',
      secretEnv: 'JIRA_SECRET',
      projects: { SHOP: 'acme/shop' },
      people: loginOf,
    },
  };
  await mkdir(directory, { recursive: true });
  await writeFile(configPath, stringify(site ? { jira: site } : {}));
  const environment: Record<string, string | undefined> = {
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    HOME: directory,
    TZ: process.env.TZ,
    APP_ID: String(github.app.id),
    PRIVATE_KEY: github.app.privateKey,
    WEBHOOK_SECRET: github.app.webhookSecret,
    HOST: '127.0.0.1',
    PORT: String(port),
    DEXTER_URL: `http://127.0.0.1:${port}`,
    DEXTER_DATA: join(directory, 'data'),
    DEXTER_CONFIG: configPath,
    DEXTER_API_TOKEN: apiToken,
    GITHUB_API_URL: options.githubApiUrl ?? github.apiUrl,
    GITHUB_SERVER_URL: github.url,
    GITHUB_THROTTLE: 'off',
    JIRA_TOKEN: jira?.connection.apiToken ?? 'none',
    JIRA_SECRET: jiraSecret,
    ...options.environment,
  };
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** `npm start` in a process of its own, whatever becomes of it. */
export async function spawnServer(directory: string, environment: Record<string, string>) {
  const logPath = join(directory, 'app.log');
  const log = await open(logPath, 'a', 0o600);
  const child: ChildProcess = spawn(process.execPath, [join(root, 'src/server.ts')], {
    cwd: directory,
    stdio: ['ignore', log.fd, log.fd],
    env: environment,
  });
  await log.close();
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  return {
    exited,
    isOver,
    output: () => readFile(logPath, 'utf8'),
    async end(signal: 'SIGTERM' | 'SIGKILL') {
      if (!isOver()) child.kill(signal);
      return exited;
    },
  };
}

/** The app in a process of its own, ready to be talked to. */
export async function startServer(options: ServerOptions) {
  const environment = await serverEnvironment(options);
  const { DATABASE_URL, DEXTER_DATA } = environment;
  if (!DATABASE_URL && DEXTER_DATA) beginWithEmptyDatabase(DEXTER_DATA);
  const server = await spawnServer(options.directory, environment);
  const url = `http://127.0.0.1:${options.port}`;
  const until = Date.now() + longestMs;
  for (;;) {
    if (server.isOver()) throw new Error(`the app ended while it started: ${await server.output()}`);
    if ((await fetch(`${url}/healthz`).catch(() => undefined))?.ok) break;
    if (Date.now() > until) throw new Error(`the app did not start: ${await server.output()}`);
    await setTimeout(30);
  }

  async function commands(): Promise<ListedCommand[]> {
    const response = await fetch(`${url}/api/commands`, { headers: { authorization: `Bearer ${apiToken}` } });
    const { commands: listed } = (await response.json()) as { commands: ListedCommand[] };
    return listed;
  }

  return {
    ...server,
    url,
    commands,
    /** The newest command that fulfils the condition, once there is one. */
    async until(condition: (command: ListedCommand) => boolean, what: string): Promise<ListedCommand> {
      const end = Date.now() + longestMs;
      for (;;) {
        const listed = await commands();
        const found = listed.find(condition);
        if (found) return found;
        if (Date.now() > end) throw new Error(`no command ${what}: ${JSON.stringify(listed)}`);
        await setTimeout(40);
      }
    },
  };
}

export type Server = Awaited<ReturnType<typeof startServer>>;

/** The workflow file without which the simulated GitHub dispatches nothing. */
export async function addWorkflow(github: GitHub, content = 'on: workflow_dispatch\n'): Promise<void> {
  const { owner, name: repo } = github.repository;
  await github.as('maria').rest.repos.createOrUpdateFileContents({
    owner,
    repo,
    path: '.github/workflows/dexter.yml',
    message: 'Add Dexter',
    content: Buffer.from(content).toString('base64'),
  });
}

/** GitHub shows a run under the `run-name` of its workflow, which holds the command id; the simulation has none. */
export function namingRuns(github: GitHub) {
  return (path: string, body: string): string => {
    if (!/\/actions\/workflows\/[^/]+\/runs/.test(path)) return body;
    const listed = JSON.parse(body) as { workflow_runs: { id: number }[] };
    const idOf = (id: number) => github.workflowRuns().find((run) => run.id === id)?.inputs['command-id'];
    const workflow_runs = listed.workflow_runs.map((run) => ({
      ...run,
      display_title: `Dexter ${idOf(run.id)}`,
    }));
    return JSON.stringify({ ...listed, workflow_runs });
  };
}
