import type { Logger } from 'pino';
import { z } from 'zod';
import type { Count } from '../core/measure.ts';
import type { CacheGuard, Guarded } from './cache-guard.ts';
import type { ContextCache } from './context-cache.ts';

/** Something as it was at one moment. Times are ISO 8601. */
export interface Snapshot<T> {
  value: T;
  /** What the source called the time of its last change, when the value was fetched. */
  updated: string;
  /** By the clock of the process that fetched it. */
  fetchedAt: string;
  /** Somebody told that it has changed since: it only stands in when the source cannot be asked. */
  isOutdated?: boolean | undefined;
}

export interface SnapshotRead<T> {
  /** Undefined for a miss, and when the cache could not be asked. */
  snapshot?: Snapshot<T>;
  sizeBytes: number;
  durationMs: number;
}

/** Snapshots in a cache. Nothing here rejects: without a cache everything is a miss. */
export interface Snapshots<T> {
  read(key: string): Promise<SnapshotRead<T>>;
  write(key: string, snapshot: Snapshot<T>): Promise<void>;
  remove(key: string): Promise<void>;
  /** Marks what is there; it is kept no longer for that. */
  outdate(key: string): Promise<void>;
}

export interface SnapshotsOptions<T> {
  cache: ContextCache;
  guard: CacheGuard;
  /** What a value has to look like, when it is read: an older Dexter or somebody else may have written it. */
  schema: z.ZodType<T>;
  ttlMs: number;
  log: Logger;
  /** Hears how long readings and writings took, and of writings that failed. */
  count?: Count;
  now?: () => number;
}

/** Removals that are remembered for the time after an outage; more than there are tickets in work. */
const mostOwed = 10_000;

export function snapshotsIn<T>(options: SnapshotsOptions<T>): Snapshots<T> {
  const { cache, guard, schema, ttlMs, log, count = () => undefined, now = Date.now } = options;
  const Kept = z.object({
    updated: z.iso.datetime(),
    fetchedAt: z.iso.datetime(),
    isOutdated: z.boolean().optional(),
    value: schema,
  });
  // What was to be removed while the cache could not be used: it must not come back after the outage.
  const owed = new Set<string>();

  function parse(key: string, text: string): Snapshot<T> | undefined {
    try {
      const kept = Kept.safeParse(JSON.parse(text));
      if (kept.success) return kept.data;
    } catch {
      // Not JSON: told below, as all that is not a snapshot.
    }
    log.warn({ key }, 'what the context cache holds is not a snapshot of this version; it is fetched again');
    return undefined;
  }

  /** Counted only when the cache was asked: what a known outage spares takes no time. */
  async function counted<T>(name: 'cache_read' | 'cache_write', ask: () => Promise<T>): Promise<Guarded<T>> {
    let startedAt: number | undefined;
    const answer = await guard.run(() => {
      startedAt = performance.now();
      return ask();
    });
    if (startedAt !== undefined) count({ name, label: 'context', value: performance.now() - startedAt });
    return answer;
  }

  async function payDebts(): Promise<void> {
    for (const key of owed) {
      const { outcome } = await guard.run(() => cache.delete(key));
      if (outcome === 'failed') return;
      owed.delete(key);
    }
  }

  async function read(key: string): Promise<SnapshotRead<T>> {
    await payDebts();
    const startedAt = performance.now();
    const got = owed.has(key) ? undefined : await counted('cache_read', () => cache.get(key));
    const durationMs = round(performance.now() - startedAt);
    const text = got?.outcome === 'answered' ? got.value : undefined;
    if (text === undefined) return { sizeBytes: 0, durationMs };
    const snapshot = parse(key, text);
    return { ...(snapshot ? { snapshot } : {}), sizeBytes: Buffer.byteLength(text), durationMs };
  }

  async function set(
    type: 'set' | 'invalidate',
    key: string,
    snapshot: Snapshot<T>,
    forMs = ttlMs,
  ): Promise<void> {
    const text = JSON.stringify(snapshot);
    const startedAt = performance.now();
    const { outcome } = await counted('cache_write', () => cache.set(key, text, forMs));
    if (outcome === 'answered') owed.delete(key);
    else count({ name: 'cache_write_failed', label: 'context' });
    log.info({
      event: 'cache_operation',
      type,
      key,
      sizeBytes: Buffer.byteLength(text),
      durationMs: round(performance.now() - startedAt),
      ageSeconds: ageSeconds(snapshot, now()),
      cache: 'context',
      ...failure(outcome),
    });
  }

  return {
    read,
    write: (key, snapshot) => set('set', key, snapshot),

    async outdate(key) {
      const { snapshot } = await read(key);
      if (!snapshot || snapshot.isOutdated) return;
      const left = ttlMs - ageSeconds(snapshot, now()) * 1000;
      if (left > 0) await set('invalidate', key, { ...snapshot, isOutdated: true }, left);
    },

    async remove(key) {
      const startedAt = performance.now();
      const { outcome } = await guard.run(() => cache.delete(key));
      if (outcome === 'failed' && owed.size < mostOwed) owed.add(key);
      log.info({
        event: 'cache_operation',
        type: 'delete',
        key,
        // Of what was there nobody asked.
        sizeBytes: 0,
        durationMs: round(performance.now() - startedAt),
        ageSeconds: 0,
        cache: 'context',
        ...failure(outcome),
      });
    },
  };

  function failure(outcome: 'answered' | 'failed') {
    return outcome === 'failed' ? { failed: true, failures: guard.failures() } : {};
  }
}

/** How old a snapshot is; never below 0, whatever the clocks of two machines say. */
export function ageSeconds({ fetchedAt }: { fetchedAt: string }, now: number): number {
  return Math.max(0, Math.round((now - Date.parse(fetchedAt)) / 1000));
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
