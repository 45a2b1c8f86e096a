import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type GitHub, startGitHub } from '../../demo/github/start-github.ts';
import { type Jira, startJira } from '../../demo/jira/start-jira.ts';
import { type Model, startModel } from '../../demo/model/server.ts';
import { instructions, tasks } from '../../demo/story/solution.ts';
import { accounts, story, ticketKey } from '../../demo/story/ticket.ts';
import { isRunning, until } from '../fakes/processes.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { freePort, jiraSecret, type Server, startServer } from './server-process.ts';
import { repositorySource } from './world.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let github: GitHub;
let jira: Jira;
let model: Model;
let server: Server;
let port: number;

const start = () =>
  startServer({
    directory: directory.path,
    port,
    github,
    jira,
    environment: {
      DEXTER_DISPATCHER: 'local',
      DEXTER_CLAUDE_PATH: join(root, 'node_modules/.bin/claude'),
      ANTHROPIC_API_KEY: 'simulated',
      ANTHROPIC_BASE_URL: model.url,
    },
  });

beforeEach(async () => {
  if (!existsSync(join(root, 'action/dist/main.js')))
    await execa(process.execPath, ['scripts/bundle.ts'], { cwd: root });
  directory = await temporaryDirectory();
  github = await startGitHub({ repositorySource });
  jira = await startJira(story);
  model = await startModel({ tasks });
  port = await freePort();
  jira.setWebhookTarget(`http://127.0.0.1:${port}/jira/acme`, jiraSecret);
  server = await start();
});

afterEach(async () => {
  await server?.end('SIGTERM');
  // A run outlives the app; one that is still there belongs to a test that failed.
  for (const pid of await runProcesses()) if (await isRunning(pid)) process.kill(-pid, 'SIGKILL');
  await Promise.all([github?.close(), jira?.close(), model?.close()]);
  await directory?.remove();
});

const runsDirectory = () => join(directory.path, 'data', 'runs');

/** Process ids of the runs that were started, by the dispatcher's own record. */
async function runProcesses(): Promise<number[]> {
  const commands = await readdir(runsDirectory()).catch(() => []);
  const pids = commands.map((id) => readFile(join(runsDirectory(), id, 'pid'), 'utf8').catch(() => ''));
  return (await Promise.all(pids)).filter((pid) => pid !== '').map(Number);
}

/** A CLI that is started asks the model with nothing said before. */
const cliStarts = () =>
  model.requests.filter(
    ({ kind, body }) => kind === 'task' && body.messages.every(({ role }) => role !== 'assistant'),
  );

it.each([
  ['two crashes', 'SIGKILL'],
  ['two stops', 'SIGTERM'],
] as const)(
  'finishes a run on this machine through %s of the app, with the CLI started once',
  async (_, signal) => {
    await jira.comment(accounts.maria, ticketKey, `@dexter ${instructions.onTicket}`);
    await until(async () => (await runProcesses()).length === 1, 40_000);
    await server.end(signal);
    server = await start();
    await until(() => cliStarts().length > 0, 40_000);
    await server.end(signal);
    server = await start();

    const { status, problem } = await server.until(({ told }) => told, 'is told');
    expect({ status, problem }).toEqual({ status: 'done', problem: null });
    expect(cliStarts()).toHaveLength(1);
    const said = jira.comments(ticketKey).filter(({ author }) => author === accounts.dexter);
    expect(said.map(({ body }) => /On it|Done/.exec(JSON.stringify(body))?.[0])).toEqual(['On it', 'Done']);
    const { data: pulls } = await github.as('maria').rest.pulls.list({ owner: 'acme', repo: 'shop' });
    expect(pulls).toHaveLength(1);
    const { data: comments } = await github
      .as('maria')
      .rest.issues.listComments({ owner: 'acme', repo: 'shop', issue_number: pulls[0]?.number ?? 0 });
    expect(comments.filter(({ user }) => user?.login === 'dexter[bot]')).toHaveLength(1);
  },
);
