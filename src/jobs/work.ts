import { setTimeout } from 'node:timers/promises';
import { sourceOf } from '../core/command.ts';
import { AppError } from '../core/errors.ts';
import { withLogContext } from '../core/log-context.ts';
import { statusOf } from '../github/github.ts';
import {
  leaseCommand,
  markPublished,
  moveCommand,
  postponePublishing,
  takeProgressed,
  takeUnpublished,
  takeUnseen,
  takeWaited,
} from '../ledger/commands.ts';
import { countBeside } from '../ledger/count-beside.ts';
import { addMeasures } from '../ledger/measures.ts';
import type { CommandRow } from '../ledger/tables.ts';
import { onboardNext } from '../onboarding/onboard-next.ts';
import { publishEnd, publishProgress, showSeen } from '../report/publish.ts';
import { holdingLease, preparingLeaseSeconds } from './lease.ts';
import { endVanished, reconcile } from './reconcile.ts';
import { forgetDue } from './retention.ts';
import type { Services } from './services.ts';
import { startCommand } from './start.ts';
import { tidyLedger } from './tidy-ledger.ts';

/** How long telling an end may take before another process does it. */
const publishingSeconds = 60;

/** An end that could not be told for this long (a locked issue, a removed app) is only logged. */
const giveUpTellingMs = 24 * 60 * 60 * 1000;

/** A command that starts within this time is acknowledged by its start. */
const seenAfterSeconds = 2;

/** GitHub asks for few writes: a status comment is edited at most this often. */
const editEverySeconds = 15;

/** Waiting for other processes' work is by looking; one's own work wakes the loops at once. */
const lookEveryMs = 1_000;

/** Days pass slowly: sessions are looked at this often. */
const forgetEveryMs = 60 * 60 * 1000;

/** Rows become old by the day. */
const tidyEveryMs = 60 * 60 * 1000;

/** Commands that one process prepares at the same time. */
const preparedAtOnce = 4;

/** Ends that one process tells at the same time: one server that hangs must not hold up the others. */
const toldAtOnce = 2;

export interface Worker {
  wake(): void;
  /** Whether it takes work. */
  isRunning(): boolean;
  /** Takes no new work and waits for what is being done. */
  stop(): Promise<void>;
}

/**
 * The loops of the app: start what is queued, resume what waited, tell what has progressed or ended, look after what was lost, forget
 * what is due, propose the workflow to new repositories.
 * Any number of processes may run them on one database.
 */
export function startWorker(services: Services, { reconcileEveryMs = 10_000 } = {}): Worker {
  const stopping = new AbortController();
  let woken = Promise.withResolvers<void>();
  let wakes = 0;
  const wake = () => {
    wakes += 1;
    woken.resolve();
    woken = Promise.withResolvers();
  };

  async function pause(): Promise<void> {
    await Promise.race([
      woken.promise,
      setTimeout(lookEveryMs, undefined, { signal: stopping.signal }).catch(() => undefined),
    ]);
  }

  async function loop(name: string, work: () => Promise<boolean>): Promise<void> {
    while (!stopping.signal.aborted) {
      const before = wakes;
      const busy = await work().catch((error: unknown) => {
        services.log.error({ err: error, loop: name }, 'a worker loop failed and goes on');
        return false;
      });
      // What woke the loops while this one was looking may have come too late for it to see.
      if (!busy && wakes === before) await pause();
    }
  }

  const startedAt = Date.now();
  const loops = [
    ...Array.from({ length: preparedAtOnce }, () => loop('start', () => startNext(services))),
    // Apart from the others: a JIRA that hangs must not hold up what needs no JIRA.
    loop('waited', () => resumeNext(services)),
    loop('progress', () => showProgress(services)),
    ...Array.from({ length: toldAtOnce }, () => loop('publish', () => publishNext(services))),
    loop('vanished', async () => {
      await endVanished(services);
      return false;
    }),
    loop(
      'reconcile',
      seldom(reconcileEveryMs, async () => {
        await reconcile(services, startedAt, stopping.signal);
        return false;
      }),
    ),
    loop('onboarding', () => onboardNext(services)),
    loop(
      'retention',
      seldom(services.retention.everyMs ?? forgetEveryMs, () => forgetDue(services, stopping.signal)),
    ),
    loop(
      'tidy',
      seldom(tidyEveryMs, () => tidyLedger(services.db)),
    ),
  ];

  return {
    wake,
    isRunning: () => !stopping.signal.aborted,
    async stop() {
      stopping.abort();
      wake();
      await Promise.all(loops);
    },
  };
}

/** Works again only after a while, unless there was more to do. */
function seldom(everyMs: number, work: () => Promise<boolean>): () => Promise<boolean> {
  let workedAt = 0;
  return async () => {
    if (Date.now() - workedAt < everyMs) return false;
    workedAt = Date.now();
    const more = await work();
    if (more) workedAt = 0;
    return more;
  };
}

/** Takes the next command of the queue and starts it; false when none is free. */
async function startNext(services: Services): Promise<boolean> {
  const id = await services.db.transaction().execute(async (transaction) => {
    const taken = await services.queue.take(transaction);
    if (taken === undefined) return undefined;
    await moveCommand(transaction, taken, 'preparing');
    await leaseCommand(transaction, taken, preparingLeaseSeconds);
    return taken;
  });
  if (id === undefined) return false;
  await holdingLease(services, id, () => startCommand(services, id));
  return true;
}

/** Begins the next command again that waited for JIRA; false when none has waited long enough. */
async function resumeNext(services: Services): Promise<boolean> {
  const id = await takeWaited(services.db, preparingLeaseSeconds);
  if (id === undefined) return false;
  await holdingLease(services, id, () => startCommand(services, id));
  return true;
}

/** Shows what is new of commands that wait or run. */
async function showProgress(services: Services): Promise<boolean> {
  for (const row of await takeUnseen(services.db, seenAfterSeconds))
    await withLogContext({ commandId: row.id }, () => showSeen(services, row));
  for (const row of await takeProgressed(services.db, editEverySeconds)) {
    try {
      await withLogContext({ commandId: row.id }, () => publishProgress(services, row));
    } catch (error) {
      services.log.warn({ commandId: row.id, err: error }, 'progress not shown');
    }
  }
  return false;
}

/** Tells the end of the next command; false when all ends are told. */
async function publishNext(services: Services): Promise<boolean> {
  const [row] = await takeUnpublished(services.db, 1, publishingSeconds);
  if (!row) return false;
  await withLogContext({ commandId: row.id }, () => tellEnd(services, row));
  return true;
}

async function tellEnd(services: Services, row: CommandRow): Promise<void> {
  try {
    await publishEnd(services, row);
    await markPublished(services.db, row.id);
  } catch (error) {
    const age = row.ended_at === null ? 0 : Date.now() - row.ended_at.getTime();
    const hopeless = age > giveUpTellingMs || cannotBeTold(error);
    services.log.error({ err: error, hopeless }, 'the end of a command could not be told');
    if (hopeless) await giveUpTelling(services, row, error);
    // Tried again after as long as it has been tried already: often at first, seldom later.
    else await postponePublishing(services.db, row.id, Math.max(publishingSeconds, age / 1000));
  }
}

async function giveUpTelling(services: Services, row: CommandRow, error: unknown): Promise<void> {
  const reason =
    error instanceof AppError ? error.message : 'It was tried for a day; the log of the app has the errors.';
  await services.db.transaction().execute(async (transaction) => {
    await markPublished(transaction, row.id, reason);
    await countBeside(transaction, services.log, () =>
      addMeasures(transaction, [
        {
          name: 'end_untold',
          label: sourceOf(row.origin),
          ...(row.repository_id === null ? {} : { repositoryId: row.repository_id }),
        },
      ]),
    );
  });
}

/** The place where it would be told is gone or closed: no later try changes that. */
function cannotBeTold(error: unknown): boolean {
  if (!(error instanceof AppError)) return false;
  const status = statusOf(error.cause);
  return error.code === 'ticket-unreadable' || status === 403 || status === 404 || status === 410;
}
