import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Model, startModel } from '../../demo/model/server.ts';
import { findIsolation } from '../../src/engines/claude-code/isolation.ts';
import { tokens } from '../fakes/forge.ts';
import { pathForTools, realClaude } from '../fakes/real-claude.ts';
import { createWorld, type World } from './world.ts';

/** Variables that the step of the action has; their values are to be found nowhere by the agent. */
const planted = Object.fromEntries(
  [
    'GITHUB_TOKEN',
    'ACTIONS_RUNTIME_TOKEN',
    'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
    'ACTIONS_CACHE_URL',
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
    'GOOGLE_API_KEY',
    'NPM_TOKEN',
    'NODE_AUTH_TOKEN',
    'DATABASE_URL',
    'SLACK_WEBHOOK',
    'DOCKER_PASSWORD',
    'SSH_PRIVATE_KEY',
    'INPUT_GITHUB-TOKEN',
  ].map((name) => [name, `planted-${name.toLowerCase().replaceAll(/[^a-z]/g, '')}-7f3a`]),
);
const modelKey = 'sk-ant-api03-planted-model-key-7f3a';

let world: World;
let model: Model;
let runnerHome: string;
beforeEach(async () => {
  world = await createWorld();
  runnerHome = join(world.directory, 'runner-home');
  const probe = await readFile(join(import.meta.dirname, '../fakes/probe.mjs'), 'utf8');
  await world.repository.commit('main', { 'probe.mjs': probe });
});
afterEach(async () => {
  await model?.close();
  await world[Symbol.asyncDispose]();
});

/** Names of the planted secrets that the agent found. */
async function probe(isolation: string): Promise<{ found: string[]; loot: string }> {
  const loot = join(world.directory, 'loot');
  const temp = join(world.directory, 'temp');
  const files: Record<string, [string, string]> = {
    'git credentials': [join(runnerHome, '.git-credentials'), 'planted-git-credentials-7f3a'],
    'ssh key': [join(runnerHome, '.ssh/id_ed25519'), 'planted-ssh-key-7f3a'],
    'file of another step': [join(temp, 'gha-creds.json'), 'planted-gha-creds-7f3a'],
    event: [join(temp, '_github_workflow/event.json'), 'planted-event-7f3a'],
    "the job's checkout": [join(world.directory, 'job/.git/config'), 'planted-persisted-token-7f3a'],
    'another session': [join(world.workspace, 'work/other/checkout/x'), 'planted-other-session-7f3a'],
  };
  for (const [path, secret] of Object.values(files)) {
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, secret);
  }
  const command = `node probe.mjs ${loot} ${world.directory} ${world.workspace} .`;
  const tasks = [{ match: /look around/, needs: [], edits: [], run: [command], answer: 'Done.' }];
  model = await startModel({ tasks, apiKey: modelKey });
  // The runner's own process, whose child the action is.
  const worker = spawn('sleep', ['600'], { env: { ...process.env, WORKER: 'planted-worker-7f3a' } });
  try {
    const ended = await world.run({
      instruction: 'look around',
      inputs: {
        isolation,
        'anthropic-api-key': modelKey,
        'anthropic-base-url': model.url,
        'claude-path': realClaude,
        'allowed-tools': 'Bash(node probe.mjs *)',
      },
      env: {
        ...planted,
        HOME: runnerHome,
        GITHUB_WORKSPACE: join(world.directory, 'job'),
        GITHUB_EVENT_PATH: join(temp, '_github_workflow/event.json'),
      },
    });
    expect(ended.exitCode, ended.output).toBe(0);
  } finally {
    worker.kill('SIGKILL');
  }
  expect(world.forge.reports.at(-1)).toMatchObject({ outcome: 'done', denials: [] });
  const text = await readFile(loot, 'utf8');
  const secrets = {
    ...planted,
    ...Object.fromEntries(Object.entries(files).map(([name, [, secret]]) => [name, secret])),
    'model key': modelKey,
    'installation token': tokens.github,
    'run token': tokens.run,
    'claim token': tokens.dispatch,
    'session key': world.forge.sessionKeys.current.key,
    worker: 'planted-worker-7f3a',
  };
  return {
    found: Object.entries(secrets).flatMap(([name, secret]) => (text.includes(secret) ? [name] : [])),
    loot: text,
  };
}

const possible = await findIsolation(
  { hidden: [], kept: [], readOnly: [], anchored: [] },
  { env: { PATH: pathForTools }, cwd: import.meta.dirname, platform: process.platform },
);

describe('an agent that looks for secrets', () => {
  it.runIf(possible.outcome === 'isolated')('finds none where it is isolated', async () => {
    const { found, loot } = await probe('required');
    expect(found).toEqual([]);
    expect(loot, 'it did look at processes and at its checkout').toMatch(/### \/proc\/\d+\/environ/);
    expect(loot).toContain('probe.mjs');
    expect(Number(/### processes\n(\d+)/.exec(loot)?.[1])).toBeLessThan(12);
    // What was covered up for the agent is there for everybody else.
    expect(await readdir(join(world.workspace, 'work'))).toContain('other');
  });

  it.runIf(process.platform === 'linux')(
    'finds without isolation what lies in files and in the environment of the processes of its user',
    async () => {
      const { found } = await probe('off');
      // What the action is given later never stands in its environment; GITHUB_STATE names a file with the keys.
      expect(found.toSorted()).toEqual(
        [
          ...Object.keys(planted),
          'another session',
          'claim token',
          'event',
          'file of another step',
          'git credentials',
          'model key',
          'run token',
          'session key',
          'ssh key',
          "the job's checkout",
          'worker',
        ].toSorted(),
      );
    },
  );
});
