import { spawn } from 'node:child_process';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../core/errors.ts';
import { encodeInputs } from '../core/job.ts';
import { processStart } from '../core/process-start.ts';
import type { Dispatcher, DispatchRequest } from './dispatcher.ts';

export interface LocalOptions {
  /** Directory of the runs' logs and files, one folder per command. */
  directory: string;
  /** The token by which the run of a command identifies itself to the app. */
  runToken: (commandId: string) => string;
  githubApiUrl: string;
  githubServerUrl: string;
  /** Inputs that a workflow file would set, by their names in action.yml. */
  inputs: Record<string, string>;
  /** Environment that the run starts from: what a runner would have, without the app's secrets. */
  environment: Record<string, string>;
  onExit?: (commandId: string, code: number | null) => void;
}

const runner = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './run-action.ts' : './run-action.js', import.meta.url),
);
const actionDirectory = fileURLToPath(new URL('../../action/dist/', import.meta.url));

/**
 * This machine: the built action as a child process, with the environment that a runner gives it. The child
 * is its own process group and outlives the app, as a run on a runner does.
 */
export function localDispatcher(options: LocalOptions): Dispatcher {
  const directoryOf = (request: DispatchRequest) => join(options.directory, request.job.commandId);

  return {
    async dispatch(request) {
      const directory = directoryOf(request);
      const pid = await start(options, request, directory);
      await writeFile(join(directory, 'started'), await processStart(pid), { mode: 0o600 });
      await writeFile(join(directory, 'pid'), String(pid), { mode: 0o600 });
      return { id: String(pid), url: '' };
    },

    async find(request) {
      const pid = await runningPid(directoryOf(request));
      return pid === undefined ? undefined : { id: String(pid), url: '' };
    },

    async waitsFor() {
      return undefined;
    },

    async cancel(request, run) {
      const pid = await runningPid(directoryOf(request));
      if (pid !== undefined && String(pid) === run.id) process.kill(pid, 'SIGINT');
    },
  };
}

async function start(options: LocalOptions, request: DispatchRequest, directory: string): Promise<number> {
  const { job } = request;
  const temporary = join(directory, 'temp');
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  const files = {
    GITHUB_OUTPUT: 'output',
    GITHUB_STATE: 'state',
    GITHUB_ENV: 'env',
    GITHUB_STEP_SUMMARY: 'summary.md',
  };
  for (const file of Object.values(files)) await writeFile(join(directory, file), '', { mode: 0o600 });
  const log = await open(join(directory, 'log.txt'), 'a', 0o600);
  try {
    const child = spawn(process.execPath, [runner, actionDirectory], {
      cwd: directory,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: {
        ...options.environment,
        ...inputVariables({ ...encodeInputs(job), ...options.inputs }),
        ...Object.fromEntries(Object.entries(files).map(([name, file]) => [name, join(directory, file)])),
        GITHUB_ACTIONS: 'true',
        GITHUB_REPOSITORY: `${request.repository.owner}/${request.repository.name}`,
        GITHUB_REPOSITORY_ID: String(request.repository.id),
        GITHUB_SERVER_URL: options.githubServerUrl,
        GITHUB_API_URL: options.githubApiUrl,
        GITHUB_RUN_ID: '0',
        GITHUB_RUN_ATTEMPT: '1',
        GITHUB_WORKSPACE: directory,
        RUNNER_NAME: 'local',
        RUNNER_TEMP: temporary,
        DEXTER_RUN_TOKEN: options.runToken(job.commandId),
      },
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('spawn', () => resolve(child.pid ?? 0));
    });
    child.once('exit', (code) => options.onExit?.(job.commandId, code));
    child.unref();
    return pid;
  } catch (error) {
    throw new AppError('dispatch-failed', {
      message: 'The run could not be started on this machine.',
      hint: `An administrator looks into ${join(options.directory, job.commandId)} and the app's log; then \`retry\`.`,
      cause: error,
    });
  } finally {
    await log.close();
  }
}

/** The toolkit reads an input `claude-path` from the variable `INPUT_CLAUDE-PATH`. */
function inputVariables(inputs: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
  );
}

/**
 * Process id of the run that was started in this directory, while it lives. The process that has the id now may
 * be a stranger's, after a restart of the machine for example: it is the run's when it started when that did.
 */
export async function runningPid(directory: string): Promise<number | undefined> {
  // No such file: the run was never started from here.
  const read = (name: string) => readFile(join(directory, name), 'utf8').catch(() => '');
  const pid = Number(await read('pid'));
  if (!Number.isSafeInteger(pid) || pid <= 1 || !isAlive(pid)) return undefined;
  return (await processStart(pid)) === (await read('started')) ? pid : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
