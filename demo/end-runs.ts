import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { runningPid } from '../src/dispatch/local.ts';

/** The Claude Code CLI is asked to end its turn first. */
const graceMs = 20_000;

/** Ends the local runs whose folders are in the directory: they outlive the app. */
export async function endRuns(directory: string): Promise<void> {
  const runs = await readdir(directory).catch(() => []);
  await Promise.all(runs.map((run) => endRun(join(directory, run))));
}

/** Asks as `@dexter stop` does, so that the run ends what it has started; then without asking. */
async function endRun(directory: string): Promise<void> {
  const pid = await runningPid(directory);
  if (pid === undefined) return;
  signal(pid, 'SIGINT');
  const until = Date.now() + graceMs;
  while (Date.now() < until && (await runningPid(directory)) !== undefined) await setTimeout(50);
  signal(-pid, 'SIGKILL');
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // No such process: it has ended by itself.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
