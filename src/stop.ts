import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { inTime } from './jobs/in-time.ts';

export interface StopOptions {
  /** The app, as `createApp` makes it. */
  app: { drain(): Promise<void>; handBack(): Promise<string[]>; stop(): Promise<void> };
  server: { close(whenClosed: () => void): unknown; closeAllConnections?(): void };
  log: Logger;
  withinSeconds: number;
  delaySeconds: number;
}

/** Of the time to stop: what is kept for open requests, for what is handed back, and for letting go of the database. */
const requestsShare = 0.2;
const handBackShare = 0.1;

/**
 * Stops the app in good order, in at most `withinSeconds`:
 * 1. it takes nothing more from the queue, and `/readyz` says so; webhooks are still kept, for another process
 * 2. what is under way is finished, as far as there is time; and a balancer has at least `delaySeconds` to turn away
 * 3. it listens no more, and answers the requests that are open
 * 4. what is still not finished is handed to other processes, the very last thing before the process ends
 */
export async function stop({ app, server, log, withinSeconds, delaySeconds }: StopOptions): Promise<void> {
  const end = performance.now() + withinSeconds * 1000;
  const left = (keptShare: number) => Math.max(0, end - performance.now() - withinSeconds * 1000 * keptShare);
  const finished = app.drain().then(() => true);

  const early = Math.min(delaySeconds * 1000, left(requestsShare + handBackShare));
  await Promise.all([inTime(left(requestsShare + handBackShare), finished), setTimeout(early)]);

  const closed = new Promise<boolean>((resolve) => server.close(() => resolve(true)));
  if (!(await inTime(left(handBackShare), closed))) {
    log.warn('requests that were open for too long were not answered');
    server.closeAllConnections?.();
  }

  const isFinished = await inTime(Math.min(10, left(0)), finished);
  if (isFinished) {
    await inTime(
      left(0),
      app.stop().then(() => true),
    );
    log.info('stopped: everything is finished');
    return;
  }
  const handedBack = await inTime(left(0), app.handBack());
  // An end that is being told keeps its lease: it may be told already.
  if (handedBack === undefined || handedBack.length === 0)
    log.warn('stopped: what is not finished is taken over when its lease is over');
  else log.info({ commandIds: handedBack }, 'stopped: what is not finished was handed back');
}
