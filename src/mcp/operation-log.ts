/** One decision of a cache, in the format that every cache of Dexter logs. */
export interface CacheOperation {
  level: 'info';
  event: 'cache_operation';
  type: 'hit' | 'miss' | 'set' | 'delete' | 'invalidate';
  /** The beginning of the key's hash: enough to follow an entry, nothing of what was asked. */
  key: string;
  sizeBytes: number;
  durationMs: number;
  ageSeconds: number;
  /** ISO 8601, UTC. */
  timestamp: string;
  cache: 'mcp';
}

export type LogOperation = (operation: CacheOperation) => void;

/** How much of the hash is shown. */
const shownKey = 16;

export function cacheOperation(
  type: CacheOperation['type'],
  { key, now, sizeBytes = 0, durationMs = 0, ageMs = 0 }: Measured,
): CacheOperation {
  return {
    level: 'info',
    event: 'cache_operation',
    type,
    key: key.slice(0, shownKey),
    sizeBytes,
    durationMs: Math.round(durationMs * 1000) / 1000,
    ageSeconds: Math.round(ageMs / 1000),
    timestamp: new Date(now).toISOString(),
    cache: 'mcp',
  };
}

interface Measured {
  key: string;
  /** Milliseconds since 1970. */
  now: number;
  sizeBytes?: number;
  durationMs?: number;
  ageMs?: number;
}
