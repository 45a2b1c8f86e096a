/** A finished entry of a repository's Actions cache, as GitHub's REST API lists it. */
export interface CacheEntry {
  id: number;
  key: string;
  /** What the cache holds for it, packed. */
  bytes: number;
  createdAt: Date;
}

/**
 * The two things that a job's own cache token cannot do: see every entry, and remove one. They need a token of
 * the repository with `actions: write`.
 */
export interface CacheEntries {
  /** Entries whose key begins with `keyPrefix`, oldest first. */
  list(keyPrefix: string): Promise<CacheEntry[]>;
  /** Removes an entry; removing what is not there is no error. */
  remove(id: number): Promise<void>;
}
