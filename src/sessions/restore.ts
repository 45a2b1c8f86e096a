import { AppError, messageOf } from '../core/errors.ts';
import type { SessionManifest, SessionRef } from '../core/session.ts';
import type { SessionStore } from '../stores/session-store.ts';
import { unpack } from './unpack.ts';

export type RestoreResult =
  | { outcome: 'restored'; manifest: SessionManifest; generation: number; savedAt: Date; bytes: number }
  | { outcome: 'none' }
  /** There is a generation, and it cannot be used. */
  | { outcome: 'unusable'; generation: number; reason: string };

/** Brings the newest generation of a session into `configDirectory`, which it replaces. */
export async function restore(
  store: SessionStore,
  ref: SessionRef,
  configDirectory: string,
): Promise<RestoreResult> {
  const found = await store.read(ref);
  if (found.outcome === 'miss') return { outcome: 'none' };
  const { generation, savedAt, bytes, archive } = found;
  try {
    const unpacked = await unpack(archive, { ref, generation }, configDirectory);
    if (unpacked.outcome === 'unusable') return { ...unpacked, generation };
    return { outcome: 'restored', manifest: unpacked.manifest, generation, savedAt, bytes };
  } catch (cause) {
    throw new AppError('session-unreadable', {
      message: `The session of ${ref.issueKey} could not be unpacked: ${messageOf(cause)}.`,
      hint: 'Check that the disk of the runner is writable and has space left.',
      cause,
    });
  }
}

/** Newest generation that the store holds, 0 for none: a fresh session is saved as the one after it. */
export async function newestGeneration(store: SessionStore, ref: SessionRef): Promise<number> {
  const found = await store.read(ref);
  if (found.outcome === 'miss') return 0;
  await found.archive.cancel();
  return found.generation;
}
