import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { EngineName, engines } from '../src/core/engine.ts';
import { StoreName } from '../src/core/session.ts';
import { type DemoApp, startApp } from './app.ts';
import { endRuns } from './end-runs.ts';
import { type GitHub, startGitHub } from './github/start-github.ts';
import { type Jira, startJira } from './jira/start-jira.ts';
import { startModel } from './model/server.ts';
import { startStore } from './store.ts';
import { createNarrator, type Narrator } from './story/narrator.ts';
import { playStory, type StoryResult } from './story/play.ts';
import { tasks } from './story/solution.ts';
import { loginOf, story, ticketKey } from './story/ticket.ts';

const usage = `Usage: npm run demo -- [--store NAME] [--engine NAME] [--exit] [--json]

Plays Dexter's main job on this machine: a JIRA ticket becomes a pull request, and a comment on
the pull request continues the same session.

  --store  where sessions are kept: workspace (a directory, the default), s3 or actions-cache
           (each against a server on this machine)
  --engine what talks to the model: claude-code (the CLI, the default) or anthropic-api, with
           which the story begins with a plan
  --exit   end after the story instead of waiting for Ctrl-C
  --json   print one JSON object with the results at the end; the story goes to standard error
  --help   show this

With ANTHROPIC_API_KEY set, the real model does the work and costs real money.`;

/** Steps that undo what was started, last first. */
const closing: (() => Promise<unknown>)[] = [];

/** Aborted by Ctrl-C. Listened to until the end: npm passes the signal on, so that it comes twice. */
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interruption.abort());

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      exit: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      store: { type: 'string', default: 'workspace' },
      engine: { type: 'string', default: 'claude-code' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const storeName = StoreName.safeParse(values.store);
  if (!storeName.success) {
    console.error(`--store must be one of ${StoreName.options.join(', ')}.\n\n${usage}`);
    return 2;
  }
  const engine = EngineName.safeParse(values.engine);
  if (!engine.success) {
    console.error(`--engine must be one of ${engines.join(', ')}.\n\n${usage}`);
    return 2;
  }
  const narrator = createNarrator(values.json ? process.stderr : process.stdout);
  const realKey = process.env.ANTHROPIC_API_KEY;

  narrator.heading('Dexter: one Claude session per issue, from JIRA and GitHub');
  narrator.plain(
    `Real here:       the app, its queue and database, git, the action, ${engine.data === 'claude-code' ? 'the Claude Code CLI' : 'the direct engine'}${realKey ? ', the model' : ''}`,
  );
  narrator.plain(
    `Simulated here:  GitHub, JIRA${realKey ? '' : ', the model (set ANTHROPIC_API_KEY to use the real one)'}`,
  );

  const directory = await mkdtemp(join(tmpdir(), 'dexter-demo-'));
  closing.push(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  const [github, jira, model, store] = await Promise.all([
    startGitHub({ repositorySource: fileURLToPath(new URL('./repository', import.meta.url)) }),
    startJira(story),
    realKey ? undefined : startModel({ tasks }),
    startStore(storeName.data),
  ]);
  if (storeName.data !== 'workspace') narrator.plain(`Sessions in:     ${store.description}`);
  closing.push(
    () => github.close(),
    () => jira.close(),
    async () => model?.close(),
    () => store.close(),
  );
  const app = await startApp({
    directory,
    github,
    jira,
    people: loginOf,
    projects: { SHOP: `${github.repository.owner}/${github.repository.name}` },
    jiraSecret: randomBytes(24).toString('hex'),
    store: store.env,
    engine: engine.data,
    model: model
      ? { baseUrl: model.url, apiKey: 'simulated' }
      : { apiKey: realKey ?? '', baseUrl: process.env.ANTHROPIC_BASE_URL },
  });
  // A run can still tell the app of its end, and the app may have started another one meanwhile.
  const endAll = () => endRuns(app.runsDirectory);
  closing.push(endAll, () => app.close(), endAll);

  narrator.plain(`Dashboard:       ${app.url}/`);

  const signal = interruption.signal;
  const result = await playStory({ github, jira, app, narrator, engine: engine.data, signal });
  if (!values.exit) {
    tellWhatToLookAt(narrator, { github, jira, app, result });
    narrator.dim('\nCtrl-C ends the demo and removes what it made.');
    if (!interruption.signal.aborted) await once(interruption.signal, 'abort');
  }
  if (values.json) console.log(JSON.stringify(result));
  return succeeded(result) ? 0 : 1;
}

interface Seen {
  github: GitHub;
  jira: Jira;
  app: DemoApp;
  result: StoryResult;
}

function tellWhatToLookAt(narrator: Narrator, { github, jira, app, result }: Seen): void {
  const { owner, name } = github.repository;
  narrator.heading('To look at');
  narrator.plain(`  dashboard     ${app.url}/`);
  narrator.plain(`  ticket        ${jira.url}/browse/${ticketKey}`);
  if (result.pullRequest) {
    narrator.plain(`  pull request  ${github.url}/${owner}/${name}/pull/${result.pullRequest.number}`);
  }
  narrator.plain(`  app's log     ${app.logPath}`);
  narrator.plain(`  runs' logs    ${app.runsDirectory}`);
  const variables = Object.entries(app.cliEnvironment).map(([name, value]) => `${name}=${value}`);
  narrator.plain(`  terminal      ${variables.join(' ')} npx -c 'node src/cli.ts status'`);
}

/** All commands done, those after the first one in its session. */
function succeeded({ commands, wanted }: StoryResult): boolean {
  const [first, ...others] = commands;
  return (
    commands.length === wanted &&
    commands.every(({ status }) => status === 'done') &&
    others.every(({ mode, sessionId }) => mode === 'resume' && sessionId === first?.sessionId)
  );
}

async function close(): Promise<void> {
  for (const step of closing.splice(0).reverse()) await step();
}

let code = 1;
try {
  code = await main();
} catch (error) {
  if (interruption.signal.aborted) {
    code = 130;
    console.error('\nInterrupted: ends what runs and removes what it made.');
  } else {
    console.error(error instanceof Error ? (error.stack ?? error.message) : error);
  }
} finally {
  await close();
}
process.exit(code);
