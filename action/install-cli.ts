import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readdir, readFile, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { z } from 'zod';
import { AppError, hasCode } from '../src/core/errors.ts';
import { redact } from '../src/core/redact.ts';
import { pinnedCli } from '../src/engines/claude-code/pinned-cli.ts';
import { makingPrefix, removingPrefix } from '../src/workspace/layout.ts';
import { acquireLock } from '../src/workspace/lock.ts';
import { removeTree, takeAway } from '../src/workspace/remove-tree.ts';
import { npmEnvironment } from './npm-environment.ts';

export interface InstallOptions {
  version: string;
  /** What the CLI is installed for, such as `linux-x64-musl`; that of this machine unless a test says otherwise. */
  platform?: string;
  /** Hashes that the package has to have; those of the pinned version unless a test says otherwise. */
  pinned?: typeof pinnedCli;
  env: Readonly<Record<string, string | undefined>>;
  /** Absolute path of the directory that outlives the run. */
  workspace: string;
  signal: AbortSignal;
  info: (message: string) => void;
  /** What a program answers to `--version`. */
  askVersion: (command: string) => Promise<string | undefined>;
}

const wrapper = '@anthropic-ai/claude-code';
const recordName = 'installed.json';

/** What an installation says of itself; it is written when everything else is there. */
const Installed = z.object({
  /** Path of the program in the installation. */
  program: z.string(),
  /** Size of the program: a machine that lost its power keeps names of files whose content is gone. */
  bytes: z.number(),
});

/** As long as somebody else's installation may take, over a slow line. */
const waitMs = 15 * 60_000;
const npmLimitMs = 10 * 60_000;
const keptOutput = 4_000;
/** Installations that stay, however long they were not used. */
const keptInstallations = 2;
/** The longest that a job may take: what was used longer ago is in use by nobody. */
const longestJobMs = 5 * 24 * 60 * 60_000;

/**
 * The program of a version of the CLI, installed from npm when this runner does not have it yet: in the runner's tool
 * cache, or in the workspace where that cannot be written to. It is made under another name and moved into place when
 * it has run, one run at a time, so nobody meets half of it.
 * @throws AppError `engine-missing`
 */
export async function installCli(options: InstallOptions): Promise<string> {
  const { env, info, platform = machinePlatform(), signal, version, workspace } = options;
  const name = `${version}-${platform}`;
  const places = [
    ...(env.RUNNER_TOOL_CACHE ? [join(env.RUNNER_TOOL_CACHE, 'dexter-claude-code')] : []),
    join(workspace, 'claude-code'),
  ];
  for (const place of places) {
    const program = await programIn(join(place, name));
    if (program !== undefined) return program;
  }
  const place = await firstWritable(places);
  await using _ = await acquireLock(join(place, 'lock'), 'the installation of Claude Code', {
    waitMs,
    signal,
  });
  const meanwhile = await programIn(join(place, name));
  if (meanwhile !== undefined) return meanwhile;
  info(`Claude Code ${version} is not on this runner: installing it in ${place}`);
  await removeUnfinished(place);
  const making = join(place, `${makingPrefix}${randomUUID()}`);
  try {
    await mkdir(making, { mode: 0o755 });
    await fetchPackage(making, platform, options);
    await record(making, platform, options);
    await takeAway(join(place, name));
    await rename(making, join(place, name));
  } finally {
    await removeTree(making);
  }
  await removeOld(place, name);
  const program = await programIn(join(place, name));
  if (program === undefined) throw broken(version, 'it is gone again');
  return program;
}

/** The program of an installation that is whole; marks it as used. */
async function programIn(directory: string): Promise<string | undefined> {
  const path = join(directory, recordName);
  try {
    const { program, bytes } = Installed.parse(JSON.parse(await readFile(path, 'utf8')));
    const absolute = join(directory, program);
    if ((await stat(absolute)).size !== bytes) return undefined;
    await access(absolute, constants.X_OK);
    const now = new Date();
    // A tool cache that came with the machine may be read-only.
    await utimes(path, now, now).catch(() => undefined);
    return absolute;
  } catch {
    // Not there, or not whole: both are mended by installing it.
    return undefined;
  }
}

async function firstWritable(places: string[]): Promise<string> {
  for (const place of places.slice(0, -1)) {
    try {
      // In the tool cache, which is the runner's to make.
      await mkdir(place).catch((error: unknown) => {
        if (!hasCode(error, 'EEXIST')) throw error;
      });
      await access(place, constants.W_OK);
      return place;
    } catch {
      // The next one is tried.
    }
  }
  const last = places.at(-1) ?? '';
  await mkdir(last, { recursive: true, mode: 0o700 });
  return last;
}

/** What runs that were killed had in the making; with the lock nobody else is at it. */
async function removeUnfinished(place: string): Promise<void> {
  for (const name of await readdir(place))
    if (name.startsWith(makingPrefix) || name.startsWith(removingPrefix)) await removeTree(join(place, name));
}

/**
 * By npm, which knows the way to its registry and checks the hash of all that it fetches. One package is enough: the
 * one with the program for this platform. Its hash is ours for the pinned version, the registry's for another one.
 */
async function fetchPackage(directory: string, platform: string, options: InstallOptions): Promise<void> {
  const { info, pinned = pinnedCli, version } = options;
  const name = `${wrapper}-${platform}`;
  if (version !== pinned.version) {
    info(
      `Dexter knows the hash of ${pinned.version} alone: ${version} is checked against what the registry says.`,
    );
    const failure = await npm('install', name, undefined, directory, options);
    // Before there were packages for platforms the program was a script in the one package.
    const older = failure?.notThere ? await npm('install', wrapper, undefined, directory, options) : failure;
    if (older !== undefined) throw older.error;
    return;
  }
  const integrity = pinned.integrity[platform];
  if (integrity === undefined) throw noPlatform(version, platform);
  info('The package has to have the hash that this version of Dexter knows.');
  const failure = await npm('ci', name, integrity, directory, options);
  if (failure !== undefined) throw failure.error;
}

interface NpmFailure {
  error: AppError;
  /** The registry does not have such a package, or not in this version. */
  notThere: boolean;
}

/** Installs one package into `directory`; answers with what went wrong. */
async function npm(
  command: 'ci' | 'install',
  name: string,
  integrity: string | undefined,
  directory: string,
  { env, info, signal, version }: InstallOptions,
): Promise<NpmFailure | undefined> {
  const project = { name: 'installed', version: '0.0.0', dependencies: { [name]: version } };
  await writeFile(join(directory, 'package.json'), JSON.stringify(project));
  if (command === 'ci') {
    const packages = { '': project, [`node_modules/${name}`]: { version, integrity } };
    const lock = { name: project.name, version: project.version, lockfileVersion: 3, packages };
    await writeFile(join(directory, 'package-lock.json'), JSON.stringify(lock));
  }
  const cache = join(directory, 'npm-cache');
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--no-global'];
  // By itself npm waits 10 and then 60 seconds before it tries again, with the run waiting for it.
  const retries = ['--fetch-retries=2', '--fetch-retry-mintimeout=500', '--fetch-retry-factor=3'];
  const ended = await execa('npm', [command, ...flags, ...retries, '--loglevel=error', `--cache=${cache}`], {
    cwd: directory,
    env: npmEnvironment(env),
    extendEnv: false,
    stdin: 'ignore',
    all: true,
    reject: false,
    timeout: npmLimitMs,
    cancelSignal: signal,
  });
  signal.throwIfAborted();
  await removeTree(cache);
  if (!ended.failed) return undefined;
  const said = redact(ended.all).trim().slice(-keptOutput);
  if (said !== '') info(said);
  return npmFailure(version, ended);
}

/** Says in the installation what is in it, when it has shown that it runs. */
async function record(
  directory: string,
  platform: string,
  { askVersion, version }: InstallOptions,
): Promise<void> {
  const program = await fetchedProgram(directory, platform);
  if (program === undefined) throw noPlatform(version, platform);
  const answered = await askVersion(join(directory, program));
  if (answered !== version) {
    throw broken(
      version,
      answered === undefined ? 'it does not run on this machine' : `it says that it is ${answered}`,
    );
  }
  const { size: bytes } = await stat(join(directory, program));
  await writeFile(
    join(directory, recordName),
    JSON.stringify({ program, bytes } satisfies z.infer<typeof Installed>),
  );
}

/** Newer versions have their program in a package for each platform, older ones are a script. */
async function fetchedProgram(directory: string, platform: string): Promise<string | undefined> {
  const programs = [
    `node_modules/${wrapper}-${platform}/${platform.startsWith('win32') ? 'claude.exe' : 'claude'}`,
    `node_modules/${wrapper}/cli.js`,
  ];
  for (const program of programs) {
    const found = await stat(join(directory, program)).catch(() => undefined);
    if (found?.isFile()) return program;
  }
  return undefined;
}

/** Best effort: a version that stays costs space on the disk. */
async function removeOld(place: string, current: string): Promise<void> {
  const found: { name: string; usedAt: number }[] = [];
  for (const name of await readdir(place)) {
    const used = await stat(join(place, name, recordName)).catch(() => undefined);
    if (used !== undefined && name !== current) found.push({ name, usedAt: used.mtimeMs });
  }
  const others = found.sort((a, b) => b.usedAt - a.usedAt).slice(keptInstallations - 1);
  for (const { name, usedAt } of others)
    if (Date.now() - usedAt > longestJobMs) await takeAway(join(place, name)).catch(() => undefined);
}

/** As the packages of the CLI are named. */
function machinePlatform(): string {
  const isMusl = process.platform === 'linux' && !runsOnGlibc();
  return `${process.platform}-${process.arch}${isMusl ? '-musl' : ''}`;
}

function runsOnGlibc(): boolean {
  // Otherwise the report looks up the names of all hosts that the process talks to.
  const report = Object.assign(process.report, { excludeNetwork: true });
  const { header } = z
    .object({ header: z.object({ glibcVersionRuntime: z.string().optional() }) })
    .parse(report.getReport());
  return header.glibcVersionRuntime !== undefined;
}

function npmFailure(
  version: string,
  { all, code, timedOut }: { all: string; code?: string | undefined; timedOut: boolean },
): NpmFailure {
  const said = /^npm (?:error|ERR!) code (\w+)$/m.exec(all)?.[1];
  const notThere = said === 'ETARGET' || said === 'E404';
  const otherwise = `install Claude Code ${version} on the runner's PATH, or set the input \`claude-path\``;
  const failed = (why: string, fix: string) =>
    new AppError('engine-missing', {
      message: `Claude Code ${version} is not on the runner and could not be installed: ${why}.`,
      hint: `${fix}; or ${otherwise}.`,
    });
  if (code === 'ENOENT') {
    const fix = 'Put a step with actions/setup-node before the action, or install npm on the runner';
    return { error: failed('there is no npm on the PATH', fix), notThere };
  }
  if (said === 'EINTEGRITY') {
    const fix = 'Find out what the registry of the runner, or a proxy before it, gives out';
    return { error: failed('what npm fetched does not have the hash that it must have', fix), notThere };
  }
  if (notThere) {
    const fix =
      'Correct the input `claude-version`, or the registry in the configuration of npm on the runner';
    return { error: failed(`the registry does not have it (${said})`, fix), notThere };
  }
  const why = timedOut
    ? `npm was not done after ${npmLimitMs / 60_000} minutes`
    : `npm failed (${said ?? 'no code'})`;
  const fix =
    "See that the runner reaches npm's registry and has disk space (the log of the run has npm's own words)";
  return { error: failed(why, fix), notThere };
}

function noPlatform(version: string, platform: string): AppError {
  return new AppError('engine-missing', {
    message: `There is no package of Claude Code ${version} for ${platform}.`,
    hint: 'Use a runner of another platform, or install Claude Code on it and set the input `claude-path`.',
  });
}

function broken(version: string, why: string): AppError {
  return new AppError('engine-missing', {
    message: `Claude Code ${version} was installed, but cannot be used: ${why}.`,
    hint: 'Install it on the runner in another way, and set the input `claude-path`.',
  });
}
