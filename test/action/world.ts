import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { appClient } from '../../action/app-client.ts';
import { parseInputs } from '../../action/inputs.ts';
import { parseRunner } from '../../action/runner.ts';
import type { RunOptions } from '../../action/work.ts';
import { workspaceStore } from '../../src/stores/workspace.ts';
import { type FakePlan, installFakeClaude, promptFor } from '../fakes/fake-claude.ts';
import { type Forge, startForge, tokens } from '../fakes/forge.ts';
import { pathForTools } from '../fakes/real-claude.ts';
import { createRepository, type Repository } from '../fakes/repository.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

/** Everything that the action talks to, and the action itself as a process. */
export interface World {
  directory: string;
  workspace: string;
  forge: Forge;
  repository: Repository;
  /** Starts `node action/main.ts` and lets it run. */
  start(job?: Partial<JobFields>): Promise<Started>;
  /** Runs it to its end. */
  run(job?: Partial<JobFields>): Promise<Ended>;
  /** What `run()` is called with, for what a process of its own cannot be made to do soon enough. */
  options(job?: Partial<JobFields>): RunOptions;
  /** Runs the post step with what the main step left for it. */
  post(main: Ended): Promise<Ended>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface JobFields {
  commandId: string;
  issueKey: string;
  /** What the fake CLI does. */
  plan: FakePlan | FakePlan[];
  /** In place of a plan. */
  instruction: string;
  context: string;
  session: Record<string, unknown>;
  target: Record<string, unknown>;
  inputs: Record<string, string>;
  env: Record<string, string>;
}

export interface Started {
  child: ReturnType<typeof spawnAction>;
  ended: Promise<Ended>;
}

export interface Ended {
  exitCode: number | undefined;
  /** stdout and stderr together. */
  output: string;
  summary: string;
  outputs: Record<string, string>;
  state: Record<string, string>;
  /** Variables that the step was given: a runner gives the post step the same inputs. */
  variables: Record<string, string>;
}

export interface WorldOptions {
  /** Runs action/dist, as a runner does, and not the sources. */
  bundled?: boolean;
  /** Name of the folder that everything is in. */
  folder?: string;
}

export async function createWorld({ bundled = false, folder }: WorldOptions = {}): Promise<World> {
  const temporary = await temporaryDirectory();
  const directory = folder === undefined ? temporary.path : join(temporary.path, folder);
  await mkdir(directory, { recursive: true });
  const gitRoot = join(directory, 'git');
  const repository = await createRepository(gitRoot);
  const forge = await startForge(gitRoot);
  const claudePath = await installFakeClaude(directory);
  const workspace = join(directory, 'workspace');
  // The post step of a job finds the files of its main step in the same place.
  const runnerTemp = join(directory, 'temp');
  await mkdir(runnerTemp);
  let count = 0;

  async function step(name: 'main' | 'post', variables: Record<string, string>): Promise<Started> {
    count += 1;
    const folder = join(directory, `step-${count}`);
    await mkdir(folder);
    const files = { GITHUB_OUTPUT: 'output', GITHUB_STATE: 'state', GITHUB_STEP_SUMMARY: 'summary.md' };
    for (const file of Object.values(files)) await writeFile(join(folder, file), '');
    const script = bundled ? `dist/${name}.js` : `${name}.ts`;
    const child = spawnAction(script, folder, {
      PATH: pathForTools,
      GITHUB_ACTIONS: 'true',
      GITHUB_REPOSITORY: 'acme/shop',
      GITHUB_SERVER_URL: forge.url,
      GITHUB_API_URL: forge.url,
      GITHUB_TOKEN: 'canary-github-token',
      RUNNER_TEMP: runnerTemp,
      RUNNER_NAME: 'tester',
      DEXTER_RUN_TOKEN: tokens.dispatch,
      ...Object.fromEntries(Object.entries(files).map(([name, file]) => [name, join(folder, file)])),
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

  const inputsFor = (job: Partial<JobFields>) =>
    inputsOf(job, { 'app-url': forge.url, workspace, 'claude-path': claudePath });

  const start: World['start'] = (job = {}) => {
    const inputs = inputsFor(job);
    return step('main', { ...inputVariables(inputs), ...job.env });
  };

  return {
    directory,
    workspace,
    forge,
    repository,
    start,
    run: async (job) => await (await start(job)).ended,
    options(job = {}) {
      const given = inputsFor(job);
      const inputs = parseInputs((name) => given[name] ?? '');
      const store = workspaceStore({ root: workspace });
      const urls = { GITHUB_SERVER_URL: forge.url, GITHUB_API_URL: forge.url };
      const env = { PATH: pathForTools, GITHUB_REPOSITORY: 'acme/shop', ...urls };
      return {
        inputs,
        runner: parseRunner({ ...env, RUNNER_TEMP: runnerTemp, RUNNER_NAME: 'tester' }),
        claimToken: tokens.dispatch,
        env,
        app: appClient({ appUrl: forge.url, commandId: inputs.job.commandId, waits: [10, 10] }),
        openStores: async () => ({
          store,
          stores: new Map([['workspace', store]]),
          unnamed: new Set(),
        }),
        workspace,
        mcpProgram: join(import.meta.dirname, '../../action/mcp-program.ts'),
        signal: new AbortController().signal,
        log: { info: () => undefined, warn: () => undefined, secret: () => undefined },
        keepState: () => undefined,
        keepReport: async () => undefined,
        now: Date.now,
        pricesOf: () => undefined,
        timeLimitMs: 60_000,
        heartbeatPace: { intervalMs: 200, throttleMs: 20 },
      };
    },
    async post({ state, variables }) {
      const saved = Object.entries(state).map(([name, value]) => [`STATE_${name}`, value]);
      return await (await step('post', { ...variables, ...Object.fromEntries(saved) })).ended;
    },
    async [Symbol.asyncDispose]() {
      await forge.close();
      await temporary.remove();
    },
  };
}

export function spawnAction(script: string, folder: string, env: Record<string, string>) {
  const file = join(import.meta.dirname, '../../action', script);
  return execa(process.execPath, [file], { cwd: folder, env, extendEnv: false, reject: false, all: true });
}

function inputsOf(job: Partial<JobFields>, world: Record<string, string>): Record<string, string> {
  const plans = job.plan === undefined ? [] : [job.plan].flat();
  return {
    'command-id': job.commandId ?? randomUUID(),
    'issue-key': job.issueKey ?? 'DXTR-1',
    instruction: job.instruction ?? `implement this\n${promptFor(...plans)}`,
    context: job.context ?? '# Coupons',
    session: JSON.stringify({
      installationId: 1,
      repositoryId: 20,
      mode: 'resume',
      generation: 0,
      ...job.session,
    }),
    target: JSON.stringify({
      branch: 'dexter/DXTR-1-coupons',
      base: '',
      title: 'Coupons',
      ticketUrl: 'https://jira.example.com/browse/DXTR-1',
      requestedBy: 'Ann Example',
      ...job.target,
    }),
    ...world,
    // Not every machine that runs the tests can do it, and process ids are others within.
    isolation: 'off',
    ...job.inputs,
  };
}

/** The toolkit reads an input `claude-path` from the variable `INPUT_CLAUDE-PATH`. */
export function inputVariables(inputs: Record<string, string>): Record<string, string> {
  const variables = Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
  return Object.fromEntries(variables);
}

/** What the toolkit wrote as `name<<delimiter`, the value, and the delimiter; the last value of a name counts. */
export function fileCommands(text: string): Record<string, string> {
  const entries = text.matchAll(/^([^\n]*?)<<(ghadelimiter_[^\n]+)\n([\s\S]*?)\n\2$/gm);
  return Object.fromEntries([...entries].map(([, name, , value]) => [name, value ?? '']));
}
