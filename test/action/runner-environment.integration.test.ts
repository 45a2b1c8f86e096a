import { chmod, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startForwardProxy } from '../fakes/forward-proxy.ts';
import { type NpmRegistry, startNpmRegistry } from '../fakes/npm-registry.ts';
import { pathForTools } from '../fakes/real-claude.ts';
import { git } from '../fakes/repository.ts';
import { createWorld, type JobFields, type World } from './world.ts';

/** The bundle as a process, on runners of all kinds. */
let world: World;
let closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing) await close();
  closing = [];
  await world[Symbol.asyncDispose]();
});

const writes = { write: { 'src/coupon.ts': 'export {};\n' } };

/** A directory in front of the PATH in which `name` does what `script` says. */
async function withProgram(name: string, script: string): Promise<string> {
  const directory = join(world.directory, `bin of ${name}`);
  await mkdir(directory);
  await writeFile(join(directory, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(directory, name), 0o755);
  return [directory, pathForTools].join(delimiter);
}

/** What a registry gives out as the CLI: the fake one, whose version is 9.9.9. */
async function registryWithFake(): Promise<NpmRegistry> {
  const registry = await startNpmRegistry();
  closing.push(() => registry.close());
  const name = `@anthropic-ai/claude-code-${process.platform}-${process.arch}`;
  const claude = await readFile(join(world.directory, 'fake-cli', 'claude'), 'utf8');
  for (const each of [name, `${name}-musl`]) await registry.publish(each, '9.9.9', { claude });
  return registry;
}

const installed = (registry: NpmRegistry, env: Record<string, string>): Partial<JobFields> => ({
  inputs: { 'claude-path': '', 'claude-version': '9.9.9' },
  env: { npm_config_registry: registry.url, ...env },
});

const runners: [string, { folder?: string; job?: () => Promise<Partial<JobFields>> }][] = [
  ['without a HOME', {}],
  ['whose HOME is not its own', { job: async () => ({ env: { HOME: '/proc/1' } }) }],
  ['with spaces and more in all paths', { folder: "the runner's  Ordner für $HOME (ユーザー)" }],
  [
    'that has to install the CLI, and may only read its tool cache',
    { job: async () => installed(await registryWithFake(), { RUNNER_TOOL_CACHE: '/proc/1' }) },
  ],
  [
    'that has to install the CLI into paths with spaces and more',
    {
      folder: "the runner's  Ordner für $HOME (ユーザー)",
      job: async () => {
        await mkdir(join(world.directory, 'tool cache'));
        return installed(await registryWithFake(), {
          RUNNER_TOOL_CACHE: join(world.directory, 'tool cache'),
        });
      },
    },
  ],
];

describe('the bundle', () => {
  it.each(runners)('does its work and continues it on a runner %s', async (_, { folder, job }) => {
    world = await createWorld({ bundled: true, ...(folder === undefined ? {} : { folder }) });
    const given = (await job?.()) ?? {};
    const first = await world.run({ ...given, plan: writes });
    expect(first.exitCode, first.output).toBe(0);
    const second = await world.run({ ...given, session: { generation: 1 }, target: { pullRequest: 7 } });
    expect(second.exitCode, second.output).toBe(0);
    expect(world.forge.reports).toMatchObject([
      { outcome: 'done', commits: [{}], session: { mode: 'fresh', generation: 1 } },
      { outcome: 'done', session: { mode: 'resume', generation: 2 } },
    ]);
    expect(await readdir(join(world.directory, 'temp'))).toEqual([]);
  });

  it('goes through the proxy of the network, with a password, to the app, GitHub and git', async () => {
    world = await createWorld({ bundled: true });
    const proxy = await startForwardProxy(world.forge.url);
    closing.push(() => proxy.close());
    const ended = await world.run({
      plan: writes,
      inputs: { 'app-url': 'http://app.example' },
      env: {
        HTTP_PROXY: proxy.url,
        http_proxy: proxy.url,
        NO_PROXY: 'elsewhere.example',
        GITHUB_SERVER_URL: 'http://git.example',
        GITHUB_API_URL: 'http://api.example',
      },
    });
    expect(ended.exitCode, ended.output).toBe(0);
    expect(world.forge.reports).toMatchObject([{ outcome: 'done', pullRequest: { number: 7 } }]);
    const hosts = [...proxy.asked].map((line) => (line.split(' ')[1] ?? '').replace(/:80$/, ''));
    expect(new Set(hosts)).toEqual(new Set(['app.example', 'git.example', 'api.example']));
    expect(ended.output).not.toContain('p%40ss');
  });

  it.each([
    [
      'a git that is too old',
      '2.30.2',
      /git on the runner is version 2\.30\.2; Dexter needs 2\.32\.0 or newer/,
    ],
    ['a git of which nothing is known but its name', '1.8.3.1', /version 1\.8\.3/],
  ])('says what to do on a runner with %s', async (_, version, message) => {
    world = await createWorld({ bundled: true });
    const PATH = await withProgram('git', `[ "$1" = version ] && echo "git version ${version}" || exit 129`);
    const ended = await world.run({ plan: writes, env: { PATH } });
    expect(ended.exitCode).toBe(1);
    expect(world.forge.reports).toMatchObject([
      { outcome: 'failed', problem: { code: 'checkout-failed', message: expect.stringMatching(message) } },
    ]);
  });

  it('says what to do on a runner without git and without npm', async () => {
    world = await createWorld({ bundled: true });
    const PATH = join(world.directory, 'bin');
    await mkdir(PATH);
    await symlink('/bin/sh', join(PATH, 'sh'));
    await world.run({ plan: writes, env: { PATH } });
    await symlink(await which('git'), join(PATH, 'git'));
    await world.run({ plan: writes, inputs: { 'claude-path': '' }, env: { PATH } });
    expect(world.forge.reports).toMatchObject([
      { problem: { code: 'checkout-failed', message: 'There is no git on the PATH of the runner.' } },
      {
        problem: { code: 'engine-missing', message: expect.stringContaining('there is no npm on the PATH') },
      },
    ]);
    expect(await git(world.repository.path, 'branch', '--list', 'dexter/*')).toBe('');
  });
});

async function which(name: string): Promise<string> {
  for (const directory of pathForTools.split(delimiter)) {
    const names = await readdir(directory).catch((): string[] => []);
    if (names.includes(name) && directory !== dirname(process.execPath)) return join(directory, name);
  }
  throw new Error(`no ${name}`);
}
