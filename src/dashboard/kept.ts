import { type Scope, scopeKey } from '../core/viewer.ts';

export interface KeptOptions {
  /** Hears why an answer could not be renewed; whoever waits for the first one hears it as well. */
  onError: (error: unknown) => void;
  /** Milliseconds of a clock that only goes forward. */
  now?: () => number;
}

/** How many times as long as the asking took its answer is good for. */
const timesAsLong = 100;
const longestMs = 60_000;

/** What takes no longer is waited for. */
const patienceMs = 50;

/** When an answer is older than this, a new one is waited for, however long it takes. */
const oldestMs = 10 * 60_000;

/** Scopes whose answers are kept: those that were asked for last. */
const mostScopes = 200;

interface Answer<T> {
  value: T;
  at: number;
  tookMs: number;
}

/**
 * What may take long to sum up, for each scope by itself. Where it does, who comes when the answer is no longer good gets
 * it all the same, while the next one is on its way.
 */
export function kept<T>(
  ask: (scope: Scope) => Promise<T>,
  { onError, now = () => performance.now() }: KeptOptions,
): (scope: Scope) => Promise<T> {
  const answers = new Map<string, Answer<T>>();
  const asked = new Map<string, Promise<T>>();

  async function renew(key: string, scope: Scope): Promise<T> {
    const start = now();
    try {
      const value = await ask(scope);
      const at = now();
      answers.delete(key);
      answers.set(key, { value, at, tookMs: at - start });
      for (const oldest of answers.keys()) {
        if (answers.size <= mostScopes) break;
        answers.delete(oldest);
      }
      return value;
    } finally {
      asked.delete(key);
    }
  }

  return async (scope) => {
    const key = scopeKey(scope);
    const answer = answers.get(key);
    const age = answer ? now() - answer.at : Number.POSITIVE_INFINITY;
    if (answer && age < Math.min(longestMs, timesAsLong * answer.tookMs)) return answer.value;
    let coming = asked.get(key);
    if (!coming) {
      coming = renew(key, scope);
      asked.set(key, coming);
    }
    if (!answer || age > oldestMs || answer.tookMs <= patienceMs) return coming;
    coming.catch(onError);
    return answer.value;
  };
}
