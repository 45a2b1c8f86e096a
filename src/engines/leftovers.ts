import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '../core/errors.ts';

const rounds = 20;

/**
 * Ends every process whose home directory is `homeDirectory`: what the tools of a run started and left in the
 * background, in process groups and sessions of their own. Only the one session uses that directory.
 * Reads /proc; where there is none (macOS, Windows), nothing is found and nothing ended.
 */
export async function killLeftovers(homeDirectory: string): Promise<void> {
  if (homeDirectory !== '') await killMarked(`HOME=${homeDirectory}`);
}

/** Ends every process that has a variable with this value: `NAME=value`. */
export async function killMarked(mark: string): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const pids = await markedProcesses(mark);
    if (pids.length === 0) return;
    for (const pid of pids) kill(pid);
    await sleep(20);
  }
}

async function markedProcesses(mark: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc').catch(() => [])) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    // Gone meanwhile, or somebody else's.
    const environment = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
    if (environment.split('\0').includes(mark)) found.push(pid);
  }
  return found;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}
