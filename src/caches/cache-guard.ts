import type { Logger } from 'pino';
import { messageOf } from '../core/errors.ts';

export type Guarded<T> = { outcome: 'answered'; value: T } | { outcome: 'failed' };

/** Stands before everything that is asked of a cache, so that its trouble is never anybody else's. */
export interface CacheGuard {
  /** Does it, unless the cache is known to be out of order. Never rejects and never takes longer than the limit. */
  run<T>(action: () => Promise<T>): Promise<Guarded<T>>;
  /** Somebody else saw that the cache cannot be used. */
  failed(error: unknown): void;
  /** Somebody else saw that it can be used again. */
  recovered(): void;
  /** Calls that failed or were not tried, since the start. */
  failures(): number;
}

export interface CacheGuardOptions {
  log: Logger;
  /** The longest that one call may hold a command. */
  limitMs?: number;
  /** After a failure nothing is asked for this long, so that a cache that hangs holds a command once, not at each call. */
  pauseMs?: number;
  now?: () => number;
}

/** Warns once when an outage begins and says once that it is over, with how much was missed. */
export function cacheGuard({
  log,
  limitMs = 1_000,
  pauseMs = 5_000,
  now = Date.now,
}: CacheGuardOptions): CacheGuard {
  let failures = 0;
  let outage: { since: number; failuresBefore: number; askAgainAt: number } | undefined;

  function failed(error: unknown): void {
    const askAgainAt = now() + pauseMs;
    if (outage) {
      outage.askAgainAt = askAgainAt;
      return;
    }
    outage = { since: now(), failuresBefore: failures, askAgainAt };
    // The message alone: the error may carry the address, and with it the password.
    log.warn(
      { event: 'cache_outage', reason: withoutAddress(messageOf(error)) },
      'the context cache cannot be used; Dexter works without it',
    );
  }

  function recovered(): void {
    if (!outage) return;
    const { since, failuresBefore } = outage;
    outage = undefined;
    log.info(
      { event: 'cache_recovered', outageMs: now() - since, missed: failures - failuresBefore, failures },
      'the context cache can be used again',
    );
  }

  return {
    async run(action) {
      if (outage && now() < outage.askAgainAt) {
        failures += 1;
        return { outcome: 'failed' };
      }
      try {
        const value = await withinTime(action, limitMs);
        recovered();
        return { outcome: 'answered', value };
      } catch (error) {
        failed(error);
        failures += 1;
        return { outcome: 'failed' };
      }
    },
    failed,
    recovered,
    failures: () => failures,
  };
}

/** What stands before the `@` of an address is nobody's business. */
function withoutAddress(message: string): string {
  return message.replaceAll(/\/\/[^\s/]*@/g, '//');
}

async function withinTime<T>(action: () => Promise<T>, limitMs: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${limitMs} ms`)), limitMs);
  try {
    return await Promise.race([action(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
