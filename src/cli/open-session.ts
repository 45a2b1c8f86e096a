import { join } from 'node:path';
import type { SessionManifest, SessionRef } from '../core/session.ts';
import { type MasterKeys, sessionKeys } from '../core/session-key.ts';
import { openSealed } from '../sessions/seal.ts';
import { unpack } from '../sessions/unpack.ts';
import type { SessionStore } from '../stores/session-store.ts';

type OpenedSession =
  | {
      outcome: 'opened';
      manifest: SessionManifest;
      keyId: string;
      savedAt: Date;
      bytes: number;
      /** What would be the CLI's configuration directory. */
      configDirectory: string;
    }
  /** No such session, or not any more. */
  | { outcome: 'gone' }
  | { outcome: 'wrong-key'; generation: number; keyId: string }
  | { outcome: 'damaged'; generation: number; reason: string };

/**
 * Brings the newest generation of a session into `directory` and checks all of it on the way: that it is
 * this session's, whole, and nothing but files that a session may have.
 */
export async function openSession(
  store: SessionStore,
  keys: MasterKeys,
  ref: SessionRef,
  directory: string,
): Promise<OpenedSession> {
  const found = await store.read(ref);
  if (found.outcome === 'miss') return { outcome: 'gone' };
  const { generation, savedAt, bytes } = found;
  const opened = await openSealed(found.archive, sessionKeys(keys, ref), { ref, generation }, directory);
  if (opened.outcome === 'wrong-key') return { ...opened, generation };
  if (opened.outcome === 'refused') return { outcome: 'damaged', generation, reason: opened.reason };
  const configDirectory = join(directory, 'config');
  const unpacked = await unpack(opened.archive, { ref, generation }, configDirectory);
  if (unpacked.outcome === 'unusable') return { outcome: 'damaged', generation, reason: unpacked.reason };
  const { manifest } = unpacked;
  return { outcome: 'opened', manifest, keyId: opened.keyId, savedAt, bytes, configDirectory };
}
