import { access, constants, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { AppError } from '../src/core/errors.ts';
import { pickVariables } from '../src/core/variables.ts';
import { hiddenFiles } from '../src/engines/claude-code/hidden-files.ts';
import {
  findIsolation,
  type HiddenFiles,
  type Isolation,
  type Program,
} from '../src/engines/claude-code/isolation.ts';
import type { SessionDirectory } from './session-directory.ts';
import type { Work } from './work.ts';

export const isolationModes = ['auto', 'required', 'off'] as const;
export type IsolationMode = (typeof isolationModes)[number];

/** Where credentials of the runner's user are usually found; action.yml has the same. */
export const defaultHiddenPaths = [
  '~/.ssh',
  '~/.gnupg',
  '~/.aws',
  '~/.azure',
  '~/.config/gcloud',
  '~/.config/gh',
  '~/.config/git',
  '~/.docker',
  '~/.kube',
  '~/.git-credentials',
  '~/.netrc',
  '~/.npmrc',
  '~/.pypirc',
  '~/.m2/settings.xml',
  '~/.gradle/gradle.properties',
  '~/.cargo/credentials.toml',
  '~/.vault-token',
  '~/.claude',
  '~/.claude.json',
  '/run/docker.sock',
  '/var/run/secrets',
];

/** Variables that name a file with credentials. */
const credentialFiles = [
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_CONFIG_FILE',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
  'GOOGLE_APPLICATION_CREDENTIALS',
  'GOOGLE_GHA_CREDS_PATH',
];

/**
 * How the CLI, or what an agent without it runs, is started apart from the runner's processes and files; undefined
 * where that is switched off, or cannot be had and is not required, which the report then says. `command` is the
 * program that it is tried with, as a name on the PATH or a path, and `who` are its words at the beginning of a sentence.
 * @throws AppError `isolation-missing` where it is required.
 */
export async function isolation(
  work: Pick<Work, 'env' | 'inputs' | 'log' | 'mcpProgram' | 'report' | 'workspace'>,
  directory: Pick<SessionDirectory, 'root' | 'mirror'>,
  command: string,
  who = 'Claude Code',
): Promise<((program: Program) => Program) | undefined> {
  const { env, inputs, log, report } = work;
  if (inputs.isolation === 'off') return undefined;
  const program = await programFile(command, env);
  if (program === undefined) {
    if (inputs.isolation === 'required')
      throw isolationMissing(who, `there is no \`${command}\` to try it with`);
    // What is not there cannot be started, which is said where it is tried.
    return undefined;
  }
  const answer = await tryIsolation(work, directory, program);
  if (answer.outcome === 'isolated') {
    log.info(`${who}: apart from the processes of this runner and its files with credentials.`);
    return answer.isolate;
  }
  const { reason } = answer;
  if (inputs.isolation === 'required') throw isolationMissing(who, reason);
  report.notices.push(
    `${who} could read what the runner's user can: isolation from the runner failed (${reason}).`,
  );
  log.warn(`${who}: not isolated from this runner, as ${reason}. See docs/security.md.`);
  return undefined;
}

/** What tools that run in this process keep from the agent, whether or not its programs can be isolated. */
export function hiddenFromTools(
  work: Pick<Work, 'env' | 'inputs' | 'workspace'>,
  { root, mirror }: Pick<SessionDirectory, 'root' | 'mirror'>,
): Pick<HiddenFiles, 'hidden' | 'kept'> {
  return { hidden: closedPaths(work), kept: [root, mirror] };
}

function closedPaths({ env, inputs, workspace }: Pick<Work, 'env' | 'inputs' | 'workspace'>): string[] {
  return [...inputs.hiddenPaths.map(fromHome), ...runnersOwn(env), workspace];
}

async function tryIsolation(
  { env, inputs, mcpProgram, workspace }: Pick<Work, 'env' | 'inputs' | 'mcpProgram' | 'workspace'>,
  directory: Pick<SessionDirectory, 'root' | 'mirror'>,
  program: string,
): Promise<Isolation> {
  const hiding = await hiddenFiles({
    hidden: closedPaths({ env, inputs, workspace }),
    needed: [directory.root, directory.mirror],
    programs: [mcpProgram, process.execPath, program],
    readOnly: [...usedAfterwards(env), dirname(dirname(mcpProgram)), ...(await foldersOf(program))],
  });
  if (hiding.outcome === 'in-the-open') {
    const reason = `${hiding.path} cannot be hidden, as what the agent needs lies directly in it`;
    return { outcome: 'not-isolated', reason };
  }
  return await findIsolation(hiding.files, {
    env: pickVariables(env, ['PATH']),
    cwd: directory.root,
    platform: process.platform,
  });
}

function isolationMissing(who: string, reason: string): AppError {
  return new AppError('isolation-missing', {
    message: `${who} cannot be isolated on this runner: ${reason}.`,
    hint: 'Allow user namespaces on the machine, or set the input `isolation` to `auto`: docs/security.md says what that means.',
  });
}

function fromHome(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
}

/** Files of the runner itself: its registration, the job's checkout and its commands, the event. */
function runnersOwn(env: Work['env']): string[] {
  const { RUNNER_TEMP, GITHUB_WORKSPACE, GITHUB_EVENT_PATH, GITHUB_STATE } = env;
  const besideTemp =
    RUNNER_TEMP === undefined ? [] : [RUNNER_TEMP, ...registration(dirname(dirname(RUNNER_TEMP)))];
  const directories = [GITHUB_EVENT_PATH, GITHUB_STATE].flatMap((file) => (file ? [dirname(file)] : []));
  const named = [GITHUB_WORKSPACE, ...credentialFiles.map((name) => env[name])];
  return [...besideTemp, ...named.filter((path) => path !== undefined), ...directories].filter(isAbsolute);
}

function registration(runner: string): string[] {
  return ['.credentials', '.credentials_rsaparams', '.runner', '.env', '_diag'].map((name) =>
    join(runner, name),
  );
}

/**
 * Programs that run after the agent, with the run's token or the runner's: of the actions of this job, some of which
 * is loaded late, of the runner, of its tools, and of the PATH, such as git.
 */
function usedAfterwards({ PATH = '', RUNNER_TEMP, RUNNER_TOOL_CACHE }: Work['env']): string[] {
  const work = RUNNER_TEMP === undefined ? undefined : dirname(RUNNER_TEMP);
  const runners =
    work === undefined
      ? []
      : [join(work, '_actions'), join(dirname(work), 'bin'), join(dirname(work), 'externals')];
  const all = [...runners, RUNNER_TOOL_CACHE ?? '', dirname(process.execPath), ...PATH.split(delimiter)];
  return all.filter(isAbsolute);
}

/** The folder that a program is found in, and the one that it lies in. */
async function foldersOf(program: string): Promise<string[]> {
  return [dirname(program), dirname(await realpath(program))];
}

/** Where a program lies: links are followed later. */
async function programFile(command: string, { PATH = '' }: Work['env']): Promise<string | undefined> {
  const paths = command.includes('/')
    ? [command]
    : PATH.split(delimiter).map((folder) => join(folder, command));
  for (const path of paths) {
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}
