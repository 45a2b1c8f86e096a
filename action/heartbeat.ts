import { messageOf } from '../src/core/errors.ts';
import type { Progress } from '../src/core/report.ts';
import { heartbeatSeconds } from '../src/core/runner.ts';
import type { AppClient, HeldClaim } from './app-client.ts';

export interface Heartbeat {
  /** Something is new to say: it goes out soon, together with what else comes up until then. */
  changed(): void;
  /** Says it now; `lost` once the app gave the command to another run or ended it. */
  now(): Promise<'alive' | 'lost'>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface HeartbeatOptions {
  app: Pick<AppClient, 'heartbeat'>;
  claim: HeldClaim;
  current: () => Progress;
  /** A person asked the run to stop. */
  onStop: () => void;
  /** The app refuses this run: it must not change anything any more. */
  onLost: (reason: string) => void;
  warn: (message: string) => void;
  intervalMs?: number;
  /** Least time between two heartbeats that carry news. */
  throttleMs?: number;
}

/** Tells the app that the run is alive, at a steady pace and whenever there is news. */
export function startHeartbeat({
  app,
  claim,
  current,
  onStop,
  onLost,
  warn,
  intervalMs = heartbeatSeconds * 1000,
  throttleMs = 1_000,
}: HeartbeatOptions): Heartbeat {
  let isOver = false;
  let hasNews = false;
  let isLost = false;
  // The claim was the first sign of life; news need not wait for anything.
  const claimedAt = Date.now();
  let sentAt = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  plan();

  return {
    changed() {
      hasNews = true;
      plan();
    },
    async now() {
      await running;
      await beat();
      return isLost ? 'lost' : 'alive';
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      clearTimeout(timer);
      await running;
    },
  };

  function plan(): void {
    clearTimeout(timer);
    if (isOver || running !== undefined) return;
    const due = hasNews ? sentAt + throttleMs : Math.max(sentAt, claimedAt) + intervalMs;
    timer = setTimeout(() => void beat(), Math.max(0, due - Date.now()));
  }

  function beat(): Promise<void> {
    running ??= send().finally(() => {
      running = undefined;
      plan();
    });
    return running;
  }

  async function send(): Promise<void> {
    hasNews = false;
    sentAt = Date.now();
    try {
      const answer = await app.heartbeat(claim, current());
      if (answer.outcome === 'refused') {
        isLost = true;
        onLost(answer.refusal.message);
      } else if (answer.value.stop) onStop();
    } catch (error) {
      // The next one follows; the app waits for several before it gives the run up.
      warn(`A heartbeat did not reach the app: ${messageOf(error)}`);
    }
  }
}
