import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '../../../core/errors.ts';
import type { Program } from '../../claude-code/isolation.ts';
import { killMarked } from '../../leftovers.ts';
import { boundedOutput } from './bounded-output.ts';

export interface CommandOptions {
  /** All that the command gets. */
  env: Readonly<Record<string, string>>;
  isolate?: ((program: Program) => Program) | undefined;
  temporaryDirectory: string;
  cwd: string;
  timeoutMs: number;
  stop: AbortSignal;
}

export interface CommandEnd {
  /** What it wrote, its middle left out where it was too much. */
  output: string;
  /** As a shell has it: 128 and the signal's number where one ended it. */
  code: number;
  reason: 'ended' | 'time' | 'stopped' | 'not-started';
}

/** Time for the last output to arrive after the shell is gone. */
const drainMs = 1_000;
/** By which what a command leaves behind is found. */
const mark = 'DEXTER_COMMAND';

/**
 * Runs a command in a shell of its own, and ends it with everything that it started: the process group, and what left
 * it, which is found by a variable; isolated, all of it ends with its first process. Never rejects.
 */
export async function runCommand(command: string, options: CommandOptions): Promise<CommandEnd> {
  const { cwd, env, isolate, stop, temporaryDirectory, timeoutMs } = options;
  const id = randomUUID();
  // `-p`: no file, function or option that the environment names. What is for people comes in its place in the output.
  const shell: Program = {
    command: 'bash',
    args: ['--noprofile', '--norc', '-p', '-c', `exec 2>&1\n${command}`],
  };
  const program = isolate?.(shell) ?? shell;
  const output = boundedOutput();
  if (stop.aborted) return { output: '', code: 130, reason: 'stopped' };
  const child = spawn(program.command, program.args, {
    cwd,
    env: { ...env, TMPDIR: temporaryDirectory, [mark]: id },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.on('data', output.add);
  child.stderr.on('data', output.add);
  const closed = once(child, 'close').catch(() => undefined);
  const ended = new Promise<number | undefined>((resolve) => {
    child.once('exit', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
    child.once('error', () => resolve(undefined));
  });
  const over = new AbortController();
  const reason = await Promise.race([
    ended.then((code): CommandEnd['reason'] => (code === undefined ? 'not-started' : 'ended')),
    sleep(timeoutMs, 'time' as const, { signal: over.signal }).catch(() => 'time' as const),
    once(stop, 'abort', { signal: over.signal }).then(
      () => 'stopped' as const,
      () => 'stopped' as const,
    ),
  ]);
  over.abort();
  killGroup(child);
  const code = await ended;
  await killMarked(`${mark}=${id}`);
  if (code !== undefined) await Promise.race([closed, sleep(drainMs, undefined, { ref: false })]);
  child.stdout.destroy();
  child.stderr.destroy();
  return { output: output.text(), code: code ?? 127, reason };
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // The group is gone already; macOS says EPERM of one that is going.
    if (!hasCode(error, 'ESRCH', 'EPERM')) throw error;
  }
}
