import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { cacheGuard } from '../../src/caches/cache-guard.ts';
import type { ContextCache } from '../../src/caches/context-cache.ts';
import { type Clock, type ContextSource, contextReader, isFresh } from '../../src/caches/context-reader.ts';
import type { FetchLock } from '../../src/caches/fetch-lock.ts';
import { memoryCache } from '../../src/caches/memory-cache.ts';
import { snapshotsIn } from '../../src/caches/snapshots.ts';
import { type Measured, sumMeasured } from '../../src/core/measure.ts';
import { logLines } from '../fakes/log-lines.ts';

const Ticket = z.object({ text: z.string(), updatedAt: z.string() });
type Ticket = z.infer<typeof Ticket>;

const key = 'context:acme:SHOP-42';
const hour = 60 * 60 * 1000;
const start = Date.parse('2026-03-01T12:00:00.000Z');

class Down extends Error {}
class Gone extends Error {}

/** A JIRA with one ticket. */
function ticketSource(text = 'as written', updatedAt = '2026-03-01T10:00:00.000Z') {
  const ticket = { text, updatedAt };
  const source = {
    ticket,
    asked: 0,
    fetched: 0,
    failure: undefined as Error | undefined,
    landing: Promise.resolve(),
    async askUpdated() {
      source.asked += 1;
      if (source.failure) throw source.failure;
      return ticket.updatedAt;
    },
    async fetch() {
      source.fetched += 1;
      const read = { ...ticket };
      await source.landing;
      if (source.failure) throw source.failure;
      return read;
    },
    judge: (error: unknown) =>
      error instanceof Down
        ? ('passing' as const)
        : error instanceof Gone
          ? ('gone' as const)
          : ('other' as const),
  } satisfies ContextSource<Ticket> & Record<string, unknown>;
  return source;
}

/** A lock in memory with leases by the fake clock. */
function memoryLock(clock: Clock): FetchLock & { holder?: string; until: number } {
  const lock: FetchLock & { holder?: string; until: number } = {
    until: 0,
    async take(_key, holder, leaseMs) {
      if (lock.holder !== undefined && lock.until > clock.now()) return false;
      Object.assign(lock, { holder, until: clock.now() + leaseMs });
      return true;
    },
    async renew(_key, holder) {
      return lock.holder === holder;
    },
    async release(_key, holder) {
      if (lock.holder === holder) delete lock.holder;
    },
  };
  return lock;
}

function fakeClock() {
  const clock = {
    time: start,
    now: () => clock.time,
    async sleep(milliseconds: number) {
      clock.time += milliseconds;
      // Whoever else waits gets its turn.
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  return clock;
}

const opened: ContextCache[] = [];
afterEach(async () => {
  for (const cache of opened.splice(0)) await cache.close();
});

function readerOf({
  cache = memoryCache(),
  clock = fakeClock(),
  lock,
}: {
  cache?: ContextCache;
  clock?: ReturnType<typeof fakeClock>;
  lock?: FetchLock;
} = {}) {
  opened.push(cache);
  const { log, lines } = logLines();
  const guard = cacheGuard({ log, now: clock.now });
  const counted: Measured[] = [];
  const count = (measured: Measured) => void counted.push(measured);
  const snapshots = snapshotsIn({
    cache,
    guard,
    schema: Ticket,
    ttlMs: 24 * hour,
    log,
    count,
    now: clock.now,
  });
  const reader = contextReader({
    snapshots,
    guard,
    ...(lock ? { lock } : {}),
    updatedOf: ({ updatedAt }) => updatedAt,
    log,
    count,
    clock,
  });
  /** How often each was counted since it was asked last. */
  const counts = () => {
    const sums = sumMeasured(counted.splice(0));
    return Object.fromEntries(sums.map(({ name, label, values }) => [`${name} ${label}`, values.count]));
  };
  const gets = () =>
    lines.filter(({ type }) => type === 'hit' || type === 'miss').map(({ type }) => type === 'hit');
  return { reader, cache, clock, lines, gets, counts };
}

describe('reading a ticket through the cache', () => {
  test('the first reading fetches, the next one only asks whether it changed', async () => {
    const { reader, gets, lines, clock } = readerOf();
    const source = ticketSource();
    expect(await reader.read(key, source)).toMatchObject({ from: 'source', value: source.ticket });
    expect(source).toMatchObject({ asked: 0, fetched: 1 });
    clock.time += hour;
    expect(await reader.read(key, source)).toEqual({
      from: 'cache',
      value: source.ticket,
      fetchedAt: '2026-03-01T12:00:00.000Z',
    });
    expect(source).toMatchObject({ asked: 1, fetched: 1 });
    expect(gets()).toEqual([false, true]);
    expect(lines.at(-1)).toMatchObject({
      event: 'cache_operation',
      key,
      type: 'hit',
      cache: 'context',
      ageSeconds: 3600,
      sizeBytes: expect.any(Number),
      durationMs: expect.any(Number),
    });
    expect(JSON.stringify(lines)).not.toContain('as written');
  });

  test('a change since is fetched, and counts as a miss', async () => {
    const { reader, clock, counts } = readerOf();
    const source = ticketSource();
    await reader.read(key, source);
    clock.time += hour;
    Object.assign(source.ticket, { text: 'rewritten', updatedAt: '2026-03-01T12:30:00.000Z' });
    counts();
    expect(await reader.read(key, source)).toMatchObject({ from: 'source', value: { text: 'rewritten' } });
    expect(counts()).toMatchObject({
      'cache_miss context': 1,
      'cache_changed context': 1,
      'cache_write context': 1,
    });
  });

  test('a snapshot that is known to be out of date is replaced without asking', async () => {
    const { reader } = readerOf();
    const source = ticketSource();
    await reader.read(key, source);
    const isOutdated = ({ text }: Ticket) => !text.includes('my comment');
    source.ticket.text = 'with my comment';
    expect(await reader.read(key, { ...source, isOutdated })).toMatchObject({
      value: { text: 'with my comment' },
    });
    expect(source.asked).toBe(0);
  });

  test('a snapshot that was read in the second of the last change is not trusted again', async () => {
    const { reader } = readerOf();
    const source = ticketSource('one', '2026-03-01T12:00:00.000Z');
    await reader.read(key, source);
    source.ticket.text = 'two, in the same second';
    expect(await reader.read(key, source)).toMatchObject({ value: { text: 'two, in the same second' } });
  });

  test('what was read before its fetch began counts from then', async () => {
    const { reader, clock } = readerOf();
    const source = ticketSource('one', '2026-03-01T12:00:00.000Z');
    clock.time = start + 5_000;
    // The change came after the first part was read, and may be missing in it.
    await reader.read(key, { ...source, readSince: start - 2_000 });
    source.ticket.text = 'two';
    expect(await reader.read(key, source)).toMatchObject({ from: 'source', value: { text: 'two' } });
    expect(await reader.read(key, source)).toMatchObject({ from: 'cache' });
  });

  test('a source that tells no time is never cached', async () => {
    const { reader } = readerOf();
    const source = ticketSource('one', '');
    await reader.read(key, source);
    expect(await reader.read(key, source)).toMatchObject({ from: 'source' });
  });

  test.each([
    ['not JSON', '{'],
    [
      'of an older version',
      '{"updated":"2026-03-01T10:00:00.000Z","fetchedAt":"2026-03-01T11:00:00.000Z","value":{"title":"x"}}',
    ],
    ['of somebody else', '"hello"'],
  ])('a value that is %s is a miss with a warning', async (_what, text) => {
    const { reader, cache, lines } = readerOf();
    await cache.set(key, text, hour);
    expect(await reader.read(key, ticketSource())).toMatchObject({ from: 'source' });
    expect(lines.some(({ level, msg }) => level === 40 && msg.includes('not a snapshot'))).toBe(true);
  });

  test('what was told to have changed is fetched again without asking, and still stands in', async () => {
    const { reader, lines } = readerOf();
    const source = ticketSource();
    await reader.read(key, source);
    await reader.outdate(key);
    await reader.outdate(key);
    expect(lines.filter(({ type }) => type === 'invalidate')).toHaveLength(1);
    expect(await reader.peek(key)).toMatchObject({ value: { text: 'as written' } });
    source.failure = new Down();
    expect(await reader.read(key, source)).toMatchObject({ from: 'outage', value: { text: 'as written' } });
    source.failure = undefined;
    expect(await reader.read(key, source)).toMatchObject({ from: 'source' });
    expect(source).toMatchObject({ asked: 0, fetched: 3 });
    await reader.read(key, source);
    expect(source).toMatchObject({ asked: 1, fetched: 3 });
  });

  test('what is not cached cannot be out of date', async () => {
    const { reader, lines } = readerOf();
    await reader.outdate(key);
    expect(await reader.peek(key)).toBeUndefined();
    expect(lines.filter(({ type }) => type === 'invalidate')).toEqual([]);
  });

  test('who fetches is told what is known', async () => {
    const { reader } = readerOf();
    const known: (string | undefined)[] = [];
    const source = ticketSource();
    const telling = {
      ...source,
      fetch: (value: Ticket | undefined) => {
        known.push(value?.text);
        return source.fetch();
      },
    };
    await reader.read(key, telling);
    await reader.outdate(key);
    await reader.read(key, telling);
    expect(known).toEqual([undefined, 'as written']);
  });

  test('what was forgotten is fetched again', async () => {
    const { reader } = readerOf();
    const source = ticketSource();
    await reader.read(key, source);
    await reader.forget(key);
    await reader.read(key, source);
    expect(source).toMatchObject({ asked: 0, fetched: 2 });
  });
});

describe('a source in trouble', () => {
  test('that is down is stood in for by the cache, with the time it is from', async () => {
    const { reader, clock, lines } = readerOf();
    const source = ticketSource();
    await reader.read(key, source);
    clock.time += hour;
    source.failure = new Down('down');
    expect(await reader.read(key, source)).toEqual({
      from: 'outage',
      value: source.ticket,
      fetchedAt: '2026-03-01T12:00:00.000Z',
      error: source.failure,
    });
    expect(lines.at(-1)).toMatchObject({ type: 'hit', stale: true });
  });

  test('that says the ticket changed and then goes down is stood in for as well', async () => {
    const { reader, clock } = readerOf();
    const source = ticketSource();
    await reader.read(key, source);
    clock.time += hour;
    const changed = { ...source, askUpdated: async () => '2026-03-01T12:30:00.000Z' };
    source.failure = new Down('down');
    expect(await reader.read(key, changed)).toMatchObject({ from: 'outage' });
  });

  test('with nothing cached fails with what the source said', async () => {
    const { reader } = readerOf();
    const source = ticketSource();
    source.failure = new Down('down');
    await expect(reader.read(key, source)).rejects.toBe(source.failure);
  });

  test('that refuses the ticket takes it out of the cache', async () => {
    const { reader, cache } = readerOf();
    const source = ticketSource();
    await reader.read(key, source);
    source.failure = new Gone('gone');
    await expect(reader.read(key, source)).rejects.toBe(source.failure);
    expect(await cache.get(key)).toBeUndefined();
  });

  test('that fails in another way is not stood in for, and what is cached stays', async () => {
    const { reader, cache } = readerOf();
    const source = ticketSource();
    await reader.read(key, source);
    source.failure = new Error('wrong token');
    await expect(reader.read(key, source)).rejects.toBe(source.failure);
    expect(await cache.get(key)).toBeDefined();
  });
});

describe('several readers at once', () => {
  test('share one fetch', async () => {
    const { reader } = readerOf();
    const source = ticketSource();
    const landing = Promise.withResolvers<void>();
    source.landing = landing.promise;
    const readings = Array.from({ length: 5 }, () => reader.read(key, source));
    landing.resolve();
    for (const reading of await Promise.all(readings)) expect(reading.value).toEqual(source.ticket);
    expect(source.fetched).toBe(1);
  });

  test('share the failure of a fetch, and the next one tries again', async () => {
    const { reader } = readerOf();
    const source = ticketSource();
    source.failure = new Down('down');
    const readings = Array.from({ length: 3 }, () =>
      reader.read(key, source).catch((error: unknown) => error),
    );
    expect(await Promise.all(readings)).toEqual([source.failure, source.failure, source.failure]);
    expect(source.fetched).toBe(1);
    source.failure = undefined;
    expect(await reader.read(key, source)).toMatchObject({ from: 'source' });
  });

  test('do not take a fetch that is older than the change they heard of', async () => {
    const { reader, clock } = readerOf();
    const source = ticketSource();
    await reader.read(key, source);
    clock.time += hour;
    const landing = Promise.withResolvers<void>();
    source.landing = landing.promise;
    source.ticket.updatedAt = '2026-03-01T12:10:00.000Z';
    const early = reader.read(key, source);
    await expect.poll(() => source.fetched).toBe(2);
    Object.assign(source.ticket, { text: 'newest', updatedAt: '2026-03-01T12:20:00.000Z' });
    const late = reader.read(key, source);
    await expect.poll(() => source.asked).toBe(2);
    landing.resolve();
    expect((await early).value.text).toBe('as written');
    expect((await late).value.text).toBe('newest');
  });

  test('in two processes share one fetch by the lock', async () => {
    const clock = fakeClock();
    const cache = memoryCache();
    const lock = memoryLock(clock);
    const one = readerOf({ cache, clock, lock });
    const other = readerOf({ cache, clock, lock });
    const source = ticketSource('one', new Date(start).toISOString());
    const landing = Promise.withResolvers<void>();
    source.landing = landing.promise;
    const readings = [one.reader.read(key, source), other.reader.read(key, source)];
    while (clock.time <= start + 500) await new Promise((resolve) => setImmediate(resolve));
    landing.resolve();
    expect((await Promise.all(readings)).map(({ value }) => value.text)).toEqual(['one', 'one']);
    expect(source.fetched).toBe(1);
    expect(lock.holder).toBeUndefined();
  });

  test('take over from a holder that died when its lease is over', async () => {
    const clock = fakeClock();
    const lock = memoryLock(clock);
    await lock.take(key, 'a process that died', 10_000);
    const { reader } = readerOf({ clock, lock });
    const source = ticketSource();
    expect(await reader.read(key, source)).toMatchObject({ from: 'source' });
    expect(clock.time - start).toBeGreaterThanOrEqual(10_000);
    expect(clock.time - start).toBeLessThan(11_000);
  });

  test('fetch anyway when a holder takes longer than a fetch may', async () => {
    const clock = fakeClock();
    const lock = memoryLock(clock);
    await lock.take(key, 'a process that hangs', 10 * hour);
    const { reader } = readerOf({ clock, lock });
    expect(await reader.read(key, ticketSource())).toMatchObject({ from: 'source' });
    expect(clock.time - start).toBeLessThan(46_000);
  });

  test('fetch at once when the lock cannot be asked', async () => {
    const clock = fakeClock();
    const broken = () => Promise.reject(new Error('connection lost'));
    const { reader, lines } = readerOf({ clock, lock: { take: broken, renew: broken, release: broken } });
    expect(await reader.read(key, ticketSource())).toMatchObject({ from: 'source' });
    expect(clock.time).toBe(start);
    expect(lines.filter(({ event }) => event === 'cache_outage')).toHaveLength(1);
  });
});

describe('a cache in trouble', () => {
  /** A cache that fails while it is told to. */
  function shakyCache() {
    const inner = memoryCache();
    const shaky = { fails: false };
    const attempt = <T>(action: () => Promise<T>) =>
      shaky.fails ? Promise.reject(new Error('connection lost')) : action();
    const cache: ContextCache = {
      get: (one) => attempt(() => inner.get(one)),
      set: (one, text, ttlMs) => attempt(() => inner.set(one, text, ttlMs)),
      delete: (one) => attempt(() => inner.delete(one)),
      usage: () => attempt(() => inner.usage()),
      close: () => inner.close(),
    };
    return { cache, shaky, inner };
  }

  test('is a miss and a failed write, and takes no time while nobody asks it', async () => {
    const { cache, shaky } = shakyCache();
    const { reader, clock, counts } = readerOf({ cache });
    const source = ticketSource();
    shaky.fails = true;
    await reader.read(key, source);
    // One call was tried; after its failure none is.
    expect(counts()).toEqual({
      'cache_miss context': 1,
      'cache_read context': 1,
      'cache_write_failed context': 1,
    });
    clock.time += 60_000;
    shaky.fails = false;
    await reader.read(key, source);
    expect(counts()).toEqual({
      'cache_miss context': 1,
      'cache_read context': 1,
      'cache_write context': 1,
    });
    await reader.read(key, source);
    expect(counts()).toEqual({ 'cache_hit context': 1, 'cache_read context': 1 });
  });

  test('is done without, counted in the log, and used again afterwards', async () => {
    const { cache, shaky } = shakyCache();
    const { reader, clock, lines } = readerOf({ cache });
    const source = ticketSource();
    shaky.fails = true;
    await reader.read(key, source);
    await reader.read(key, source);
    expect(source.fetched).toBe(2);
    expect(lines.filter(({ event }) => event === 'cache_outage')).toHaveLength(1);
    expect(lines.filter(({ type }) => type === 'set').at(-1)).toMatchObject({
      failed: true,
      failures: expect.any(Number),
    });
    shaky.fails = false;
    clock.time += 10_000;
    await reader.read(key, source);
    await reader.read(key, source);
    expect(source.fetched).toBe(3);
  });

  test('that could not drop a ticket does not bring it back', async () => {
    const { cache, shaky, inner } = shakyCache();
    const { reader, clock } = readerOf({ cache });
    const source = ticketSource();
    await reader.read(key, source);
    shaky.fails = true;
    await reader.forget(key);
    shaky.fails = false;
    clock.time += 10_000;
    expect(await inner.get(key)).toBeDefined();
    await reader.read('context:acme:SHOP-7', source);
    expect(await inner.get(key)).toBeUndefined();
  });
});

test.each([
  [
    'read long after the change',
    '2026-03-01T10:00:00.000Z',
    '2026-03-01T12:00:00.000Z',
    '2026-03-01T10:00:00.000Z',
    true,
  ],
  [
    'the same moment, written otherwise',
    '2026-03-01T10:00:00.000Z',
    '2026-03-01T12:00:00.000Z',
    '2026-03-01T11:00:00.000+01:00',
    true,
  ],
  [
    'changed since',
    '2026-03-01T10:00:00.000Z',
    '2026-03-01T12:00:00.000Z',
    '2026-03-01T10:00:00.001Z',
    false,
  ],
  [
    'read in the second of the change',
    '2026-03-01T10:00:00.100Z',
    '2026-03-01T10:00:00.900Z',
    '2026-03-01T10:00:00.100Z',
    false,
  ],
  [
    'read in the second after it',
    '2026-03-01T10:00:00.900Z',
    '2026-03-01T10:00:01.000Z',
    '2026-03-01T10:00:00.900Z',
    true,
  ],
  [
    'read before it, by a clock that is slow',
    '2026-03-01T10:00:00.000Z',
    '2026-03-01T09:59:00.000Z',
    '2026-03-01T10:00:00.000Z',
    false,
  ],
  ['no time told now', '2026-03-01T10:00:00.000Z', '2026-03-01T12:00:00.000Z', '', false],
])('a snapshot %s is fresh or not', (_what, updated, fetchedAt, now, fresh) => {
  expect(isFresh({ updated, fetchedAt }, now)).toBe(fresh);
});
