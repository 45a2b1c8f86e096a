import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../src/core/errors.ts';
import type { Progress } from '../src/core/report.ts';
import { heartbeatSeconds, leaseSeconds } from '../src/core/runner.ts';
import { type AppClient, type HeldClaim, patientWaits } from './app-client.ts';

export interface Heartbeat {
  /** Something is new to say: it goes out soon, together with what else comes up until then. */
  changed(): void;
  /**
   * Says it now; `lost` once the app gave the command to another run or ended it. An app that has not confirmed the
   * run for as long as its lease is asked again for a while, and has lost it when it stays silent.
   */
  now(): Promise<'alive' | 'lost'>;
  /** Why the run is lost; empty while it is not. */
  lostBecause(): string;
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
  leaseMs?: number;
  /** Pauses between the tries of `now()` when the lease is over. */
  waits?: readonly number[];
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
  leaseMs = leaseSeconds * 1000,
  waits = patientWaits,
}: HeartbeatOptions): Heartbeat {
  let isOver = false;
  let hasNews = false;
  let reason = '';
  // The claim was the first sign of life; news need not wait for anything.
  const claimedAt = Date.now();
  let confirmedAt = claimedAt;
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
      for (const wait of waits) {
        if (reason !== '' || isHeld()) break;
        await sleep(wait);
        await beat();
      }
      if (!isHeld()) lose(`The app did not answer for more than ${Math.round(leaseMs / 1000)} seconds.`);
      return reason === '' ? 'alive' : 'lost';
    },
    lostBecause: () => reason,
    async [Symbol.asyncDispose]() {
      isOver = true;
      clearTimeout(timer);
      await running;
    },
  };

  /** As far as this side can know: the app waits as long as this before it gives the run up. */
  function isHeld(): boolean {
    return Date.now() - confirmedAt <= leaseMs;
  }

  /** What was lost first stays the reason. */
  function lose(because: string): void {
    if (reason !== '') return;
    reason = because;
    onLost(because);
  }

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
      if (answer.outcome === 'refused') return lose(answer.refusal.message);
      confirmedAt = sentAt;
      if (answer.value.stop) onStop();
    } catch (error) {
      // The next one follows; the app waits for several before it gives the run up.
      warn(`A heartbeat did not reach the app: ${messageOf(error)}`);
    }
  }
}
