import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App, Octokit } from 'octokit';
import { type GitHub, startGitHub } from '../../demo/github/start-github.ts';
import { type Model, startModel } from '../../demo/model/server.ts';
import { tasks } from '../../demo/story/solution.ts';
import { pathForTools, realClaude } from '../fakes/real-claude.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { type Ended, fileCommands, inputVariables, spawnAction } from './world.ts';

/** Whatever a job of a workflow has when no app knows of it: GitHub, its own token, the real CLI. */
export interface AloneWorld {
  directory: string;
  workspace: string;
  github: GitHub;
  model: Model;
  /** The token of the job. */
  token: string;
  /** Runs the main step and the post step as the runner does. */
  run(step: AloneStep): Promise<Ended>;
  /** The main step alone, to its end. */
  main(step: AloneStep): Promise<Ended>;
  /** A main step that goes on. */
  start(step: AloneStep): Promise<{ child: ReturnType<typeof spawnAction>; ended: Promise<Ended> }>;
  post(main: Ended): Promise<Ended>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface AloneStep {
  event: string;
  actor: string;
  inputs: Record<string, string>;
  env?: Record<string, string>;
}

/** What the workflow of the example permits its job. */
const permissions = { contents: 'write', issues: 'write', pull_requests: 'write' } as const;

export async function createAloneWorld(
  granted: Partial<Record<keyof typeof permissions, 'read' | 'write'>> = permissions,
): Promise<AloneWorld> {
  const temporary = await temporaryDirectory();
  const directory = temporary.path;
  const workspace = join(directory, 'workspace');
  const runnerTemp = join(directory, 'temp');
  await mkdir(runnerTemp);
  const github = await startGitHub({
    repositorySource: fileURLToPath(new URL('../../demo/repository', import.meta.url)),
    appSlug: 'github-actions',
  });
  const model = await startModel({ tasks });
  const token = await jobToken(github, granted);
  let count = 0;

  async function step(script: string, variables: Record<string, string>) {
    count += 1;
    const folder = join(directory, `step-${count}`);
    await mkdir(folder);
    const files = { GITHUB_OUTPUT: 'output', GITHUB_STATE: 'state', GITHUB_STEP_SUMMARY: 'summary.md' };
    for (const file of Object.values(files)) await writeFile(join(folder, file), '');
    const { owner, name, id } = github.repository;
    const child = spawnAction(script, folder, {
      PATH: pathForTools,
      GITHUB_ACTIONS: 'true',
      GITHUB_REPOSITORY: `${owner}/${name}`,
      GITHUB_REPOSITORY_ID: String(id),
      GITHUB_SERVER_URL: github.url,
      GITHUB_API_URL: github.apiUrl,
      GITHUB_RUN_ID: '4711',
      RUNNER_TEMP: runnerTemp,
      RUNNER_NAME: 'tester',
      ...Object.fromEntries(Object.entries(files).map(([file, path]) => [file, join(folder, path)])),
      ...variables,
    });
    const ended = child.then(async ({ exitCode, all }) => ({
      exitCode,
      output: all,
      summary: await readFile(join(folder, 'summary.md'), 'utf8'),
      outputs: fileCommands(await readFile(join(folder, 'output'), 'utf8')),
      state: fileCommands(await readFile(join(folder, 'state'), 'utf8')),
      variables,
    }));
    return { child, ended };
  }

  const world: AloneWorld = {
    directory,
    workspace,
    github,
    model,
    token,
    start: async ({ event, actor, inputs, env }) =>
      await step('main.ts', {
        GITHUB_EVENT_NAME: event,
        GITHUB_ACTOR: actor,
        GITHUB_ACTOR_ID: String((await github.as(actor).rest.users.getAuthenticated()).data.id),
        ...inputVariables({
          'github-token': token,
          workspace,
          'claude-path': realClaude,
          'anthropic-api-key': 'simulated-key-0123456789',
          'anthropic-base-url': model.url,
          ...inputs,
        }),
        ...env,
      }),
    main: async (given) => await (await world.start(given)).ended,
    async post({ state, variables }) {
      const saved = Object.entries(state).map(([name, value]) => [`STATE_${name}`, value]);
      return await (await step('post.ts', { ...variables, ...Object.fromEntries(saved) })).ended;
    },
    async run(given) {
      const main = await world.main(given);
      const post = await world.post(main);
      return { ...main, output: `${main.output}\n${post.output}`, exitCode: main.exitCode || post.exitCode };
    },
    async [Symbol.asyncDispose]() {
      await model.close();
      await github.close();
      await temporary.remove();
    },
  };
  return world;
}

async function jobToken(github: GitHub, granted: Record<string, 'read' | 'write'>): Promise<string> {
  const quiet = { baseUrl: github.apiUrl, throttle: { enabled: false }, retry: { enabled: false } };
  const app = new App({
    appId: github.app.id,
    privateKey: github.app.privateKey,
    Octokit: Octokit.defaults(quiet),
  });
  const { data } = await app.octokit.request('POST /app/installations/{installation_id}/access_tokens', {
    installation_id: github.app.installationId,
    repository_ids: [github.repository.id],
    permissions: granted,
  });
  return data.token;
}
