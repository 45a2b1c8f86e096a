import { setTimeout } from 'node:timers/promises';
import { markPosted, unpostedAlerts } from '../ledger/alerts.ts';
import { type Lease, leaseOf } from '../ledger/leases.ts';
import { type LookOptions, look } from './look.ts';
import { messageOf } from './message-of.ts';
import { type PostAlert, pauseAfter } from './post-alert.ts';

const lookEveryMs = 30_000;

/** A process that is not heard of for this long is dead, and another one looks. Longer than a post may take. */
const leaseSeconds = 90;

/** Slack takes about one message a second; what is left is posted at the next look. */
const postsAtOnce = 10;

export interface WatchOptions extends LookOptions {
  /** Absent where nothing is posted. */
  post?: PostAlert | undefined;
  /** Address of the app, as people are told it. */
  appUrl: string;
  everyMs?: number | undefined;
}

export interface AlertWatch {
  /** Waits for what is being done; another process goes on at once. */
  stop(): Promise<void>;
}

/**
 * Looks again and again whether there is something to warn of. Any number of processes may watch one database: one of
 * them looks, as long as it lives.
 */
export function watchAlerts(options: WatchOptions): AlertWatch {
  const { db, log, everyMs = lookEveryMs } = options;
  const stopping = new AbortController();
  const lease = leaseOf(db, 'alerts', leaseSeconds);
  const poster = options.post && posterOf({ ...options, post: options.post }, lease, stopping.signal);

  async function turn(): Promise<void> {
    try {
      if (!(await lease.take())) return;
      if (await look(options, lease)) await poster?.();
    } catch (error) {
      log.error({ err: error }, 'a look for alerts failed and is made again');
    }
  }

  async function watch(): Promise<void> {
    while (!stopping.signal.aborted) {
      await turn();
      await setTimeout(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
    try {
      await lease.giveBack();
    } catch (error) {
      log.warn({ err: error }, 'the lease of alerts could not be given back and runs out by itself');
    }
  }

  const watching = watch();
  return {
    async stop() {
      stopping.abort();
      await watching;
    },
  };
}

/**
 * Posts each change once. It is noted after the post: when the process dies between the two, or the answer is lost, the
 * change is posted again. While the webhook does not answer, the newest level alone is kept for later.
 */
function posterOf(
  { db, log, post, appUrl, everyMs }: WatchOptions & { post: PostAlert },
  lease: Lease,
  signal: AbortSignal,
): () => Promise<void> {
  let failures = 0;
  let notBefore = 0;
  return async () => {
    if (performance.now() < notBefore) return;
    for (const alert of (await unpostedAlerts(db)).slice(0, postsAtOnce)) {
      // For longer than the post may take: nobody else posts it meanwhile. A stop waits for it, for it is not known what
      // becomes of one that is broken off.
      if (signal.aborted || !(await lease.take())) return;
      const posted = await post(messageOf(alert, appUrl));
      if (posted.outcome === 'failed') {
        failures += 1;
        // A look that is made more often (in tests) tries more often, too.
        const pauseMs = Math.min(pauseAfter(failures, posted.pauseMs), everyMs ? everyMs * 4 : Infinity);
        notBefore = performance.now() + pauseMs;
        log.warn({ why: posted.why, failures, pauseMs }, 'an alert could not be posted and is posted later');
        return;
      }
      failures = 0;
      await markPosted(db, alert);
    }
  };
}
