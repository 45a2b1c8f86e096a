import type { Logger } from 'pino';
import type { ContextCache } from '../caches/context-cache.ts';
import { messageOf } from '../core/errors.ts';
import { inTime } from '../jobs/in-time.ts';
import type { Db } from '../ledger/commands.ts';
import { forgetOldGauges, gauges, removeGauges, setGauges } from '../ledger/measures.ts';

export interface CacheSizeOptions {
  cache: Pick<ContextCache, 'usage'>;
  /** Whether other processes use it too: of these one looks. */
  isShared: boolean;
  db: Db;
  log: Logger;
  /** What no other process has. */
  processId: string;
  everyMs?: number;
}

const sizes = ['context_items', 'context_bytes'] as const;

/** A Redis that takes longer than this to say what it holds is asked again later. */
const patienceMs = 10_000;

/** Notes how much the context cache holds, now and again and again. `stop` comes after the end of the cache itself. */
export function watchCacheSize(options: CacheSizeOptions): { stop(): Promise<void> } {
  const { cache, db, everyMs = 60_000, isShared, log, processId } = options;
  const label = isShared ? 'redis' : `memory/${processId}`;
  let looking = Promise.resolve();
  lookSoon();
  const timer = setInterval(lookSoon, everyMs).unref();

  function lookSoon(): void {
    looking = looking
      .then(look)
      .catch((error: unknown) => log.debug({ reason: messageOf(error) }, 'size of the cache unknown'));
  }

  async function look(): Promise<void> {
    const seconds = (0.8 * everyMs) / 1000;
    if (isShared && (await gauges(db, 'context_items', { seconds })).some((seen) => seen.label === label))
      return;
    const usage = await inTime(patienceMs, cache.usage());
    if (usage === undefined) return;
    const { items, bytes, memoryBytes } = usage;
    await setGauges(db, [
      { name: 'context_items', label, value: items },
      { name: 'context_bytes', label, value: bytes },
      ...(memoryBytes === undefined
        ? []
        : [{ name: 'redis_memory_bytes' as const, label: '', value: memoryBytes }]),
    ]);
    await forgetOldGauges(db);
  }

  return {
    async stop() {
      clearInterval(timer);
      await looking;
      // What is in memory goes with its process.
      if (!isShared) await removeGauges(db, sizes, label);
    },
  };
}
