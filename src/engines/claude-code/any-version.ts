import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine, EngineTask } from '../engine.ts';
import { isSince, readCliVersion } from './cli-version.ts';
import { cliEnvironment } from './environment.ts';
import { bringProjectFolderHome, lendProjectFolder, projectFolderOf } from './project-folder.ts';

export interface AnyVersionOptions {
  /** Name on the PATH or absolute path of the CLI. */
  command: string;
  /** The environment of this process; the CLI gets what is on an allow-list. */
  env: Readonly<Record<string, string | undefined>>;
  /** Absolute paths that belong to this session alone. */
  homeDirectory: string;
  temporaryDirectory: string;
  /** Name that the session's folder below `projects/` has before and after a run. */
  projectFolder: string;
  /** What the command has answered to `--version` before; it is asked when it was not. */
  known?: { version: string | undefined };
}

const firstWithEffort = '2.1.38';

/**
 * Makes a session the same to every version of the CLI: older ones get the session's folder under the name
 * that they want, and no flags that they do not know. After a run the folder has its own name again.
 */
export function anyVersion(engine: Engine, options: AnyVersionOptions): Engine {
  const { known, projectFolder } = options;
  let asked: Promise<string | undefined> | undefined;

  return {
    run: (task, onEvent, signal) => inFolder(task, signal, (known) => engine.run(known, onEvent, signal)),
    compact: (task, signal) => inFolder(task, signal, (known) => engine.compact(known, signal)),
  };

  async function inFolder<Task extends AnyTask, Result>(
    task: Task,
    signal: AbortSignal,
    act: (task: Task) => Promise<Result>,
  ): Promise<Result> {
    asked ??= known === undefined ? askVersion(options, signal) : Promise.resolve(known.version);
    const version = await asked;
    const workingDirectory = await realpath(task.workingDirectory);
    const wanted = projectFolderOf(version, { workingDirectory, projectFolder });
    await lendProjectFolder(task.configDirectory, projectFolder, wanted);
    try {
      return await act(inWordsOf(version, task));
    } finally {
      await bringProjectFolderHome(task.configDirectory, task.sessionId, projectFolder);
    }
  }
}

/** What tasks of all kinds have that depends on the version. */
type AnyTask = Pick<EngineTask, 'workingDirectory' | 'configDirectory' | 'sessionId' | 'effort'>;

function askVersion(options: AnyVersionOptions, signal: AbortSignal): Promise<string | undefined> {
  // Nothing that is only asked for its version may write into the session.
  const configDirectory = join(options.homeDirectory, '.claude');
  const env = cliEnvironment({ ...options, configDirectory });
  return readCliVersion(options.command, env, options.temporaryDirectory, signal);
}

function inWordsOf<Task extends AnyTask>(version: string | undefined, task: Task): Task {
  if (isSince(version, firstWithEffort)) return task;
  const known = { ...task };
  delete known.effort;
  return known;
}
