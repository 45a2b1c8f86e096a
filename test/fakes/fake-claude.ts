import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What the fake CLI does; see fake-claude.mjs. */
export interface FakePlan {
  /** Only for a resume, a fresh start, or the session of this id; the first plan that fits is taken. */
  when?: string;
  /** File that argv, env, cwd and prompt are written to. */
  record?: string;
  transcript?: false;
  /** The transcript gets the question alone. */
  unanswered?: boolean;
  init?: false;
  /** Files to write, by path. */
  write?: Record<string, string>;
  lines?: Record<string, unknown>[];
  megabytes?: number;
  raw?: string;
  stderr?: string;
  /** File that it waits for. */
  until?: string;
  seconds?: number;
  kill?: NodeJS.Signals;
  ignoreInterrupt?: true;
  ignoreTerminate?: true;
  /** File for the process id of a child that is left in the background. */
  child?: string;
  result?: Record<string, unknown> | false;
  exit?: number;
}

/** An executable that runs the fake CLI. */
export async function installFakeClaude(directory: string): Promise<string> {
  // In a folder of its own: an isolated CLI may not write to where it lies.
  const folder = join(directory, 'fake-cli');
  await mkdir(folder, { recursive: true });
  const command = join(folder, 'claude');
  const script = fileURLToPath(new URL('./fake-claude.mjs', import.meta.url));
  await writeFile(command, `#!/bin/sh\nexec "${process.execPath}" "${script}" "$@"\n`);
  await chmod(command, 0o755);
  return command;
}

export function promptFor(...plans: FakePlan[]): string {
  return plans.map((plan) => `FAKE: ${JSON.stringify(plan)}`).join('\n');
}
