/** How long the provider keeps what a marker writes: five minutes at 1.25 times the price of the input, an hour at twice. */
export type CacheLifetime = '5m' | '1h';

/** `ttl` is five minutes when it is not given. https://platform.claude.com/docs/en/build-with-claude/prompt-caching */
export interface CacheControl {
  type: 'ephemeral';
  ttl?: CacheLifetime;
}

/** The marker as the note has it; an hour is said, five minutes are not. */
export function cacheMarker(lifetime: CacheLifetime = '5m'): CacheControl {
  return lifetime === '5m' ? { type: 'ephemeral' } : { type: 'ephemeral', ttl: lifetime };
}

/** Anything that a marker may stand on; null is none. */
export interface Markable {
  cache_control?: CacheControl | null | undefined;
}

/** The same without its marker: the very same object where it has none. */
export function withoutMarker<T extends Markable>(marked: T): T {
  if (!('cache_control' in marked)) return marked;
  const { cache_control: _, ...rest } = marked;
  // A marker is optional wherever one may stand.
  return rest as T;
}
