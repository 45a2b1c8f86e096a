import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, hasCode, messageOf } from '../core/errors.ts';
import { idInEnds } from './id-in-ends.ts';
import { readLines } from './read-lines.ts';
import type { ServerEvents, WrappedServer } from './wrapped-server.ts';

export interface StdioServerOptions {
  command: string;
  args: readonly string[];
  /** The whole environment of the server. */
  env: Readonly<Record<string, string | undefined>>;
  cwd?: string;
  maxMessageBytes: number;
  /** How long the server may take to end by itself, first after its input ended, then after a signal. */
  grace?: { inputMs: number; terminateMs: number };
}

const killedMs = 100;

const usualGrace = { inputMs: 2_000, terminateMs: 2_000 };

/**
 * Starts an MCP server that speaks on its standard input and output, in a process group of its own, so that what it
 * starts ends with it (`npx` and shell scripts leave theirs behind otherwise). Standard error is passed through.
 * @throws AppError `input-invalid` when there is no such program.
 */
export async function startStdioServer(
  options: StdioServerOptions,
  events: ServerEvents,
): Promise<WrappedServer> {
  const { command, args, env, cwd, maxMessageBytes, grace = usualGrace } = options;
  const child = spawn(command, args, {
    env,
    ...(cwd === undefined ? {} : { cwd }),
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw notStarted(command, error);
  }
  let isClosing = false;
  // Its output may still be read after it has exited.
  const gone = once(child, 'close').catch(() => undefined);
  const killNow = (): void => void killGroup('SIGKILL');
  // Whatever ends this process, nothing of the server stays behind.
  process.once('exit', killNow);

  function killGroup(signal: NodeJS.Signals | 0): boolean {
    try {
      return child.pid !== undefined && process.kill(-child.pid, signal);
    } catch {
      // ESRCH: nobody of the group is left.
      return false;
    }
  }

  // The next write says so, too; without a listener it would end this process.
  child.stdin.on('error', (error) => events.problem(`The MCP server does not read: ${messageOf(error)}.`));
  child.once('close', (code, signal) => {
    if (isClosing) return;
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    events.ended(`The MCP server ended ${how}.`, code ?? undefined);
  });

  async function read(): Promise<void> {
    for await (const line of readLines(child.stdout, maxMessageBytes)) {
      if (line.outcome === 'line') {
        if (line.text.trim() !== '') events.message(line.text);
        continue;
      }
      const size = `${line.bytes} bytes, more than the ${maxMessageBytes} that a message may have`;
      events.unanswered(idInEnds(line.ends), `The MCP server sent a message of ${size}.`);
    }
  }
  read().catch((error: unknown) =>
    events.problem(`What the MCP server says cannot be read: ${messageOf(error)}.`),
  );

  async function end(): Promise<void> {
    child.stdin.end();
    const wait = (ms: number) => Promise.race([gone, sleep(ms, undefined, { ref: false })]);
    await wait(grace.inputMs);
    for (const [signal, ms] of [
      ['SIGTERM', grace.terminateMs],
      // Nobody survives it; one that nobody waits for is still counted as there for a moment.
      ['SIGKILL', killedMs],
    ] as const) {
      if (!killGroup(signal)) break;
      await untilGone(ms);
    }
    child.stdout.destroy();
    process.off('exit', killNow);
  }

  /** The first process may be gone while what it started is not. */
  async function untilGone(ms: number): Promise<void> {
    const until = performance.now() + ms;
    while (killGroup(0) && performance.now() < until) await sleep(20);
  }

  let ended: Promise<void> | undefined;
  return {
    async send(text) {
      if (!child.stdin.writable) return;
      if (!child.stdin.write(`${text}\n`)) await Promise.race([once(child.stdin, 'drain'), gone]);
    },
    signal: (signal) => void killGroup(signal),
    close() {
      isClosing = true;
      ended ??= end();
      return ended;
    },
  };
}

function notStarted(command: string, cause: unknown): AppError {
  const isMissing = hasCode(cause, 'ENOENT');
  const why = isMissing ? 'there is no such program' : messageOf(cause);
  return new AppError('input-invalid', {
    message: `The MCP server could not be started with ${JSON.stringify(command)}: ${why}.`,
    hint: 'Give the program and its arguments after `--`, as in `dexter mcp-cache -- npx -y some-mcp-server`.',
    cause,
  });
}
