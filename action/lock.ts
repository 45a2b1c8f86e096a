import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AppError, hasCode } from '../src/core/errors.ts';
import { processStart } from '../src/core/process-start.ts';

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
const pollMs = 100;
const abandonedAfterMs = 30_000;
const touchMs = 60_000;
const deadAfterMs = 10 * 60_000;

/**
 * Takes a lock file for this process. One whose process has died on this host is taken over; one of another
 * host cannot be looked at and counts as held while it is touched. Throws AppError `session-conflict` when it
 * stays held.
 */
export async function acquireLock(path: string, what: string, waitMs = defaultWaitMs): Promise<Lock> {
  const own: Holder = {
    host: hostname(),
    pid: process.pid,
    started: await processStart(process.pid),
    nonce: randomUUID(),
  };
  const until = Date.now() + waitMs;
  for (;;) {
    if (await create(path, own)) return hold(path, own);
    const holder = await readHolder(path);
    if (holder === undefined) continue;
    if (await isAlive(path, holder)) {
      if (Date.now() >= until) throw held(path, what, holder);
      await sleep(pollMs);
    } else if (!(await removeStale(path))) {
      await sleep(pollMs);
    }
  }
}

/** Shows other hosts that the holder lives, for as long as it does. */
function hold(path: string, own: Holder): Lock {
  const timer = setInterval(() => void touch(path, own), touchMs).unref();
  return {
    release() {
      clearInterval(timer);
      return release(path, own);
    },
  };
}

async function touch(path: string, own: Holder): Promise<void> {
  try {
    const now = new Date();
    if ((await readHolder(path))?.nonce === own.nonce) await utimes(path, now, now);
  } catch {
    // The next touch follows long before anybody takes the lock for dead.
  }
}

/** Linked into place, so that nobody ever reads half of it. */
async function create(path: string, own: Holder): Promise<boolean> {
  const written = `${path}.${own.nonce}`;
  await writeFile(written, JSON.stringify(own), { mode: 0o600 });
  try {
    await link(written, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(written, { force: true });
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return Holder.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/**
 * Of several processes that find the same stale lock, one at a time looks again and removes it: otherwise the
 * second would remove what the first has just taken. False while another one is at it.
 */
async function removeStale(path: string): Promise<boolean> {
  const removing = `${path}.removing`;
  try {
    await mkdir(removing);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    await clearAbandoned(removing);
    return false;
  }
  try {
    const holder = await readHolder(path);
    if (holder !== undefined && !(await isAlive(path, holder))) await rm(path, { force: true });
    return true;
  } finally {
    await rm(removing, { recursive: true, force: true });
  }
}

/** Looking and removing takes milliseconds; who is at it for longer has died. */
async function clearAbandoned(removing: string): Promise<void> {
  const found = await stat(removing).catch(() => undefined);
  if (found && Date.now() - found.mtimeMs > abandonedAfterMs)
    await rm(removing, { recursive: true, force: true });
}

async function isAlive(path: string, { host, pid, started }: Holder): Promise<boolean> {
  if (host !== hostname()) return await isTouched(path);
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Not allowed to signal it: it is there.
    return hasCode(error, 'EPERM');
  }
  // Without /proc the process may be any that got the same number.
  return started === '' ? await isTouched(path) : (await processStart(pid)) === started;
}

async function isTouched(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs < deadAfterMs;
}

async function release(path: string, own: Holder): Promise<void> {
  const current = await readHolder(path);
  if (current?.nonce === own.nonce) await rm(path, { force: true });
}

function held(path: string, what: string, { host, pid }: Holder): AppError {
  return new AppError('session-conflict', {
    message: `Another run (process ${pid} on ${host}) is using ${what}.`,
    hint: `Wait until it has ended, then use \`retry\`. If no such process exists, delete ${path} on the runner, or wait ten minutes.`,
  });
}
