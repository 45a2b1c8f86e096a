import { AppError } from '../core/errors.ts';
import type { SessionRef, StoreName } from '../core/session.ts';
import type { SessionStore } from '../stores/session-store.ts';

/** A store that the command line works on. */
export interface OpenedStore {
  name: StoreName;
  /** Where it is, in words: `the directory /x`, `the bucket y`. */
  place: string;
  store: SessionStore;
  /** Installations that have a session in it. */
  installations: () => Promise<number[]>;
}

/** A session as a store lists it. */
export interface ListedSession {
  ref: SessionRef;
  /** Newest generation. */
  generation: number;
  /** What the store holds for it. */
  bytes: number;
  savedAt: Date;
}

/** Which sessions are meant; all of them when nothing is given. */
export interface Scope {
  installationId?: number | undefined;
  repositoryId?: number | undefined;
}

interface Listing {
  /** Newest first. */
  sessions: ListedSession[];
  /** Why the list may be incomplete: what is damaged does not hide the rest. */
  problems: AppError[];
}

/** Everything in a store that can be listed. */
export async function sessionsIn(opened: OpenedStore, scope: Scope): Promise<Listing> {
  const { installationId, repositoryId } = scope;
  const sessions: ListedSession[] = [];
  const problems: AppError[] = [];
  const installations = installationId === undefined ? await opened.installations() : [installationId];
  for (const installation of installations) {
    try {
      for await (const session of opened.store.list(installation)) {
        if (repositoryId === undefined || session.ref.repositoryId === repositoryId) sessions.push(session);
      }
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      problems.push(error);
    }
  }
  sessions.sort((a, b) => b.savedAt.getTime() - a.savedAt.getTime());
  return { sessions, problems };
}

/**
 * The newest generation of one session as the store has it now. The Actions cache is asked for its list: what
 * is in it can be read only inside of a job.
 */
export async function lookAgain(
  { name, store }: OpenedStore,
  ref: SessionRef,
): Promise<{ generation: number; savedAt: Date } | undefined> {
  if (name === 'actions-cache') {
    for await (const session of store.list(ref.installationId)) if (isSame(session.ref, ref)) return session;
    return undefined;
  }
  const found = await store.read(ref);
  if (found.outcome === 'miss') return undefined;
  await found.archive.cancel();
  return found;
}

function isSame(a: SessionRef, b: SessionRef): boolean {
  return (
    a.installationId === b.installationId && a.repositoryId === b.repositoryId && a.issueKey === b.issueKey
  );
}
