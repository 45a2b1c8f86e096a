/**
 * Keeps texts for a while. What is kept may be gone at any time: nobody may need it.
 *
 * - A miss is undefined; what is over its time is a miss. A failure rejects and is never a miss.
 * - `set` replaces what is there, with a new time to live. What is too large to be kept is not kept, and what was there
 *   before is gone all the same.
 * - `delete` of what is not there does nothing.
 * - Once closed, everything rejects; closing twice does nothing.
 *
 * Texts are kept as they are, of any content. Whoever reads them checks them: others may write to the same place.
 */
export interface ContextCache {
  get(key: string): Promise<string | undefined>;
  /** `ttlMs` is a positive whole number. */
  set(key: string, text: string, ttlMs: number): Promise<void>;
  delete(key: string): Promise<void>;
  /** How much it holds. May look at all that is kept: nothing to ask often, or while somebody waits. */
  usage(): Promise<CacheUsage>;
  close(): Promise<void>;
}

export interface CacheUsage {
  /** What is over its time is not among them, where the cache knows it. Of very many it is what a part of them comes to. */
  items: number;
  /** Of these in UTF-8: their texts, with keys and wrapping where these are kept together. */
  bytes: number;
  /** Of the whole server, whoever fills it; absent where there is none, and where it does not say. */
  memoryBytes?: number;
}

/** What all keys of contexts begin with. */
export const contextPrefix = 'context:';

/** Where the context of a ticket is kept. Neither part can hold a colon. */
export function contextKey(connection: string, issueKey: string): string {
  return `${contextPrefix}${connection}:${issueKey}`;
}
