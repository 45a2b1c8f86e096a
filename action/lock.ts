import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AppError } from '../src/core/errors.ts';

const Holder = z.object({
  host: z.string(),
  pid: z.number().int().positive(),
  /** When the process started, as the kernel counts it: a process id is used again, with another start. */
  started: z.string(),
  nonce: z.string(),
});
type Holder = z.infer<typeof Holder>;

export interface Lock {
  release(): Promise<void>;
}

/** A run that ended a moment ago may still be tidying up. */
const defaultWaitMs = 10_000;
const pollMs = 200;

/**
 * Takes a lock file for this process. One whose process has died on this host is taken over; one of another
 * host cannot be looked at and counts as held. Throws AppError `session-conflict` when it stays held.
 */
export async function acquireLock(path: string, what: string, waitMs = defaultWaitMs): Promise<Lock> {
  const own: Holder = {
    host: hostname(),
    pid: process.pid,
    started: await startOf(process.pid),
    nonce: randomUUID(),
  };
  const until = Date.now() + waitMs;
  for (;;) {
    if (await create(path, own)) return { release: () => release(path, own) };
    const holder = await readHolder(path);
    if (holder === 'gone') continue;
    if (holder === 'unreadable' || !(await isAlive(holder))) {
      await moveAside(path, holder);
      continue;
    }
    if (Date.now() >= until) throw held(what, holder);
    await sleep(pollMs);
  }
}

async function create(path: string, own: Holder): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(own), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

async function readHolder(path: string): Promise<Holder | 'gone' | 'unreadable'> {
  // Its writer may be between creating the file and filling it.
  for (let attempt = 0; attempt < 5; attempt += 1) {
    try {
      return Holder.parse(JSON.parse(await readFile(path, 'utf8')));
    } catch (error) {
      if (isCode(error, 'ENOENT')) return 'gone';
      await sleep(50);
    }
  }
  return 'unreadable';
}

async function isAlive({ host, pid, started }: Holder): Promise<boolean> {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Not allowed to signal it: it is there.
    return isCode(error, 'EPERM');
  }
  return (await startOf(pid)) === started;
}

/** Of two processes that find the same stale lock, only the one that moves that very lock goes on. */
async function moveAside(path: string, stale: Holder | 'unreadable'): Promise<void> {
  const current = await readHolder(path);
  const isSame = typeof current === 'object' && typeof stale === 'object' && current.nonce === stale.nonce;
  if (!isSame && !(current === 'unreadable' && stale === 'unreadable')) return;
  const aside = `${path}.stale-${randomUUID()}`;
  try {
    await rename(path, aside);
    await rm(aside, { force: true });
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
}

async function release(path: string, own: Holder): Promise<void> {
  const current = await readHolder(path);
  if (typeof current === 'object' && current.nonce === own.nonce) await rm(path, { force: true });
}

/** Field 22 of /proc/<pid>/stat; empty where there is no /proc. The name in field 2 may hold anything. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function held(what: string, { host, pid }: Holder): AppError {
  return new AppError('session-conflict', {
    message: `Another run (process ${pid} on ${host}) is using ${what}.`,
    hint: 'Wait until it has ended, then use `retry`. If no such process exists, delete the lock file on the runner.',
  });
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
