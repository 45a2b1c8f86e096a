import { canonicalJson } from '../core/canonical-json.ts';
import { cacheKey, type Question } from './cache-key.ts';
import type { CachedAnswer, ResponseCache } from './response-cache.ts';

/** What was read, as JSON, and what will say whether it still holds. */
export interface Loaded {
  resultJson: string;
  freshness?: string;
}

export interface ReadThroughOptions {
  cache: ResponseCache;
  /** Whether a kept answer still holds, in the way of an ETag; asked before each use. */
  isFresh: (answer: CachedAnswer) => Promise<boolean>;
  now: () => number;
}

/** Answers from the cache what still holds, and reads the rest; who asks the same at once waits for one reading. */
export function readThrough({ cache, isFresh, now }: ReadThroughOptions) {
  const underWay = new Map<string, Promise<string>>();

  async function answer(key: string, question: Question, load: () => Promise<Loaded>): Promise<string> {
    const kept = cache.get(key);
    if (kept !== undefined && (await isFresh(kept))) return kept.resultJson;
    if (kept !== undefined) cache.invalidate((one) => one === kept);
    const { resultJson, freshness } = await load();
    const argumentsJson = canonicalJson(question.arguments) ?? '{}';
    const of = freshness === undefined ? {} : { freshness };
    cache.set(key, { tool: question.tool, argumentsJson, resultJson, storedAt: now(), ...of });
    return resultJson;
  }

  /** The answer as JSON. A failure of `load` is passed on, to everybody who waits, and not kept. */
  return async function read(question: Question, load: () => Promise<Loaded>): Promise<string> {
    const key = cacheKey(question);
    if (key === undefined) return (await load()).resultJson;
    const waiting = underWay.get(key);
    if (waiting !== undefined) return waiting;
    const reading = answer(key, question, load);
    underWay.set(key, reading);
    try {
      return await reading;
    } finally {
      underWay.delete(key);
    }
  };
}
