import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '../../core/errors.ts';
import { killLeftovers } from '../leftovers.ts';

export interface GraceTimes {
  /** From SIGINT, which ends the turn and lets the CLI write its result, to SIGTERM. */
  interruptMs: number;
  /** From SIGTERM to SIGKILL. */
  terminateMs: number;
}

export interface CliExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Last part of what the CLI wrote to stderr. */
  stderr: string;
}

export interface CliProcess {
  stdout: AsyncIterable<string>;
  /** Asks the CLI to end, more firmly each time; comes back at once. */
  stop(): void;
  /** Resolves when the CLI and everything that it started are gone. Call it once, after reading `stdout`. */
  ended(): Promise<CliExit>;
}

const keptStderr = 8_000;

/** Time for the last output to arrive after the CLI is gone. */
const drainMs = 1_000;

/**
 * Starts the CLI in a process group of its own, without a shell. Rejects when the system cannot start it.
 * The tools that it runs leave that group: they are found by their home directory, which is this session's.
 */
export async function startCli(
  command: string,
  args: string[],
  options: { cwd: string; env: Record<string, string>; input: string; grace: GraceTimes },
): Promise<CliProcess> {
  const { cwd, env, input, grace } = options;
  const child = spawn(command, args, { cwd, env, detached: true, stdio: 'pipe' });
  const exited = new Promise<Pick<CliExit, 'code' | 'signal'>>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await once(child, 'spawn');

  // A CLI that ends without reading its input closes the pipe; its exit says why.
  child.stdin.on('error', () => child.stdin.destroy());
  child.stdin.end(input);
  const stderr = tailOf(child.stderr);
  const over = new AbortController();

  // A tool left in the background may hold stdout open for ever: end what is left, then stop reading.
  const gone = exited.then(async (exit) => {
    over.abort();
    signalGroup(child, 'SIGKILL');
    await killLeftovers(env.HOME ?? '');
    await Promise.race([closed, sleep(drainMs, undefined, { ref: false })]);
    child.stdout.destroy();
    return exit;
  });

  return {
    stdout: child.stdout.setEncoding('utf8'),
    stop: () => void stopFirmly(child, grace, over.signal),
    async ended() {
      return { ...(await gone), stderr: stderr() };
    },
  };
}

/** SIGTERM alone would leave the turn unfinished, and the next resume would go on with it by itself. */
async function stopFirmly(
  child: ChildProcessWithoutNullStreams,
  grace: GraceTimes,
  over: AbortSignal,
): Promise<void> {
  const steps: [NodeJS.Signals, number][] = [
    ['SIGINT', grace.interruptMs],
    ['SIGTERM', grace.terminateMs],
    ['SIGKILL', 0],
  ];
  for (const [signal, graceMs] of steps) {
    if (over.aborted) return;
    signalGroup(child, signal);
    await Promise.race([sleep(graceMs, undefined, { ref: false }), once(over, 'abort')]);
  }
}

function signalGroup({ pid }: ChildProcessWithoutNullStreams, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // No such process: the group is gone already.
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}

function tailOf(stream: NodeJS.ReadableStream): () => string {
  let tail = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    tail = (tail + text).slice(-keptStderr);
  });
  return () => tail;
}
