import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Count } from '../core/measure.ts';
import type { CacheGuard } from './cache-guard.ts';
import type { FetchLock } from './fetch-lock.ts';
import { ageSeconds, type Snapshot, type SnapshotRead, type Snapshots } from './snapshots.ts';

/** How one ticket is asked for. What these throw is thrown on, unless `judge` says that the cache may stand in. */
export interface ContextSource<T> {
  /** When it changed last, ISO 8601; a cheap call. Empty when the source does not say: then nothing is cached. */
  askUpdated(): Promise<string>;
  /** `known` is what is cached, which may be out of date. */
  fetch(known: T | undefined): Promise<T>;
  /** Since when parts of what `fetch` answers were read, where that was before its call; milliseconds. */
  readSince?: number;
  /** Whether a cached value is known to be out of date, which spares asking. */
  isOutdated?(value: T): boolean;
  /**
   * `passing`: the source is down or wants to be left alone, so a cached value may stand in. `gone`: nobody may see it
   * any more, the cache included. `other`: neither.
   */
  judge(error: unknown): 'passing' | 'gone' | 'other';
}

export type ContextReading<T> = {
  value: T;
  /** When it was read from the source, ISO 8601. */
  fetchedAt: string;
} & ({ from: 'cache' } | { from: 'source' } | { from: 'outage'; error: unknown });

export interface ContextReader<T> {
  /**
   * The newest value that can be had: from the cache when the source says that it did not change since, else fetched. Of
   * several readers of one key one fetches, in all processes that share the cache.
   */
  read(key: string, source: ContextSource<T>): Promise<ContextReading<T>>;
  /** What is cached, whether it is still right or not: nobody is asked. Never rejects. */
  peek(key: string): Promise<{ value: T; fetchedAt: string } | undefined>;
  /** What is cached has changed: it only stands in when the source cannot be asked. Never rejects. */
  outdate(key: string): Promise<void>;
  /** Drops what is cached. Never rejects. */
  forget(key: string): Promise<void>;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

export interface ContextReaderOptions<T> {
  snapshots: Snapshots<T>;
  guard: CacheGuard;
  lock?: FetchLock;
  /** The time of a value's last change, as `askUpdated` says it. */
  updatedOf: (value: T) => string;
  log: Logger;
  /** Hears of each reading whether the cache answered it. */
  count?: Count;
  clock?: Clock;
  times?: Partial<typeof defaultTimes>;
}

const defaultTimes = {
  /** A holder that died is taken over from after this long. */
  leaseMs: 10_000,
  renewEveryMs: 3_000,
  /** Whoever waits for another process looks this often whether it is done. */
  lookEveryMs: 100,
  /** Nobody waits for another process for longer than a fetch may take. */
  longestFetchMs: 45_000,
};

/**
 * What JIRA's `updated` says: each change of a field, and each comment that is added, edited or deleted, moves it. What
 * is shown with the ticket and belongs to another one (summary and status of linked tickets, subtasks and the parent,
 * names of people, versions and sprints) does not: that may be as old as the time to live.
 *
 * The source tells times in seconds where its database does. A second change in the second of the first one, or one
 * made while a snapshot was read, leaves no trace in them: such a snapshot is used once and not trusted again.
 */
const resolutionMs = 1_000;

const realClock: Clock = { now: () => Date.now(), sleep: (milliseconds) => setTimeout(milliseconds) };

/** What is read through the cache, with the freshness that the source itself vouches for. */
export function contextReader<T>(options: ContextReaderOptions<T>): ContextReader<T> {
  const { snapshots, guard, lock, updatedOf, log, count = () => undefined, clock = realClock } = options;
  const times = { ...defaultTimes, ...options.times };
  const flights = new Map<string, Promise<Snapshot<T>>>();

  /** One line for each reading; a hit is a cached snapshot that was used. */
  function logGet(key: string, read: SnapshotRead<T>, used?: Snapshot<T>, stale = false): void {
    count({ name: used ? 'cache_hit' : 'cache_miss', label: 'context' });
    if (!used && read.snapshot) count({ name: 'cache_changed', label: 'context' });
    log.info({
      event: 'cache_operation',
      type: used ? 'hit' : 'miss',
      key,
      sizeBytes: read.sizeBytes,
      durationMs: read.durationMs,
      ageSeconds: used ? ageSeconds(used, clock.now()) : 0,
      cache: 'context',
      ...(stale ? { stale } : {}),
    });
  }

  async function fetchAndKeep(
    key: string,
    source: ContextSource<T>,
    known: Snapshot<T> | undefined,
  ): Promise<Snapshot<T>> {
    const since = source.readSince ?? clock.now();
    const value = await source.fetch(known?.value);
    const snapshot = { value, updated: updatedOf(value), fetchedAt: new Date(since).toISOString() };
    if (snapshot.updated !== '') await snapshots.write(key, snapshot);
    return snapshot;
  }

  /** Fetches, or waits for the process that does and takes what it left in the cache. */
  async function fly(
    key: string,
    fetchIt: () => Promise<Snapshot<T>>,
    held: FetchLock,
    isWanted: (snapshot: Snapshot<T>) => boolean,
  ): Promise<Snapshot<T>> {
    const holder = randomUUID();
    const waitUntil = clock.now() + times.longestFetchMs;
    while (clock.now() < waitUntil) {
      const taken = await guard.run(() => held.take(key, holder, times.leaseMs));
      if (taken.outcome === 'failed') break;
      if (taken.value) return await fetchAsHolder(key, fetchIt, held, holder, isWanted);
      await clock.sleep(times.lookEveryMs);
      const { snapshot } = await snapshots.read(key);
      if (snapshot && isWanted(snapshot)) return snapshot;
    }
    return fetchIt();
  }

  async function fetchAsHolder(
    key: string,
    fetchIt: () => Promise<Snapshot<T>>,
    held: FetchLock,
    holder: string,
    isWanted: (snapshot: Snapshot<T>) => boolean,
  ): Promise<Snapshot<T>> {
    const renewal = setInterval(() => {
      void guard.run(() => held.renew(key, holder, times.leaseMs));
    }, times.renewEveryMs);
    try {
      // The holder before may have finished between the look into the cache and this.
      const { snapshot } = await snapshots.read(key);
      if (snapshot && isWanted(snapshot)) return snapshot;
      return await fetchIt();
    } finally {
      clearInterval(renewal);
      await guard.run(() => held.release(key, holder));
    }
  }

  /** What was fetched by anybody since this reader looked, and is as new as the source said, is what it wants. */
  async function fetchOnce(
    key: string,
    source: ContextSource<T>,
    known: Snapshot<T> | undefined,
    updated: string | undefined,
  ): Promise<Snapshot<T>> {
    const isWanted = (snapshot: Snapshot<T>) =>
      snapshot.fetchedAt !== known?.fetchedAt &&
      !snapshot.isOutdated &&
      !source.isOutdated?.(snapshot.value) &&
      (updated === undefined || Date.parse(snapshot.updated) >= Date.parse(updated));
    for (let flight = flights.get(key); flight; flight = flights.get(key)) {
      const landed = await flight;
      if (isWanted(landed)) return landed;
    }
    const fetchIt = () => fetchAndKeep(key, source, known);
    const flight = lock ? fly(key, fetchIt, lock, isWanted) : fetchIt();
    const tracked = flight.finally(() => flights.delete(key));
    flights.set(key, tracked);
    return tracked;
  }

  /** What an error means for what is cached: another value to go on with, or the error itself. */
  async function standIn(
    key: string,
    source: ContextSource<T>,
    read: SnapshotRead<T>,
    error: unknown,
  ): Promise<ContextReading<T>> {
    const verdict = source.judge(error);
    if (verdict === 'gone') await snapshots.remove(key);
    if (verdict !== 'passing' || !read.snapshot) throw error;
    logGet(key, read, read.snapshot, true);
    const { value, fetchedAt } = read.snapshot;
    return { value, fetchedAt, from: 'outage', error };
  }

  return {
    async read(key, source) {
      const read = await snapshots.read(key);
      const known = read.snapshot;
      try {
        const mayHold = known && !known.isOutdated && !source.isOutdated?.(known.value);
        const updated = mayHold ? await source.askUpdated() : undefined;
        if (known && updated !== undefined && isFresh(known, updated)) {
          logGet(key, read, known);
          return { value: known.value, fetchedAt: known.fetchedAt, from: 'cache' };
        }
        const { value, fetchedAt } = await fetchOnce(key, source, known, updated || undefined);
        logGet(key, read);
        return { value, fetchedAt, from: 'source' };
      } catch (error) {
        return standIn(key, source, read, error);
      }
    },

    async peek(key) {
      const read = await snapshots.read(key);
      logGet(key, read, read.snapshot);
      return read.snapshot;
    },

    outdate: (key) => snapshots.outdate(key),
    forget: (key) => snapshots.remove(key),
  };
}

/** Whether nothing can have changed since the snapshot was read, given what the source says now. */
export function isFresh({ updated, fetchedAt }: Omit<Snapshot<unknown>, 'value'>, now: string): boolean {
  const changed = Date.parse(updated);
  if (changed !== Date.parse(now)) return false;
  return Math.floor(Date.parse(fetchedAt) / resolutionMs) > Math.floor(changed / resolutionMs);
}
