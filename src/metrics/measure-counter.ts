import type { Logger } from 'pino';
import { messageOf } from '../core/errors.ts';
import { withoutLogContext } from '../core/log-context.ts';
import { type Count, type Measured, sumMeasured } from '../core/measure.ts';

export interface MeasureCounter {
  count: Count;
  /** Writes what was counted until now, as far as that succeeds. Never rejects. */
  flush(): Promise<void>;
  /** The same, for the last time: what is counted after it is lost. */
  stop(): Promise<void>;
}

export interface MeasureCounterOptions {
  /** Keeps all of it or, when it rejects, nothing. */
  write: (measured: readonly Measured[]) => Promise<void>;
  log: Logger;
  /** How long what was counted stays in memory alone: a process that is killed loses as much. */
  everyMs?: number;
  /** The same, after a write that failed. */
  againMs?: number;
}

/** More than this are added up while they wait, so that a ledger which is away for long costs no memory. */
const mostWaiting = 1_000;

/**
 * Counts what happens too often to be written one by one, or where nobody may wait for the ledger. What could not be
 * written is written later, and counts for the hour of then.
 */
export function measureCounter({
  write,
  log,
  everyMs = 1_000,
  againMs = 5_000,
}: MeasureCounterOptions): MeasureCounter {
  let waiting: Measured[] = [];
  let isFailing = false;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let flushing = Promise.resolve();

  async function writeWaiting(): Promise<void> {
    if (waiting.length === 0) return;
    const taken = sumMeasured(waiting);
    waiting = [];
    try {
      await write(taken);
      if (isFailing) log.info('what is counted is kept again');
      isFailing = false;
    } catch (error) {
      waiting = [...taken, ...waiting];
      if (!isFailing) log.warn({ reason: messageOf(error) }, 'what was counted could not be kept yet');
      isFailing = true;
    }
  }

  function flush(): Promise<void> {
    flushing = flushing.then(writeWaiting);
    return flushing;
  }

  function flushLater(): void {
    timer ??= withoutLogContext(() =>
      setTimeout(
        async () => {
          await flush();
          timer = undefined;
          if (waiting.length > 0 && !isStopped) flushLater();
        },
        isFailing ? againMs : everyMs,
      ).unref(),
    );
  }

  return {
    count(measured) {
      if (isStopped) return;
      waiting.push(measured);
      if (waiting.length > mostWaiting) waiting = sumMeasured(waiting);
      flushLater();
    },
    flush,
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await flush();
      if (waiting.length > 0) log.warn({ measures: waiting.length }, 'what was counted last is lost');
    },
  };
}
