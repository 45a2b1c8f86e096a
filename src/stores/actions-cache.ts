import { mkdir, mkdtemp, open, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { AppError, messageOf } from '../core/errors.ts';
import type { SessionRef } from '../core/session.ts';
import type { CacheEntries, CacheEntry } from './actions-cache/cache-entries.ts';
import {
  assertWritable,
  CacheProblem,
  cacheService,
  type FoundEntry,
  type JobEnvironment,
  sealedName,
  tryLater,
  writeDenied,
} from './actions-cache/cache-service.ts';
import {
  type EntryKey,
  formatKey,
  generationPrefix,
  keyOf,
  keyStart,
  parseKey,
  sessionPrefix,
} from './actions-cache/entry-key.ts';
import { type OpenArchive, openArchive } from './actions-cache/open-archive.ts';
import { saveProgram, startSaving } from './actions-cache/save-file.ts';
import type { ReadOptions, ReadResult, SessionStore, WriteResult } from './session-store.ts';

export interface ActionsCacheOptions {
  /** Environment of the job, from which the cache is reached; listing and removing need none of it. */
  env: JobEnvironment;
  /** Absolute path of a directory for the sealed file on its way to the cache; made when it is missing. */
  temporaryDirectory: string;
  /** Number of this run's try, from 1: keeps a second try off the key that the first one may have reserved. */
  attempt: number;
  /** Needed to list and to remove; without it old generations stay until GitHub evicts them. */
  entries?: CacheEntries;
  /** Told when old generations could not be removed. */
  warn?: (message: string) => void;
  /** Absolute path of the program that hands the file over, where it is not beside this file. */
  program?: string;
  /** How long a key that somebody else has reserved is watched before the next one is tried. */
  reservation?: { looks: number; pauseMs: number };
  pause?: (ms: number) => Promise<void>;
}

/** Older generations than these are removed after each save. */
const keptGenerations = 3;
/** Keys that are tried for one generation: each may have been reserved by a writer that died. */
const keysPerGeneration = 3;

interface FoundSession extends EntryKey {
  entry: FoundEntry;
}

/**
 * Sessions in the Actions cache of the repository that the workflow runs in. A generation is one entry with one
 * sealed file in it. Entries cannot be changed, are found by the beginning of their key, and GitHub evicts them
 * when they were not used for a week or when the repository has too many: a miss is normal here.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/dependency-caching
 */
export function actionsCacheStore(options: ActionsCacheOptions): SessionStore {
  const { env, temporaryDirectory, attempt, entries } = options;
  const { program = saveProgram, reservation = { looks: 5, pauseMs: 3000 } } = options;
  const pause = options.pause ?? ((ms: number) => setTimeout(ms));
  const service = cacheService(env, pause);

  return {
    async read(ref, { below, entry }: ReadOptions = {}): Promise<ReadResult> {
      try {
        const found = await (below === undefined ? newest(ref, entry) : newestBelow(ref, below, entry));
        if (!found) return { outcome: 'miss' };
        const opened = await openArchive(found.entry, pause);
        const { bytes, savedAt } = opened;
        return {
          outcome: 'hit',
          generation: found.generation,
          savedAt,
          bytes,
          archive: streamOf(ref, opened),
        };
      } catch (cause) {
        throw unreadable(ref, cause);
      }
    },

    async write(ref, generation, archive): Promise<WriteResult> {
      try {
        assertWritable(env);
        await using directory = await privateDirectory(temporaryDirectory);
        const keys = Array.from({ length: keysPerGeneration }, (_, later) =>
          formatKey({ ref, generation, attempt: attempt + later }),
        );
        const saved = await save(ref, generation, keys, directory.path, archive);
        if (saved.outcome === 'saved') await removeOld(ref, generation);
        return saved;
      } catch (cause) {
        // A stream that is broken rejects here once more with what broke it.
        await archive.cancel(cause).catch(() => undefined);
        throw notSaved(ref, cause);
      }
    },

    async remove(ref): Promise<number> {
      const found = await needed(entries).list(sessionPrefix(ref));
      for (const { id } of found) await needed(entries).remove(id);
      return new Set(found.flatMap(({ key }) => keyOf(ref, key)?.generation ?? [])).size;
    },

    async *list(installationId) {
      const newestOf = new Map<string, EntryKey & CacheEntry>();
      for (const entry of await needed(entries).list(keyStart)) {
        const named = parseKey(entry.key);
        if (named?.ref.installationId !== installationId) continue;
        const session = sessionPrefix(named.ref);
        if (named.generation >= (newestOf.get(session)?.generation ?? 0)) {
          newestOf.set(session, { ...entry, ...named });
        }
      }
      for (const { ref, generation, bytes, createdAt } of newestOf.values()) {
        yield { ref, generation, bytes, savedAt: createdAt };
      }
    },
  };

  /**
   * The newest entry by prefix, and the one that the ledger names. The higher generation wins, for the ledger may
   * not have heard of the last save; of one generation the ledger's, for another may have been put beside it.
   */
  async function newest(ref: SessionRef, entry?: string): Promise<FoundSession | undefined> {
    const [exact, byPrefix] = await Promise.all([
      entry !== undefined && keyOf(ref, entry) ? service.find(entry) : [],
      service.find(sessionPrefix(ref)),
    ]);
    const named = exact.filter(({ key }) => key === entry);
    const foreign = byPrefix.find(({ key }) => !keyOf(ref, key));
    if (foreign && named.length === 0) throw foreignEntry(sessionPrefix(ref));
    return highest(ref, [...named, ...byPrefix]);
  }

  async function newestBelow(
    ref: SessionRef,
    below: number,
    entry?: string,
  ): Promise<FoundSession | undefined> {
    const oldest = Math.max(1, below - keptGenerations);
    for (let generation = below - 1; generation >= oldest; generation--) {
      const named = entry !== undefined && keyOf(ref, entry)?.generation === generation ? [entry] : [];
      const found = (
        await Promise.all([...named, generationPrefix(ref, generation)].map((key) => service.find(key)))
      ).flat();
      const own = found.filter(({ key }) => keyOf(ref, key)?.generation === generation);
      const best = highest(ref, [...own.filter(({ key }) => key === entry), ...own]);
      if (best) return best;
    }
    return undefined;
  }

  /** Packs into a file while the program that saves it starts, and gives the file the first free key. */
  async function save(
    ref: SessionRef,
    generation: number,
    [firstKey = '', ...laterKeys]: string[],
    directory: string,
    archive: ReadableStream<Uint8Array>,
  ): Promise<WriteResult> {
    const start = (key: string) => startSaving({ program, directory, key, env });
    const first = start(firstKey);
    try {
      const bytes = await writeFile(join(directory, sealedName), archive);
      // Asked as late as possible: only the reservation of a key is really decisive.
      const [before, same] = await Promise.all([
        newest(ref),
        service.find(generationPrefix(ref, generation)),
      ]);
      const newestYet = Math.max(before?.generation ?? 0, highest(ref, same)?.generation ?? 0);
      if (generation !== newestYet + 1) return { outcome: 'conflict', newest: newestYet };

      let key = firstKey;
      for (let saver = first; ; saver = start(key)) {
        const result = await saver.go();
        if (result.outcome === 'denied') throw writeDenied(result.reason);
        if (result.outcome === 'failed' && !(result.isReserved && (await appears(key, 1)))) {
          throw new CacheProblem(result.reason, tryLater);
        }
        if (result.outcome === 'failed') return { outcome: 'saved', bytes, entry: key };
        const isThere = await appears(key, reservation.looks);
        if (result.outcome === 'sent') {
          if (isThere && (await isBeside(ref, generation, key)))
            return { outcome: 'conflict', newest: generation };
          if (isThere) return { outcome: 'saved', bytes, entry: key };
          throw new CacheProblem('the cache took the session but does not give it back', tryLater);
        }
        if (isThere) return { outcome: 'conflict', newest: generation };
        const next = laterKeys.shift();
        if (next === undefined) {
          throw new CacheProblem(`writers that never finished hold all keys (${result.reason})`, tryLater);
        }
        key = next;
      }
    } finally {
      await first.stop();
    }
  }

  /**
   * Whether somebody else has saved this generation under another key: who was slow to fill the first one finds
   * that the next was taken meanwhile. Of two that end at the same moment both may say so; none says wrongly that
   * it was the only one.
   */
  async function isBeside(ref: SessionRef, generation: number, own: string): Promise<boolean> {
    const attempts = Array.from({ length: attempt + keysPerGeneration - 1 }, (_, index) => index + 1);
    const keys = attempts.map((each) => formatKey({ ref, generation, attempt: each }));
    // What is there is saved, also when nobody can say whether it is alone.
    const looks = keys.filter((key) => key !== own).map((key) => appears(key, 1).catch(() => false));
    return (await Promise.all(looks)).includes(true);
  }

  /** Whether an entry can be found under exactly this key; a new one may take a moment. */
  async function appears(key: string, looks: number): Promise<boolean> {
    for (let look = 1; ; look++) {
      if ((await service.find(key)).some((found) => found.key === key)) return true;
      if (look >= looks) return false;
      await pause(reservation.pauseMs);
    }
  }

  /** Best effort: what stays here costs space in the cache, not the session. */
  async function removeOld(ref: SessionRef, generation: number): Promise<void> {
    if (!entries) return;
    try {
      for (const { id, key } of await entries.list(sessionPrefix(ref))) {
        const old = keyOf(ref, key)?.generation;
        if (old !== undefined && old <= generation - keptGenerations) await entries.remove(id);
      }
    } catch (error) {
      options.warn?.(
        `Old generations of ${ref.issueKey} stay in the Actions cache until GitHub evicts them: ${messageOf(error)}`,
      );
    }
  }
}

/** Of several of one generation the first. */
function highest(ref: SessionRef, found: FoundEntry[]): FoundSession | undefined {
  return found
    .flatMap((entry) => {
      const named = keyOf(ref, entry.key);
      return named ? [{ ...named, entry }] : [];
    })
    .reduce<FoundSession | undefined>(
      (best, one) => (best && best.generation >= one.generation ? best : one),
      undefined,
    );
}

function foreignEntry(prefix: string): CacheProblem {
  return new CacheProblem(
    'the cache holds an entry under its key that no session is filed under',
    `Delete the entries whose key begins with \`${prefix}\` on the repository's page Actions > Caches, or with \`gh cache delete\`.`,
  );
}

async function privateDirectory(parent: string) {
  await mkdir(parent, { recursive: true });
  // Without links in it: the toolkit compares its path with its process's own idea of it.
  const path = await realpath(await mkdtemp(join(parent, 'cache-')));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function writeFile(path: string, archive: ReadableStream<Uint8Array>): Promise<number> {
  await using file = await open(path, 'wx', 0o600);
  let bytes = 0;
  for await (const chunk of archive) {
    await file.writeFile(chunk);
    bytes += chunk.byteLength;
  }
  return bytes;
}

/** Unlike one made `from` an iterator, it ends the download also when nobody has read from it yet. */
function streamOf(ref: SessionRef, { content, close }: OpenArchive): ReadableStream<Uint8Array> {
  const iterator = content[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await iterator.next();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (cause) {
          throw unreadable(ref, cause);
        }
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  );
}

function needed(entries: CacheEntries | undefined): CacheEntries {
  if (entries) return entries;
  throw new AppError('session-unreadable', {
    message:
      'The sessions in the Actions cache can only be listed or removed with a token of the repository.',
    hint: 'Set GITHUB_TOKEN to a token with `actions: write` on the repository and name the repository.',
  });
}

function unreadable(ref: SessionRef, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  return new AppError('session-unreadable', {
    message: `The session of ${ref.issueKey} could not be read: ${messageOf(cause)}.`,
    hint: cause instanceof CacheProblem ? cause.hint : 'Try again, or start again with `--fresh`.',
    cause,
  });
}

function notSaved(ref: SessionRef, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  return new AppError('session-not-saved', {
    message: `The session of ${ref.issueKey} could not be saved: ${messageOf(cause)}.`,
    hint: cause instanceof CacheProblem ? cause.hint : 'Check that the runner has space left, and try again.',
    cause,
  });
}
