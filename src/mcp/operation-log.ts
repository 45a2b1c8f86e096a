/** One decision of a cache, in the format that every cache of Dexter logs. */
export interface CacheOperation {
  event: 'cache_operation';
  operation: 'get' | 'set' | 'delete' | 'invalidate';
  cache: 'mcp';
  /** Whether a `get` found something to answer with; what the other operations removed or wrote was there. */
  hit: boolean;
  /** The beginning of the key's hash: enough to follow an entry, nothing of what was asked. */
  key: string;
  sizeBytes: number;
  durationMs: number;
  ageSeconds: number;
}

export type LogOperation = (operation: CacheOperation) => void;

/** How much of the hash is shown. */
const shownKey = 16;

export function cacheOperation(
  operation: CacheOperation['operation'],
  { key, hit, sizeBytes = 0, durationMs = 0, ageMs = 0 }: Measured,
): CacheOperation {
  return {
    event: 'cache_operation',
    operation,
    cache: 'mcp',
    hit,
    key: key.slice(0, shownKey),
    sizeBytes,
    durationMs: Math.round(durationMs * 1000) / 1000,
    ageSeconds: Math.round(ageMs / 1000),
  };
}

interface Measured {
  key: string;
  hit: boolean;
  sizeBytes?: number;
  durationMs?: number;
  ageMs?: number;
}
