import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, type Dirent } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { AppError, hasCode, messageOf } from '../core/errors.ts';
import { SessionRef } from '../core/session.ts';
import type { ReadResult, SessionStore, WriteResult } from './session-store.ts';

/** Each piece is a trip to another thread: of 64 KiB they take longer than all the rest of opening an archive. */
const pieceBytes = 1024 * 1024;

/** Older generations than these are removed after each save. */
const keptGenerations = 3;

const generationPattern = /^gen-(\d{6,})\.dxs$/;
const temporaryPrefix = '.writing-';
/** A temporary file older than this belongs to a process that died. */
const abandonedAfterMs = 60 * 60 * 1000;

const generationName = (generation: number) => `gen-${String(generation).padStart(6, '0')}.dxs`;

export interface WorkspaceOptions {
  /** Absolute path of a directory that outlives the run; made when it is missing. */
  root: string;
}

/**
 * Sessions in a directory of the runner: `<root>/sessions/<installation>/<repository>/<key>/gen-000001.dxs`.
 *
 * A generation is written under a temporary name, flushed, and then published by `link`, which fails when the
 * name exists: of two writers of the same generation exactly one wins, and a crash leaves no half archive.
 */
export function workspaceStore({ root }: WorkspaceOptions): SessionStore {
  const sessions = join(root, 'sessions');
  const directoryOf = (ref: SessionRef) =>
    join(sessions, String(ref.installationId), String(ref.repositoryId), directoryKey(ref.issueKey));

  return {
    async read(ref, { below = Number.POSITIVE_INFINITY } = {}): Promise<ReadResult> {
      const directory = directoryOf(ref);
      try {
        const newest = (await generationsIn(directory)).findLast((generation) => generation < below);
        if (newest === undefined) return { outcome: 'miss' };
        const path = join(directory, generationName(newest));
        const { size, mtime } = await stat(path);
        const archive = Readable.toWeb(createReadStream(path, { highWaterMark: pieceBytes }));
        return { outcome: 'hit', generation: newest, savedAt: mtime, bytes: size, archive };
      } catch (cause) {
        throw unreadable(ref, cause);
      }
    },

    async write(ref, generation, archive): Promise<WriteResult> {
      const directory = directoryOf(ref);
      try {
        await makeDirectory(directory);
        await nameDirectory(directory, ref);
        const newest = (await generationsIn(directory)).at(-1) ?? 0;
        if (generation !== newest + 1) {
          await archive.cancel();
          return { outcome: 'conflict', newest };
        }
        return await publish(directory, generation, archive);
      } catch (cause) {
        throw new AppError('session-not-saved', {
          message: `The session of ${ref.issueKey} could not be saved: ${messageOf(cause)}.`,
          hint: `Check that ${root} on the runner is writable and has space left.`,
          cause,
        });
      }
    },

    async remove(ref): Promise<number> {
      const directory = directoryOf(ref);
      try {
        const generations = await generationsIn(directory);
        await rm(directory, { recursive: true, force: true });
        return generations.length;
      } catch (cause) {
        throw unreadable(ref, cause);
      }
    },

    async *list(installationId) {
      const installation = join(sessions, String(installationId));
      const damaged: string[] = [];
      for (const repository of await directoriesIn(installation)) {
        for (const key of await directoriesIn(join(installation, repository))) {
          const directory = join(installation, repository, key);
          const described = await describe(directory);
          if (described.outcome === 'damaged') damaged.push(directory);
          else if (described.outcome === 'saved') yield described.session;
        }
      }
      // Last, so that one session does not hide the others.
      if (damaged.length > 0) throw unlisted(damaged);
    },
  };
}

/** One session's directory in the store, for whoever keeps the disk tidy. */
export interface SavedSession {
  path: string;
  /** Files of writers that died. */
  abandoned: string[];
}

/** Every session's directory below a store's root, in no order; none when there is no store. */
export async function* savedSessions(root: string, now: Date): AsyncIterable<SavedSession> {
  const sessions = join(root, 'sessions');
  for (const installation of await directoriesIn(sessions))
    for (const repository of await directoriesIn(join(sessions, installation)))
      for (const key of await directoriesIn(join(sessions, installation, repository))) {
        const path = join(sessions, installation, repository, key);
        yield { path, abandoned: await abandonedIn(path, now) };
      }
}

type Described =
  | { outcome: 'saved'; session: { ref: SessionRef; generation: number; bytes: number; savedAt: Date } }
  /** Nothing is saved there, or it was just removed. */
  | { outcome: 'nothing' }
  /** It does not say whose it is. */
  | { outcome: 'damaged' };

async function describe(directory: string): Promise<Described> {
  const generation = (await generationsIn(directory)).at(-1);
  if (generation === undefined) return { outcome: 'nothing' };
  try {
    const { size, mtime } = await stat(join(directory, generationName(generation)));
    const ref = SessionRef.parse(JSON.parse(await readFile(join(directory, 'ref.json'), 'utf8')));
    return { outcome: 'saved', session: { ref, generation, bytes: size, savedAt: mtime } };
  } catch (error) {
    return { outcome: hasCode(error, 'ENOENT') ? 'nothing' : 'damaged' };
  }
}

function unlisted(directories: string[]): AppError {
  return new AppError('session-unreadable', {
    message: `What is in ${directories.join(', ')} does not say whose session it is.`,
    hint: 'Its `ref.json` is damaged. The next run of the issue writes it again; remove the directory when there will be none.',
  });
}

/** A fixed-length name, so that no key is the beginning of another one and none can leave the directory. */
function directoryKey(issueKey: string): string {
  return createHash('sha256').update(issueKey).digest('hex').slice(0, 32);
}

/** Tried again when a folder above was empty and is removed at this moment: Node says then that it is not there. */
async function makeDirectory(directory: string): Promise<void> {
  for (let left = 10; ; left -= 1) {
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      return;
    } catch (error) {
      if (left === 0 || !hasCode(error, 'ENOENT')) throw error;
    }
  }
}

/** Says in the directory whose sessions these are; its name alone cannot. */
async function nameDirectory(directory: string, ref: SessionRef): Promise<void> {
  const temporary = join(directory, `${temporaryPrefix}${randomUUID()}`);
  await writeFile(temporary, JSON.stringify(SessionRef.parse(ref)), { mode: 0o600 });
  await rename(temporary, join(directory, 'ref.json'));
}

async function publish(
  directory: string,
  generation: number,
  archive: ReadableStream<Uint8Array>,
): Promise<WriteResult> {
  const temporary = join(directory, `${temporaryPrefix}${randomUUID()}`);
  try {
    const bytes = await writeFlushed(temporary, archive);
    try {
      await link(temporary, join(directory, generationName(generation)));
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
      return { outcome: 'conflict', newest: (await generationsIn(directory)).at(-1) ?? generation };
    }
    await flushDirectory(directory);
    await removeOld(directory);
    return { outcome: 'saved', bytes };
  } finally {
    await rm(temporary, { force: true });
  }
}

async function writeFlushed(path: string, archive: ReadableStream<Uint8Array>): Promise<number> {
  await using file = await open(path, 'wx', 0o600);
  let bytes = 0;
  for await (const chunk of archive) {
    await file.writeFile(chunk);
    bytes += chunk.byteLength;
  }
  await file.sync();
  return bytes;
}

/** Makes the new name itself survive a power cut. */
async function flushDirectory(directory: string): Promise<void> {
  await using handle = await open(directory, 'r');
  await handle.sync();
}

async function removeOld(directory: string): Promise<void> {
  const old = (await generationsIn(directory)).slice(0, -keptGenerations);
  for (const generation of old) await rm(join(directory, generationName(generation)), { force: true });
  for (const path of await abandonedIn(directory, new Date())) await rm(path, { force: true });
}

/** Temporary files of writers that died. */
async function abandonedIn(directory: string, now: Date): Promise<string[]> {
  const paths: string[] = [];
  for (const { name } of await entriesIn(directory)) {
    if (!name.startsWith(temporaryPrefix)) continue;
    const path = join(directory, name);
    if ((await writtenAt(path)) < now.getTime() - abandonedAfterMs) paths.push(path);
  }
  return paths;
}

/** When a temporary file was written last; never, for one that its writer has just taken away. */
async function writtenAt(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return Number.POSITIVE_INFINITY;
    throw error;
  }
}

/** Generations in a session's directory, oldest first; none when there is no such directory. */
async function generationsIn(directory: string): Promise<number[]> {
  const names = (await entriesIn(directory)).filter((entry) => entry.isFile()).map((entry) => entry.name);
  return names
    .flatMap((name) => generationPattern.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

async function directoriesIn(directory: string): Promise<string[]> {
  return (await entriesIn(directory)).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

async function entriesIn(directory: string): Promise<Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

function unreadable(ref: SessionRef, cause: unknown): AppError {
  return new AppError('session-unreadable', {
    message: `The session of ${ref.issueKey} could not be read: ${messageOf(cause)}.`,
    hint: 'Check the workspace directory on the runner, or start again with `--fresh`.',
    cause,
  });
}
