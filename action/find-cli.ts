import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../src/core/errors.ts';
import { isSince, readCliVersion } from '../src/engines/claude-code/cli-version.ts';
import { cliEnvironment } from '../src/engines/claude-code/environment.ts';
import { oldestCli, pinnedCli } from '../src/engines/claude-code/pinned-cli.ts';
import { projectFolder } from '../src/sessions/session-files.ts';
import { removeTree } from '../src/workspace/remove-tree.ts';
import { type InstallOptions, installCli } from './install-cli.ts';

/** The Claude Code CLI that a run uses. */
export interface Cli {
  /** Name on the PATH or absolute path. */
  command: string;
  /** Undefined for one that does not say; it is taken for the latest. */
  version: string | undefined;
}

export interface FindOptions {
  /** What the input `claude-path` says. */
  path: string | undefined;
  /** The version that is installed, where no path is given and the PATH does not have it. */
  version: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Absolute path of a directory that is the action's alone. */
  temporaryDirectory: string;
  /** Absolute path of the directory that outlives the run. */
  workspace: string;
  signal: AbortSignal;
  info: (message: string) => void;
  /** Another installation than the one from npm. */
  install?: (options: InstallOptions) => Promise<string>;
}

/**
 * Finds the CLI: the one that `claude-path` names, whatever its version; else `claude` on the PATH when it is of the
 * wanted version; else the one that an earlier run installed; else it is installed.
 * @throws AppError `engine-missing` for one that is too old, and when none can be installed.
 */
export async function findCli(options: FindOptions): Promise<Cli> {
  const { path, version, info, install = installCli } = options;
  if (path !== undefined) {
    const cli = { command: path, version: await versionOf(path, options) };
    assertSupported(cli, info);
    return cli;
  }
  const onPath = await versionOf('claude', options);
  if (onPath === version) return { command: 'claude', version };
  const command = await install({ ...options, askVersion: (program) => versionOf(program, options) });
  info(`Claude Code ${version}: ${command}`);
  return { command, version };
}

function assertSupported({ command, version }: Cli, info: FindOptions['info']): void {
  if (!isSince(version, oldestCli)) {
    throw new AppError('engine-missing', {
      message: `Claude Code on the runner (\`${command}\`) is version ${version}; Dexter works with ${oldestCli} and newer.`,
      hint: `Update it, or leave the input \`claude-path\` empty: then ${pinnedCli.version} is installed.`,
    });
  }
  if (version !== undefined && version !== pinnedCli.version && isSince(version, pinnedCli.version))
    info(
      `Claude Code ${version} is newer than ${pinnedCli.version}, which this version of Dexter was tried with.`,
    );
}

async function versionOf(
  command: string,
  { env, signal, temporaryDirectory }: FindOptions,
): Promise<string | undefined> {
  // Nothing that is only asked for its version may write into a session, or into the home of the runner's user.
  const directory = await mkdtemp(join(temporaryDirectory, 'cli-'));
  try {
    const environment = cliEnvironment({
      env,
      homeDirectory: directory,
      temporaryDirectory: directory,
      configDirectory: join(directory, '.claude'),
      projectFolder,
    });
    return await readCliVersion(command, environment, directory, signal);
  } finally {
    await removeTree(directory);
  }
}
