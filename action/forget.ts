import { AppError, messageOf, type Problem, toProblem } from '../src/core/errors.ts';
import type { Report } from '../src/core/report.ts';
import type { SessionRef, StoreName } from '../src/core/session.ts';
import type { SessionStore } from '../src/stores/session-store.ts';

export interface ForgetOptions {
  ref: SessionRef;
  /** Every store that the session may be in. */
  stores: ReadonlyMap<StoreName, Pick<SessionStore, 'remove'>>;
  /** Those that no input names: when one cannot be searched, this is said and no failure. */
  unnamed: ReadonlySet<StoreName>;
  /** Removes what this runner keeps of the session beside its stores: the checkout, the CLI's files. */
  removeFiles: () => Promise<void>;
  warn: (message: string) => void;
}

type Forgotten = NonNullable<Report['forgotten']>;

/** A problem is shown in a comment, beside those of the other stores. */
const longestProblem = 500;

/**
 * Removes a session from every store, from the others also when one fails, and then its files from this runner.
 * `problem` says what is left; asking again removes the rest.
 */
export async function forget({
  ref,
  stores,
  unnamed,
  removeFiles,
  warn,
}: ForgetOptions): Promise<{ forgotten: Forgotten; notices: string[]; problem?: Problem }> {
  const forgotten: Forgotten = [];
  const notices: string[] = [];
  for (const [store, driver] of stores) {
    try {
      forgotten.push({ store, generations: await driver.remove(ref) });
    } catch (error) {
      warn(`The session was not removed from the store ${store}: ${forLog(error)}`);
      if (unnamed.has(store)) {
        notices.push(
          `The store \`${store}\`, which the workflow does not use, was not searched: ${shown(error)}`,
        );
        continue;
      }
      forgotten.push({ store, generations: 0, problem: shown(error) });
    }
  }
  const left = forgotten.filter(({ problem }) => problem !== undefined).map(({ store }) => store);
  // Last: a store on this disk finds its own files untouched.
  try {
    await removeFiles();
  } catch (error) {
    warn(`The files of the session were not removed: ${forLog(error)}`);
    const files = `its files on the runner: ${shown(error)}`;
    return { forgotten, notices, problem: notRemoved([...left.map(inStore), files]) };
  }
  if (left.length === 0) return { forgotten, notices };
  return { forgotten, notices, problem: notRemoved(left.map(inStore)) };
}

function inStore(store: StoreName): string {
  return `what the store ${store} holds`;
}

function notRemoved(left: string[]): Problem {
  return {
    code: 'session-not-removed',
    message: `The session is not wholly removed. Left is ${left.join('; ')}`.slice(0, 2 * longestProblem),
    hint: 'Mend the cause, then `retry`: what is gone already is no problem.',
  };
}

/** The text of an unexpected error may hold paths or secrets: it stays in the log of the job. */
function shown(error: unknown): string {
  return toProblem(error).message.slice(0, longestProblem).toWellFormed();
}

function forLog(error: unknown): string {
  if (error instanceof AppError || !(error instanceof Error)) return messageOf(error);
  return error.stack ?? error.message;
}
