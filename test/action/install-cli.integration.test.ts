import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findCli } from '../../action/find-cli.ts';
import { type InstallOptions, installCli } from '../../action/install-cli.ts';
import { readCliVersion } from '../../src/engines/claude-code/cli-version.ts';
import { pinnedCli } from '../../src/engines/claude-code/pinned-cli.ts';
import { type NpmRegistry, startNpmRegistry } from '../fakes/npm-registry.ts';
import { isRunning, until } from '../fakes/processes.ts';
import { pathForTools } from '../fakes/real-claude.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

const wrapper = '@anthropic-ai/claude-code';
const platform = 'linux-x64';
const scriptFor = (version: string) => `#!/bin/sh\necho '${version} (Claude Code)'\n`;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let registry: NpmRegistry;
let integrity: string;
let said: string[];
beforeEach(async () => {
  said = [];
  directory = await temporaryDirectory();
  await mkdir(dirname(place()));
  registry = await startNpmRegistry();
  integrity = await publish('7.0.1');
});
afterEach(async () => {
  await registry.close();
  await directory.remove();
});

/** Publishes a version as the vendor does: a wrapper, and a package with the program for each platform. */
async function publish(version: string): Promise<string> {
  // Run by npm, it would show: it stands where nothing may be written.
  const scripts = { postinstall: `touch ${directory.path}/script-was-run` };
  const optionalDependencies = { [`${wrapper}-${platform}`]: version, [`${wrapper}-darwin-x64`]: version };
  await registry.publish(
    wrapper,
    version,
    { 'bin/claude.exe': 'placeholder' },
    { scripts, optionalDependencies },
  );
  await registry.publish(`${wrapper}-darwin-x64`, version, { claude: 'x' }, { os: ['darwin'], cpu: ['x64'] });
  return await registry.publish(
    `${wrapper}-${platform}`,
    version,
    { claude: scriptFor(version) },
    { scripts },
  );
}

const place = () => join(directory.path, 'tool cache', 'dexter-claude-code');

function optionsFor(more: Partial<InstallOptions> = {}): InstallOptions {
  return {
    version: '7.0.1',
    platform,
    pinned: { version: '7.0.1', integrity: { [platform]: integrity } },
    env: {
      PATH: pathForTools,
      HOME: directory.path,
      RUNNER_TOOL_CACHE: dirname(place()),
      npm_config_registry: registry.url,
    },
    workspace: join(directory.path, 'workspace'),
    signal: new AbortController().signal,
    info: (message) => said.push(message),
    askVersion: (command) => readCliVersion(command, { PATH: pathForTools }, directory.path),
    ...more,
  };
}

const tarballs = () => registry.asked.filter((path) => path.includes('/-/'));

describe('installCli', () => {
  it('installs the one package that the pinned version needs, once, and runs no script of it', async () => {
    const program = await installCli(optionsFor());
    expect(program).toBe(join(place(), '7.0.1-linux-x64', `node_modules/${wrapper}-linux-x64/claude`));
    expect(await installCli(optionsFor())).toBe(program);
    expect(tarballs()).toEqual([`${wrapper}-linux-x64/-/7.0.1.tgz`]);
    expect(await readdir(directory.path)).toEqual(['tool cache']);
    expect(await readdir(place())).toEqual(['7.0.1-linux-x64']);
    expect(said.join('\n')).toContain('the hash that this version of Dexter knows');
  });

  it('does not use a package with another hash, and leaves nothing of it', async () => {
    const other = { [platform]: `sha512-${Buffer.alloc(64).toString('base64')}` };
    const installing = installCli(optionsFor({ pinned: { version: '7.0.1', integrity: other } }));
    await expect(installing).rejects.toMatchObject({
      code: 'engine-missing',
      message: expect.stringContaining('does not have the hash'),
    });
    expect(await readdir(place())).toEqual([]);
  });

  it('does not use a package that was changed on the way, whatever the registry says of it', async () => {
    await registry.tamper(`${wrapper}-${platform}`, '7.0.1', { claude: scriptFor('7.0.1 ') });
    await expect(installCli(optionsFor())).rejects.toMatchObject({
      code: 'engine-missing',
      message: expect.stringContaining('does not have the hash'),
    });
    expect(await readdir(place())).toEqual([]);
  });

  it('installs another version as the registry has it, and says so', async () => {
    await publish('7.0.2');
    const program = await installCli(optionsFor({ version: '7.0.2' }));
    expect(await readFile(program, 'utf8')).toBe(scriptFor('7.0.2'));
    expect(said.join('\n')).toContain('7.0.2 is checked against what the registry says');
    expect(await readdir(directory.path)).toEqual(['tool cache']);
  });

  it('installs an older version, which is a script', async () => {
    await registry.publish(wrapper, '6.0.0', { 'cli.js': scriptFor('6.0.0') }, { bin: { claude: 'cli.js' } });
    expect(await installCli(optionsFor({ version: '6.0.0' }))).toMatch(/claude-code\/cli\.js$/);
  });

  it('does not use another version that was changed on the way', async () => {
    await publish('7.0.2');
    await registry.tamper(`${wrapper}-${platform}`, '7.0.2', { claude: scriptFor('7.0.2 ') });
    await expect(installCli(optionsFor({ version: '7.0.2' }))).rejects.toMatchObject({
      code: 'engine-missing',
      message: expect.stringContaining('does not have the hash'),
    });
    expect(await readdir(place())).toEqual([]);
  });

  it.each([
    ['that there is none', '#!/bin/sh\nexit 1\n', /does not run on this machine/],
    ['another version', scriptFor('1.0.0'), /says that it is 1\.0\.0/],
  ])('does not use a program that answers %s', async (_, content, message) => {
    const bad = await registry.publish(`${wrapper}-${platform}`, '7.0.1', { claude: content });
    const pinned = { version: '7.0.1', integrity: { [platform]: bad } };
    await expect(installCli(optionsFor({ pinned }))).rejects.toMatchObject({
      message: expect.stringMatching(message),
    });
    expect(await readdir(place())).toEqual([]);
  });

  it.each<[string, Partial<InstallOptions>, RegExp]>([
    ['a version that does not exist', { version: '9.9.9' }, /the registry does not have it \(ETARGET\)/],
    ['a platform that the vendor does not support', { platform: 'sunos-x64' }, /no package .* for sunos-x64/],
  ])('says what to do about %s', async (_, more, message) => {
    await expect(installCli(optionsFor(more))).rejects.toMatchObject({
      code: 'engine-missing',
      message: expect.stringMatching(message),
      hint: expect.stringContaining('claude-path'),
    });
  });

  it('says what to do on a runner without npm', async () => {
    const { env } = optionsFor();
    await expect(installCli(optionsFor({ env: { ...env, PATH: directory.path } }))).rejects.toMatchObject({
      message: expect.stringContaining('there is no npm on the PATH'),
      hint: expect.stringContaining('actions/setup-node'),
    });
  });

  it('installs into the workspace where there is no tool cache that it can write to', async () => {
    const cache = join(directory.path, 'file');
    await writeFile(cache, '');
    const { env } = optionsFor();
    const program = await installCli(optionsFor({ env: { ...env, RUNNER_TOOL_CACHE: cache } }));
    expect(program).toMatch(join(directory.path, 'workspace/claude-code/7.0.1-linux-x64'));
  });

  it('uses what is in a tool cache that it may only read', async () => {
    const program = await installCli(optionsFor());
    await registry.publish(wrapper, '0.0.0', {});
    registry.asked.length = 0;
    for (const path of [place(), dirname(place())]) await chmod(path, 0o555);
    try {
      expect(await installCli(optionsFor())).toBe(program);
    } finally {
      for (const path of [place(), dirname(place())]) await chmod(path, 0o755);
    }
    expect(registry.asked).toEqual([]);
  });

  it.each<[string, (installed: string, program: string) => Promise<void>]>([
    ['whose program is not all there', (_, program) => truncate(program, 3)],
    ['whose program cannot be run', (_, program) => chmod(program, 0o644)],
    ['without its record', (installed) => writeFile(join(installed, 'installed.json'), '{')],
  ])('makes an installation anew %s', async (_, damage) => {
    const program = await installCli(optionsFor());
    await damage(join(place(), '7.0.1-linux-x64'), program);
    expect(await installCli(optionsFor())).toBe(program);
    expect(await readFile(program, 'utf8')).toBe(scriptFor('7.0.1'));
    expect(tarballs()).toHaveLength(2);
  });

  it('installs once for runs that begin at the same time', async () => {
    const programs = await Promise.all([1, 2, 3].map(() => installCli(optionsFor())));
    expect(new Set(programs).size).toBe(1);
    expect(tarballs()).toHaveLength(1);
  });

  it('takes over from a run that was killed while it installed', async () => {
    let isAsked = false;
    registry.beforeTarball = () => {
      if (isAsked) return Promise.resolve();
      isAsked = true;
      return new Promise(() => undefined);
    };
    const program = join(import.meta.dirname, '../../action/install-cli.ts');
    const { env, workspace, pinned } = optionsFor();
    const options = JSON.stringify({ version: '7.0.1', platform, pinned, env, workspace });
    const script = `import { installCli } from ${JSON.stringify(program)};
await installCli({ ...${options}, signal: new AbortController().signal, info() {}, askVersion: async () => '7.0.1' });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: directory.path,
      detached: true,
      stdio: 'ignore',
      env: { PATH: pathForTools },
    });
    const ended = once(child, 'exit');
    await until(() => isAsked);
    const { pid = 0 } = child;
    // npm with it, as a runner that is shut down does.
    process.kill(-pid, 'SIGKILL');
    await ended;
    await until(async () => !(await isRunning(pid)));
    expect((await readdir(place())).some((name) => name.startsWith('.making-'))).toBe(true);

    await installCli(optionsFor());
    expect(await readdir(place())).toEqual(['7.0.1-linux-x64']);
  });

  it('ends npm with the run', async () => {
    const stopping = new AbortController();
    registry.beforeTarball = () => {
      stopping.abort();
      return new Promise(() => undefined);
    };
    await expect(installCli(optionsFor({ signal: stopping.signal }))).rejects.toThrow(/abort/i);
    expect(await readdir(place())).toEqual([]);
  });

  it('removes versions that nobody can be using any more, but for the two used last', async () => {
    const used = async (name: string, daysAgo: number) => {
      const record = join(place(), `${name}-linux-x64`, 'installed.json');
      await mkdir(dirname(record), { recursive: true });
      await writeFile(record, '{}');
      const at = new Date(Date.now() - daysAgo * 86_400_000);
      await utimes(record, at, at);
    };
    for (const [name, days] of [
      ['1.0.0', 40],
      ['2.0.0', 30],
      ['3.0.0', 4],
      ['4.0.0', 3],
    ] as const)
      await used(name, days);
    await installCli(optionsFor());
    expect((await readdir(place())).sort()).toEqual([
      '3.0.0-linux-x64',
      '4.0.0-linux-x64',
      '7.0.1-linux-x64',
    ]);
  });

  it('gives npm no secret of the job', async () => {
    const bin = join(directory.path, 'bin');
    const seen = join(directory.path, 'environment');
    await mkdir(bin);
    await writeFile(
      join(bin, 'npm'),
      `#!/bin/sh\nenv > '${seen}'\necho 'npm error code EWHATEVER' >&2\nexit 1\n`,
    );
    await chmod(join(bin, 'npm'), 0o755);
    const { env } = optionsFor();
    const secrets = {
      GITHUB_TOKEN: 'canary-1',
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'canary-2',
      'INPUT_ANTHROPIC-API-KEY': 'canary-3',
      AWS_SECRET_ACCESS_KEY: 'canary-4',
      npm_config__authToken: 'canary-5',
      'NPM_CONFIG_//registry.example/:_authToken': 'canary-6',
      NODE_AUTH_TOKEN: 'canary-7',
      NODE_OPTIONS: '--canary-8',
      STATE_run: 'canary-9',
    };
    const path = [bin, pathForTools].join(':');
    const installing = installCli(optionsFor({ env: { ...env, ...secrets, PATH: path } }));
    await expect(installing).rejects.toMatchObject({
      message: expect.stringContaining('npm failed (EWHATEVER)'),
    });
    const environment = await readFile(seen, 'utf8');
    expect(environment).toContain(`npm_config_registry=${registry.url}`);
    expect(environment).not.toContain('canary');
  });
});

describe('findCli', () => {
  async function claudeOf(version: string, folder = 'bin'): Promise<string> {
    const command = join(directory.path, folder, 'claude');
    await mkdir(dirname(command), { recursive: true });
    await writeFile(command, scriptFor(version));
    await chmod(command, 0o755);
    return command;
  }

  const find = (more: { path?: string; version?: string; PATH?: string } = {}) =>
    findCli({
      path: more.path,
      version: more.version ?? '7.0.1',
      env: { PATH: more.PATH ?? pathForTools },
      temporaryDirectory: directory.path,
      workspace: directory.path,
      signal: new AbortController().signal,
      info: (message) => said.push(message),
      install: async ({ version }) => `/installed/${version}`,
    });

  it('takes the one on the PATH when it is of the wanted version', async () => {
    const PATH = [dirname(await claudeOf('7.0.1')), pathForTools].join(':');
    expect(await find({ PATH })).toEqual({ command: 'claude', version: '7.0.1' });
  });

  it('installs the wanted one when the PATH has another one', async () => {
    const PATH = [dirname(await claudeOf('7.0.0')), pathForTools].join(':');
    expect(await find({ PATH })).toEqual({ command: '/installed/7.0.1', version: '7.0.1' });
  });

  it('installs it when the PATH has none', async () => {
    expect(await find({ PATH: '/nowhere' })).toEqual({ command: '/installed/7.0.1', version: '7.0.1' });
  });

  it('takes the one that the workflow names, of whatever version, through links and odd names', async () => {
    const folder = 'a folder with ümlauts';
    const path = join(directory.path, 'link to claude');
    await symlink(await claudeOf('99.0.0', folder), path);
    expect(await find({ path })).toEqual({ command: path, version: '99.0.0' });
    expect(said.at(-1)).toEqual(expect.stringContaining(`newer than ${pinnedCli.version}`));
  });

  it('refuses one that is too old, with what to do', async () => {
    const path = await claudeOf('2.1.19');
    await expect(find({ path })).rejects.toMatchObject({
      code: 'engine-missing',
      message: expect.stringMatching(/is version 2\.1\.19; Dexter works with 2\.1\.20 and newer/),
      hint: expect.stringContaining(pinnedCli.version),
    });
  });

  it('leaves one that does not say its version to the engine', async () => {
    expect(await find({ path: '/nowhere/claude' })).toEqual({
      command: '/nowhere/claude',
      version: undefined,
    });
    expect((await stat(directory.path)).isDirectory()).toBe(true);
  });
});
