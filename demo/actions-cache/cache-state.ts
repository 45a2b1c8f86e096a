import type { Blobs } from './start-blobs.ts';

export interface StoredEntry {
  id: number;
  /** `owner/name`. */
  repository: string;
  key: string;
  version: string;
  /** Name of the blob that holds the contents. */
  blob: string;
  bytes: number;
  createdAt: Date;
  usedAt: Date;
  /** A reservation holds its key until it is finished, for ever when its writer has died. */
  isFinished: boolean;
}

export type CacheState = ReturnType<typeof createCacheState>;

/** What the cache keeps and how it finds it, by GitHub's rules; the protocols are put over it. */
export function createCacheState(blobs: Blobs) {
  let entries: StoredEntry[] = [];
  let lastId = 0;
  let limitBytes = Number.POSITIVE_INFINITY;

  async function drop(gone: StoredEntry[]): Promise<void> {
    entries = entries.filter((entry) => !gone.includes(entry));
    for (const { blob } of gone) await blobs.remove(blob);
  }

  const finished = (repository: string, prefix: string) =>
    entries.filter(
      (entry) => entry.repository === repository && entry.isFinished && entry.key.startsWith(prefix),
    );

  return {
    finished,

    /** Undefined when the key is taken, by a finished entry or by a reservation: keys are never given twice. */
    reserve(repository: string, key: string, version: string): StoredEntry | undefined {
      const isTaken = entries.some(
        (entry) => entry.repository === repository && entry.key === key && entry.version === version,
      );
      if (isTaken) return undefined;
      lastId += 1;
      const now = new Date();
      const entry: StoredEntry = {
        id: lastId,
        repository,
        key,
        version,
        blob: `entry-${crypto.randomUUID()}`,
        bytes: 0,
        createdAt: now,
        usedAt: now,
        isFinished: false,
      };
      entries.push(entry);
      return entry;
    },

    reserved: (match: (entry: StoredEntry) => boolean): StoredEntry | undefined =>
      entries.find((entry) => !entry.isFinished && match(entry)),

    /** False when fewer or more bytes were uploaded than the writer says. */
    async finish(entry: StoredEntry, bytes: number): Promise<boolean> {
      if ((await blobs.size(entry.blob)) !== bytes) return false;
      entry.bytes = bytes;
      entry.isFinished = true;
      const oldest = finished(entry.repository, '').sort((a, b) => a.usedAt.getTime() - b.usedAt.getTime());
      let total = oldest.reduce((sum, one) => sum + one.bytes, 0);
      const evicted: StoredEntry[] = [];
      for (const one of oldest) {
        if (total <= limitBytes) break;
        total -= one.bytes;
        evicted.push(one);
      }
      await drop(evicted);
      return true;
    },

    /** Key by key, the exact one first, then the newest that begins with it. */
    find(repository: string, keys: string[], version: string): StoredEntry | undefined {
      for (const key of keys) {
        const matches = finished(repository, key).filter((entry) => entry.version === version);
        const found = matches.find((entry) => entry.key === key) ?? matches.at(-1);
        if (!found) continue;
        found.usedAt = new Date();
        return found;
      }
      return undefined;
    },

    async remove(match: (entry: StoredEntry) => boolean): Promise<number> {
      const gone = entries.filter(match);
      await drop(gone);
      return gone.length;
    },

    /** Most that the entries of a repository may hold together; the least recently used go first. */
    limit(bytes: number): void {
      limitBytes = bytes;
    },
  };
}
