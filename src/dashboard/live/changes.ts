import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type Scope, scopeKey } from '../../core/viewer.ts';

/** Tells who listens that something that they may see has changed: not what. */
export interface Changes {
  /** Undefined where too many listen already. `signal` ends the listening. */
  listen(scope: Scope, onChange: () => void, signal: AbortSignal): AbortSignal | undefined;
  /** Lets everybody go, and nobody in any more. */
  stop(): Promise<void>;
}

export interface ChangesOptions {
  /** A text that is another one as soon as something of the scope has changed. */
  markOf: (scope: Scope) => Promise<string>;
  log: Logger;
  /** How often it is looked while somebody listens. */
  everyMs?: number;
  /** How many may listen at once, of all. */
  most?: number;
}

/** Pages that are open at the same time, of one process. */
const mostListeners = 500;

interface Group {
  listeners: Set<() => void>;
  /** Ends with its last listener. */
  watching: Promise<void>;
}

/** One look for all who see the same, and none while nobody listens. */
export function watchChanges(options: ChangesOptions): Changes {
  const { markOf, log, everyMs = 1_000, most = mostListeners } = options;
  const stopped = new AbortController();
  const groups = new Map<string, Group>();
  let listening = 0;

  async function watch(key: string, scope: Scope, listeners: Set<() => void>): Promise<void> {
    let last: string | undefined;
    while (listeners.size > 0 && !stopped.signal.aborted) {
      const mark = await markOf(scope).catch((error: unknown) => {
        log.warn({ err: error }, 'what changed could not be asked of the ledger');
        return undefined;
      });
      if (mark !== undefined && last !== undefined && mark !== last)
        for (const onChange of listeners) onChange();
      last = mark ?? last;
      await setTimeout(everyMs, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
    // At once: who comes next begins a group of their own.
    groups.delete(key);
  }

  return {
    listen(scope, onChange, signal) {
      if (listening >= most || stopped.signal.aborted || signal.aborted) return undefined;
      const key = scopeKey(scope);
      const listeners = groups.get(key)?.listeners ?? new Set();
      listeners.add(onChange);
      listening += 1;
      if (!groups.has(key)) {
        groups.set(key, { listeners, watching: watch(key, scope, listeners) });
      }
      const over = AbortSignal.any([signal, stopped.signal]);
      over.addEventListener('abort', () => {
        listeners.delete(onChange);
        listening -= 1;
      });
      return over;
    },
    async stop() {
      stopped.abort();
      await Promise.all([...groups.values()].map(({ watching }) => watching));
    },
  };
}
