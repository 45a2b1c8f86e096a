import { addHistograms, boundsMs, type Histogram, histogramOf, noValues } from '../core/histogram.ts';
import { type CacheOperation, cacheOperation, type LogOperation } from './operation-log.ts';

/** One kept answer. */
export interface CachedAnswer {
  tool: string;
  /** As JSON, keys in any order. */
  argumentsJson: string;
  /** The result as JSON text, as it is sent again. */
  resultJson: string;
  /** Milliseconds since 1970. */
  storedAt: number;
  /** What says whether it still holds, such as the time of the ticket's last change. */
  freshness?: string;
}

export interface CacheLimits {
  ttlMs: number;
  maxEntries: number;
  /** Of results, arguments and keys together, in UTF-8. */
  maxBytes: number;
}

/** What a cache has done since it was made. */
export interface CacheTotals {
  hits: number;
  misses: number;
  stored: number;
  expired: number;
  evicted: number;
  invalidated: number;
  /** Of all answers that were given from the cache. */
  bytesServed: number;
  /** How long it took to look answers up, and to keep them; in milliseconds. */
  reads: Histogram;
  writes: Histogram;
  /** Now. */
  entries: number;
  bytesHeld: number;
}

export interface ResponseCache {
  /** The answer, unless there is none or it is too old; counted and logged as a hit or a miss. */
  get(key: string): CachedAnswer | undefined;
  /** Whether there is one that is not too old; neither counted nor logged. */
  holds(key: string): boolean;
  /** Keeps an answer; the least recently used ones make room. One that is larger than the limit is not kept. */
  set(key: string, answer: CachedAnswer): void;
  /** Removes what `isTouched` says, and answers how many that were. */
  invalidate(isTouched: (answer: CachedAnswer) => boolean): number;
  totals(): CacheTotals;
}

interface Held extends CachedAnswer {
  bytes: number;
}

/** Answers in memory, with a time to live, least recently used out first. */
export function responseCache(
  limits: CacheLimits,
  logOperation: LogOperation,
  clock: { now: () => number; elapsed: () => number } = { now: Date.now, elapsed: () => performance.now() },
): ResponseCache {
  // In the order of their last use: a map keeps the order in which keys were put in.
  const entries = new Map<string, Held>();
  const counts = { hits: 0, misses: 0, stored: 0, expired: 0, evicted: 0, invalidated: 0, bytesServed: 0 };
  const times = { reads: noValues, writes: noValues };
  let bytesHeld = 0;

  const log = (type: CacheOperation['type'], measured: Omit<Parameters<typeof cacheOperation>[1], 'now'>) =>
    logOperation(cacheOperation(type, { ...measured, now: clock.now() }));

  function remove(key: string, held: Held): void {
    entries.delete(key);
    bytesHeld -= held.bytes;
  }

  // A clock that was set back must not make an answer live longer.
  const ageOf = ({ storedAt }: CachedAnswer): number => Math.max(0, clock.now() - storedAt);

  /** Since `started`. */
  function took(kind: keyof typeof times, started: number): number {
    const durationMs = Math.max(0, clock.elapsed() - started);
    times[kind] = addHistograms(times[kind], histogramOf(durationMs, boundsMs));
    return durationMs;
  }

  function makeRoom(bytes: number): void {
    for (const [key, held] of entries) {
      if (entries.size < limits.maxEntries && bytesHeld + bytes <= limits.maxBytes) return;
      remove(key, held);
      counts.evicted += 1;
      log('delete', { key, sizeBytes: held.bytes, ageMs: ageOf(held) });
    }
  }

  return {
    get(key) {
      const started = clock.elapsed();
      let held = entries.get(key);
      if (held !== undefined && ageOf(held) >= limits.ttlMs) {
        remove(key, held);
        counts.expired += 1;
        log('delete', { key, sizeBytes: held.bytes, ageMs: ageOf(held) });
        held = undefined;
      }
      if (held === undefined) {
        counts.misses += 1;
        log('miss', { key, durationMs: took('reads', started) });
        return undefined;
      }
      entries.delete(key);
      entries.set(key, held);
      counts.hits += 1;
      counts.bytesServed += Buffer.byteLength(held.resultJson);
      const durationMs = took('reads', started);
      log('hit', { key, sizeBytes: held.bytes, durationMs, ageMs: ageOf(held) });
      return held;
    },

    holds(key) {
      const held = entries.get(key);
      return held !== undefined && ageOf(held) < limits.ttlMs;
    },

    set(key, answer) {
      const started = clock.elapsed();
      const bytes =
        key.length + Buffer.byteLength(answer.resultJson) + Buffer.byteLength(answer.argumentsJson);
      const before = entries.get(key);
      if (before !== undefined) remove(key, before);
      if (bytes > limits.maxBytes || limits.maxEntries < 1 || ageOf(answer) >= limits.ttlMs) return;
      makeRoom(bytes);
      entries.set(key, { ...answer, storedAt: Math.min(answer.storedAt, clock.now()), bytes });
      bytesHeld += bytes;
      counts.stored += 1;
      const durationMs = took('writes', started);
      log('set', { key, sizeBytes: bytes, durationMs, ageMs: ageOf(answer) });
    },

    invalidate(isTouched) {
      const started = clock.elapsed();
      let count = 0;
      for (const [key, held] of entries) {
        if (!isTouched(held)) continue;
        remove(key, held);
        count += 1;
        const durationMs = clock.elapsed() - started;
        log('invalidate', { key, sizeBytes: held.bytes, durationMs, ageMs: ageOf(held) });
      }
      counts.invalidated += count;
      return count;
    },

    totals: () => ({ ...counts, ...times, entries: entries.size, bytesHeld }),
  };
}
