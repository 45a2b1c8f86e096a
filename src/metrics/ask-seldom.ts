import { inTime } from '../jobs/in-time.ts';

export interface SeldomOptions {
  /** How old an answer may be. */
  everyMs: number;
  /** How long somebody waits for one. */
  withinMs: number;
  /** The same until there was an answer, which may take longer for the first time. */
  firstWithinMs?: number;
  onError: (error: unknown) => void;
  /** Milliseconds of a clock that only goes forward. */
  now?: () => number;
}

/**
 * Many askers, few questions: one is under way at a time, and its answer (that there was none, too) holds for a while.
 * Undefined where there is none in time; what is under way then goes on, and whoever asks next waits for the same.
 */
export function askSeldom<T extends object>(
  ask: () => Promise<T>,
  { everyMs, withinMs, firstWithinMs = withinMs, onError, now = () => performance.now() }: SeldomOptions,
): () => Promise<T | undefined> {
  let last: { at: number; answer: T | undefined } | undefined;
  let isFirst = true;
  let asked: Promise<T | undefined> | undefined;
  return () => {
    if (last && now() - last.at < everyMs) return Promise.resolve(last.answer);
    asked ??= ask()
      .catch((error: unknown) => {
        onError(error);
        return undefined;
      })
      .then((answer) => {
        last = { at: now(), answer };
        isFirst &&= answer === undefined;
        asked = undefined;
        return answer;
      });
    return inTime(isFirst ? firstWithinMs : withinMs, asked);
  };
}
