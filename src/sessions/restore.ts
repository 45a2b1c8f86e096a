import { AppError, messageOf } from '../core/errors.ts';
import type { SessionManifest, SessionRef } from '../core/session.ts';
import type { SessionKeys } from '../core/session-key.ts';
import type { ReadResult, SessionStore } from '../stores/session-store.ts';
import { removeCopyFile } from './compacted-copy.ts';
import { repair } from './repair.ts';
import { openSealed } from './seal.ts';
import { withoutCopy } from './session-files.ts';
import { unpack } from './unpack.ts';

export interface RestoreOptions {
  store: SessionStore;
  keys: SessionKeys;
  ref: SessionRef;
  /** What the ledger remembers of the newest generation; for stores that search by prefix. */
  entry?: string | undefined;
  /** The CLI's configuration directory, which is replaced. */
  configDirectory: string;
  /** Directory for what is not verified yet. */
  temporaryDirectory: string;
}

export type RestoreResult =
  | {
      outcome: 'restored';
      manifest: SessionManifest;
      /** Generation that was restored. */
      generation: number;
      /** Newest generation of the store: the next one is saved after it. */
      newest: number;
      savedAt: Date;
      bytes: number;
      /** For the person who asked: what of the conversation is missing. */
      notices: string[];
    }
  | { outcome: 'none' }
  /** There are generations, and none of them can be used. */
  | { outcome: 'unusable'; newest: number; reason: string };

type Hit = ReadResult & { outcome: 'hit' };

/** Generations that are tried before the conversation is given up; stores keep as many. */
const triedGenerations = 3;

/**
 * Brings the newest generation of a session that can be used into `configDirectory`.
 * @throws AppError `session-unreadable` when the store or the disk fails.
 */
export async function restore(options: RestoreOptions): Promise<RestoreResult> {
  const { store, ref, entry } = options;
  let found = await store.read(ref, entry === undefined ? {} : { entry });
  if (found.outcome === 'miss') return { outcome: 'none' };
  const newest = found.generation;
  let reason = '';
  for (let tried = 1; found.outcome === 'hit'; tried += 1) {
    const { generation, savedAt, bytes } = found;
    const brought = await bringInTwice(options, found);
    if (brought.outcome === 'restored') {
      const { manifest, dropped } = brought;
      const older = generation === newest ? [] : [olderNotice(generation, newest, reason)];
      return {
        outcome: 'restored',
        manifest,
        generation,
        newest,
        savedAt,
        bytes,
        notices: [...older, ...dropped],
      };
    }
    reason ||= brought.reason;
    if (tried === triedGenerations) break;
    found = await store.read(ref, { below: generation });
  }
  return { outcome: 'unusable', newest, reason };
}

/** Newest generation that the store holds, 0 for none: a fresh session is saved as the one after it. */
export async function newestGeneration(store: SessionStore, ref: SessionRef): Promise<number> {
  const found = await store.read(ref);
  if (found.outcome === 'miss') return 0;
  await found.archive.cancel();
  return found.generation;
}

type Brought =
  | { outcome: 'restored'; manifest: SessionManifest; dropped: string[] }
  | { outcome: 'damaged' | 'unusable'; reason: string };

/** Damage may have come about on the way from the store: then the same generation is read once more. */
async function bringInTwice(options: RestoreOptions, found: Hit): Promise<Brought> {
  const first = await bringIn(options, found);
  if (first.outcome !== 'damaged') return first;
  const again = await options.store.read(options.ref, { below: found.generation + 1 });
  if (again.outcome === 'miss') return first;
  if (again.generation === found.generation) return await bringIn(options, again);
  await again.archive.cancel();
  return first;
}

async function bringIn(options: RestoreOptions, { generation, archive }: Hit): Promise<Brought> {
  const { keys, ref, configDirectory, temporaryDirectory } = options;
  try {
    const opened = await openSealed(archive, keys, { ref, generation }, temporaryDirectory);
    if (opened.outcome === 'wrong-key') return { outcome: 'unusable', reason: wrongKey(opened.keyId) };
    if (opened.outcome === 'refused') return { outcome: 'damaged', reason: opened.reason };
    const unpacked = await unpack(opened.archive, { ref, generation }, configDirectory);
    if (unpacked.outcome === 'unusable') return unpacked;
    const repaired = await repair(configDirectory, unpacked.manifest.sessionId, { isVerified: true });
    if (repaired.outcome === 'broken') return { outcome: 'unusable', reason: repaired.reason };
    const dropped = repaired.outcome === 'repaired' ? repaired.dropped : [];
    const manifest = await withUsableCopy(unpacked.manifest, configDirectory);
    return { outcome: 'restored', manifest, dropped };
  } catch (cause) {
    // The store gave the archive out and could not bring it all: another generation may be whole.
    if (cause instanceof AppError) return { outcome: 'unusable', reason: cause.message };
    throw new AppError('session-unreadable', {
      message: `The session of ${ref.issueKey} could not be unpacked: ${messageOf(cause)}.`,
      hint: 'Check that the disk of the runner is writable and has space left.',
      cause,
    });
  }
}

/** A copy that is damaged is no copy; that costs money when it would have been taken up, and nothing else. */
async function withUsableCopy(manifest: SessionManifest, configDirectory: string): Promise<SessionManifest> {
  const { compacted } = manifest;
  if (compacted === undefined) return manifest;
  const repaired = await repair(configDirectory, compacted.sessionId, { isVerified: true });
  if (repaired.outcome !== 'broken') return manifest;
  await removeCopyFile(configDirectory, compacted.sessionId);
  return withoutCopy(manifest);
}

function wrongKey(keyId: string): string {
  return `it is sealed with the key ${keyId}, which the app does not have: an administrator puts the earlier key into DEXTER_SESSION_KEY_PREVIOUS`;
}

function olderNotice(generation: number, newest: number, reason: string): string {
  return `Generation ${newest} of the session could not be used (${reason.replace(/\.$/, '')}), so generation ${generation} was restored: what came after it is not in the conversation.`;
}
