import { createHash } from 'node:crypto';
import { SessionRef } from '../../core/session.ts';

/** What the key of a cache entry says. */
export interface EntryKey {
  ref: SessionRef;
  generation: number;
  /** Tells two tries at the same generation apart: a key that was reserved once is never free again. */
  attempt: number;
}

/** Begins every key of Dexter's, of every installation. */
export const keyStart = 'dexter-v1-';

/** https://docs.github.com/en/actions/reference/workflows-and-actions/dependency-caching */
const longestKey = 512;

const pattern = /^dexter-v1-([0-9a-f]{32})-g(\d{8})-(\d{1,6})-([A-Za-z0-9_-]+)$/;

/**
 * Begins the keys of one session. The cache matches by prefix, so what tells sessions apart has a fixed length
 * and an end: `DXTR-1` is never the beginning of `DXTR-12`.
 */
export function sessionPrefix(ref: SessionRef): string {
  return `${keyStart}${hashOf(ref)}-`;
}

/** Begins the keys of one generation of a session, whoever saved it. */
export function generationPrefix(ref: SessionRef, generation: number): string {
  return `${sessionPrefix(ref)}g${String(generation).padStart(8, '0')}-`;
}

/**
 * The key of an entry, with the ref in it: a hash alone could not be listed. All of it is lower case, because the
 * toolkit takes keys for the same that differ in case only, and some servers give them back in lower case. Throws
 * when it gets too long.
 */
export function formatKey({ ref, generation, attempt }: EntryKey): string {
  const { installationId, repositoryId, issueKey } = ref;
  const named = Buffer.from(JSON.stringify([installationId, repositoryId, issueKey])).toString('hex');
  const key = `${generationPrefix(ref, generation)}${attempt}-${named}`;
  if (!pattern.test(key) || key.length > longestKey) {
    throw new Error(`generation ${generation} of this issue has no valid cache key`);
  }
  return key;
}

/** Undefined for a key that is none of Dexter's, or whose parts do not belong together. */
export function parseKey(key: string): EntryKey | undefined {
  const [, hash, generation, attempt, named = ''] = pattern.exec(key) ?? [];
  if (hash === undefined) return undefined;
  // Earlier keys had base64url, which begins with a `W` here.
  const ref = parseRef(Buffer.from(named, /^[0-9a-f]+$/.test(named) ? 'hex' : 'base64url').toString());
  if (!ref || hashOf(ref) !== hash) return undefined;
  return { ref, generation: Number(generation), attempt: Number(attempt) };
}

/** What a key says, when it is one of this session. */
export function keyOf(ref: SessionRef, key: string): EntryKey | undefined {
  const parsed = parseKey(key);
  return parsed && nameOf(parsed.ref) === nameOf(ref) ? parsed : undefined;
}

function parseRef(json: string): SessionRef | undefined {
  try {
    const [installationId, repositoryId, issueKey] = Object.values(JSON.parse(json) ?? {});
    return SessionRef.safeParse({ installationId, repositoryId, issueKey }).data;
  } catch {
    // Not JSON, so not a key of ours.
    return undefined;
  }
}

function hashOf(ref: SessionRef): string {
  return createHash('sha256').update(nameOf(ref)).digest('hex').slice(0, 32);
}

function nameOf({ installationId, repositoryId, issueKey }: SessionRef): string {
  return `${installationId}/${repositoryId}/${issueKey}`;
}
