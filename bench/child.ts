import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { machinePath } from '../demo/machine-path.ts';

export interface ChildOptions {
  /** Where it runs; never the repository, whose files are not a bench's to touch. */
  cwd: string;
  env?: Record<string, string | undefined>;
  leftovers: AsyncDisposableStack;
}

const programPath = (name: string) => fileURLToPath(new URL(`./${name}.ts`, import.meta.url));

/** Runs a program of the bench, such as `sessions/memory-process`, with `input` as JSON on its stdin. @returns the JSON line that it prints. */
export async function runProgram(name: string, input: unknown, options: ChildOptions): Promise<unknown> {
  const child = start(process.execPath, [programPath(name)], { ...options, graceMs: 0 });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  child.stdin.end(JSON.stringify(input));
  await succeeded(child, name);
  // A library may have printed something before.
  return JSON.parse(lines.at(-1) ?? 'null');
}

/** Starts a server that prints one line of JSON when it is ready, and ends when its stdin does. */
export async function startServer(name: string, options: ChildOptions): Promise<unknown> {
  const child = start(process.execPath, [programPath(name)], { ...options, graceMs: 5_000 });
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line);
  throw new Error(`${name} ended before it was ready`);
}

/** Runs a shell command; it fails when any part of a pipe does. */
export async function runShell(command: string, options: ChildOptions): Promise<void> {
  // Bash takes a socket on its stdin for a login over the network, and would read its settings first.
  const args = ['--norc', '-o', 'pipefail', '-c', command];
  const child = start('bash', args, { ...options, graceMs: 0 });
  child.stdin.end();
  child.stdout.resume();
  await succeeded(child, command);
}

/** Runs a program to its end, whatever its end is. */
export async function runToEnd(command: string, args: string[], options: ChildOptions): Promise<void> {
  const child = start(command, args, { ...options, graceMs: 0 });
  child.stdin.end();
  child.stdout.resume();
  await once(child, 'close');
}

interface StartOptions extends ChildOptions {
  /** A server is asked to end before it is made to. */
  graceMs: number;
}

function start(command: string, args: string[], { cwd, env, leftovers, graceMs }: StartOptions) {
  const child = spawn(command, args, {
    cwd,
    // What it leaves in the temporary directory goes away with where it runs.
    env: { PATH: machinePath, TMPDIR: cwd, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
    // A process group of its own, which ends as a whole, and not by Ctrl-C before it is asked to.
    detached: true,
  });
  const ended = once(child, 'close');
  ended.catch(() => undefined);
  leftovers.defer(async () => {
    const { pid } = child;
    if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.stdin.end();
    const timer = setTimeout(() => process.kill(-pid, 'SIGKILL'), graceMs);
    await ended.finally(() => clearTimeout(timer));
  });
  return child;
}

async function succeeded(child: ChildProcess, what: string): Promise<void> {
  const [code, signal] = await once(child, 'close');
  if (code !== 0) throw new Error(`${what} ended with ${signal ?? `code ${code}`}`);
}
