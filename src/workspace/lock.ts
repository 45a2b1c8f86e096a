import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, readlink, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AppError, hasCode } from '../core/errors.ts';
import { processStart } from '../core/process-start.ts';

const Holder = z.object({
  host: z.string(),
  /** Which start of which machine: hosts of the same name are told apart by it. Empty where there is no /proc. */
  boot: z.string(),
  /** Process ids mean something only within one of these; every container has its own. */
  namespace: z.string(),
  pid: z.number().int().positive(),
  /** When the process started, as the kernel counts it: a process id is used again, with another start. */
  started: z.string(),
  nonce: z.string(),
});
type Holder = z.infer<typeof Holder>;

/** A lock file that is there but says nothing, as a power cut may leave it, is only known by its age. */
type Found = Holder | 'unreadable';

export interface Lock {
  release(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface LockOptions {
  /** How long to wait for a holder that may be about to end, in milliseconds. */
  waitMs?: number;
  /** Ends the waiting. */
  signal?: AbortSignal | undefined;
}

/** A run that ended a moment ago may still be tidying up. */
const defaultWaitMs = 10_000;
const pollMs = 100;
const mostMisses = 1_000;
const abandonedAfterMs = 30_000;
const touchMs = 60_000;
const deadAfterMs = 10 * 60_000;

/**
 * Takes a lock file for this process, and makes its directory when it is missing. One whose process has died
 * is taken over; a process of another host or container cannot be looked at and counts as alive while it
 * touches the file. Throws AppError `session-conflict` when it stays held.
 */
export async function acquireLock(
  path: string,
  what: string,
  { waitMs = defaultWaitMs, signal }: LockOptions = {},
): Promise<Lock> {
  const own = { ...(await place()), pid: process.pid, nonce: randomUUID() };
  const until = Date.now() + waitMs;
  for (let misses = 0; ; ) {
    signal?.throwIfAborted();
    if (await create(path, own)) return hold(path, own);
    const holder = await readHolder(path);
    if (holder === undefined) {
      // Given free just now, or its directory was removed; neither happens again and again.
      misses += 1;
      if (misses > mostMisses) throw new Error(`${path} cannot be made`);
    } else if (await isAlive(path, holder)) {
      if (Date.now() >= until) throw held(path, what, holder);
      await sleep(pollMs, undefined, { signal });
    } else if (!(await removeStale(path))) {
      await sleep(pollMs, undefined, { signal });
    }
  }
}

/** Whether a living process holds the lock. */
export async function isHeld(path: string): Promise<boolean> {
  const holder = await readHolder(path);
  return holder !== undefined && (await isAlive(path, holder));
}

async function place(): Promise<Omit<Holder, 'pid' | 'nonce'>> {
  return {
    host: hostname(),
    boot: (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim(),
    namespace: await readlink('/proc/self/ns/pid').catch(() => ''),
    started: await processStart(process.pid),
  };
}

/** Shows other hosts that the holder lives, for as long as it does. */
function hold(path: string, own: Holder): Lock {
  const timer = setInterval(() => void touch(path, own), touchMs).unref();
  const free = () => {
    clearInterval(timer);
    return release(path, own);
  };
  return { release: free, [Symbol.asyncDispose]: free };
}

async function touch(path: string, own: Holder): Promise<void> {
  try {
    const now = new Date();
    if (await isOwn(path, own)) await utimes(path, now, now);
  } catch {
    // The next touch follows long before anybody takes the lock for dead.
  }
}

/**
 * Linked into place, so that nobody ever reads half of it. False when somebody has it, or when the directory
 * was removed at this very moment by who had it.
 */
async function create(path: string, own: Holder): Promise<boolean> {
  const written = `${path}.${own.nonce}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(written, JSON.stringify(own), { mode: 0o600 });
    await link(written, path);
    return true;
  } catch (error) {
    // A recursive mkdir says ENOENT too when what it made is removed before it is done.
    if (hasCode(error, 'EEXIST', 'ENOENT') && (await isPossible(path, error))) return false;
    throw error;
  } finally {
    await rm(written, { force: true });
  }
}

/** Tells a file in the place of the directory, which waiting does not change, from a lock that is held. */
async function isPossible(path: string, error: unknown): Promise<boolean> {
  if (hasCode(error, 'ENOENT')) return true;
  const parent = await stat(dirname(path)).catch(() => undefined);
  return parent === undefined || parent.isDirectory();
}

async function readHolder(path: string): Promise<Found | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
  try {
    return Holder.parse(JSON.parse(text));
  } catch {
    return 'unreadable';
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
    if (hasCode(error, 'ENOENT')) return false;
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

async function isAlive(path: string, holder: Found): Promise<boolean> {
  if (holder === 'unreadable') return await isTouched(path);
  const here = await place();
  const isHere =
    holder.host === here.host && holder.boot === here.boot && holder.namespace === here.namespace;
  if (!isHere) return await isTouched(path);
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // Not allowed to signal it: it is there.
    return hasCode(error, 'EPERM');
  }
  if (await isZombie(holder.pid)) return false;
  // Without /proc the process may be any that got the same number.
  return holder.started === '' ? await isTouched(path) : (await processStart(holder.pid)) === holder.started;
}

/** Killed, but its parent has not asked how it ended: in a container without an init it stays so for ever. */
async function isZombie(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  return /^[ZX]/.test(text.slice(text.lastIndexOf(')') + 2));
}

async function isTouched(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs < deadAfterMs;
}

async function release(path: string, own: Holder): Promise<void> {
  if (await isOwn(path, own)) await rm(path, { force: true });
}

async function isOwn(path: string, own: Holder): Promise<boolean> {
  const current = await readHolder(path);
  return current !== undefined && current !== 'unreadable' && current.nonce === own.nonce;
}

function held(path: string, what: string, holder: Found): AppError {
  const who = holder === 'unreadable' ? '' : ` (process ${holder.pid} on ${holder.host})`;
  return new AppError('session-conflict', {
    message: `Another run${who} is using ${what}.`,
    hint: `Wait until it has ended, then use \`retry\`. If no such process exists, delete ${path} on the runner, or wait ten minutes.`,
  });
}
