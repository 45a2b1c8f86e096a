import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { hasCode } from '../src/core/errors.ts';
import { redact } from '../src/core/redact.ts';
import { pickVariables, proxyVariables } from '../src/core/variables.ts';

/** Runs git in one directory. Resolves to what it wrote to stdout, without the last line end. */
export type Git = (args: string[], options?: GitOptions) => Promise<string>;

export interface GitOptions {
  /** Text for stdin. */
  input?: string;
  /** Ends git when it aborts. */
  signal?: AbortSignal | undefined;
  /** Ends git when it takes longer; for what talks to a server. */
  timeLimitMs?: number;
  env?: Record<string, string>;
  /** How stdout is read: `latin1` keeps each byte apart. */
  encoding?: 'utf8' | 'latin1';
}

/** git ended with an error. Its message holds what git wrote to stderr, without credentials. */
export class GitError extends Error {
  override name = 'GitError';
  readonly exitCode: number | undefined;
  readonly stderr: string;

  constructor(args: string[], exitCode: number | undefined, stderr: string) {
    const lastLines = stderr.trim().split('\n').slice(-4).join(' ');
    super(`git ${args[0]} failed: ${lastLines || `exit code ${exitCode}`}`);
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

/** Whether git could not talk to the server, which is not the fault of the repository. */
export function isUnreachable(error: unknown): boolean {
  return (
    error instanceof GitError &&
    /could not resolve|timed out|connection (?:refused|reset)|returned error: (?:401|403|5\d\d)|early EOF/i.test(
      error.stderr,
    )
  );
}

/** What git may know of the machine: where programs and certificates are, and the way out. */
const inherited = ['PATH', 'TMPDIR', ...proxyVariables, 'SSL_CERT_FILE', 'SSL_CERT_DIR'];

/**
 * Holds in every call, above whatever the repository's own configuration says: the checkout belongs to the
 * agent, so no hook, monitor or helper in it is run by the action.
 */
const hardened: [string, string][] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.attributesFile', '/dev/null'],
  ['core.excludesFile', '/dev/null'],
  ['core.autocrlf', 'false'],
  ['commit.gpgSign', 'false'],
  ['credential.helper', ''],
  ['protocol.ext.allow', 'never'],
  ['submodule.recurse', 'false'],
  // A server that says nothing for a minute will not say anything any more.
  ['http.lowSpeedLimit', '1'],
  ['http.lowSpeedTime', '60'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['advice.detachedHead', 'false'],
  ['init.defaultBranch', 'main'],
];

const graceMs = 2_000;

export function gitIn(
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
  config: [string, string][] = [],
): Git {
  const base = {
    ...hermeticEnvironment(env, [...hardened, ...config]),
    // A directory that is no repository is an error, not a reason to look for one above it.
    GIT_CEILING_DIRECTORIES: dirname(directory),
  };
  return async (args, options = {}) => {
    // A group of its own: to end git means to end the helper that talks to the server for it as well.
    const running = execa('git', args, {
      detached: true,
      cwd: directory,
      env: { ...base, ...options.env },
      extendEnv: false,
      reject: false,
      stripFinalNewline: true,
      encoding: options.encoding ?? 'utf8',
      ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    });
    const signals = [options.signal, limitOf(options)].filter((signal) => signal !== undefined);
    const over = AbortSignal.any(signals);
    const end = () => void endFirmly(running);
    over.addEventListener('abort', end);
    if (over.aborted) end();
    const result = await running.finally(() => over.removeEventListener('abort', end));
    if (result.exitCode !== 0) {
      const said = over.aborted ? endedBecause(options) : result.stderr || (result.originalMessage ?? '');
      throw new GitError(args, result.exitCode, redact(said));
    }
    return result.stdout;
  };
}

function limitOf({ timeLimitMs }: GitOptions): AbortSignal | undefined {
  return timeLimitMs === undefined ? undefined : AbortSignal.timeout(timeLimitMs);
}

function endedBecause({ signal, timeLimitMs = 0 }: GitOptions): string {
  return signal?.aborted ? 'it was stopped' : `it did not end within ${timeLimitMs / 1000} seconds`;
}

/** A git that does not listen, or whose helper does not, gets a moment and is then killed. */
async function endFirmly(running: { pid?: number | undefined } & PromiseLike<unknown>): Promise<void> {
  endGroup(running.pid, 'SIGTERM');
  await Promise.race([running, sleep(graceMs, undefined, { ref: false })]);
  endGroup(running.pid, 'SIGKILL');
}

function endGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // No such process: it has ended by itself.
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}

/** Configuration goes through the environment: arguments are readable by every process of the machine. */
function hermeticEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  config: [string, string][],
): Record<string, string> {
  const pairs = config.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return {
    ...pickVariables(env, inherited),
    ...Object.fromEntries(pairs),
    GIT_CONFIG_COUNT: String(config.length),
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    LC_ALL: 'C.UTF-8',
  };
}
