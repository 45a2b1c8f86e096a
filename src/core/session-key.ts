import { createHash, hkdfSync, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { SessionRef } from './session.ts';

const prefix = 'dxk1_';
const keyBytes = 32;

/** The master key that all sessions of an app are sealed under: `dxk1_` and 32 random bytes, base64url. */
export const SessionMasterKey = z
  .string()
  .trim()
  .regex(/^dxk1_[A-Za-z0-9_-]{43}$/, 'a key that `dexter key new` made')
  .brand('SessionMasterKey');
export type SessionMasterKey = z.infer<typeof SessionMasterKey>;

/** Earlier master keys as a variable holds them: separated by commas, newest first. */
export const PreviousMasterKeys = z
  .string()
  .transform((text) => text.split(',').filter((key) => key.trim() !== ''))
  .pipe(z.array(SessionMasterKey).max(8, 'at most 8 keys'));

export function newMasterKey(): SessionMasterKey {
  return SessionMasterKey.parse(prefix + randomBytes(keyBytes).toString('base64url'));
}

/** The key of one session. Who has it can read this session, not another one of the same repository. */
export const SealingKey = z.object({
  /** First 16 hex digits of a hash of the key: tells an archive of another key from a damaged one. */
  id: z.string().regex(/^[0-9a-f]{16}$/),
  /** 32 bytes, base64. */
  key: z.string().regex(/^[A-Za-z0-9+/]{43}=$/),
});
export type SealingKey = z.infer<typeof SealingKey>;

/** What a run seals with, and everything that it may open. */
export const SessionKeys = z.object({ current: SealingKey, previous: z.array(SealingKey).max(8) });
export type SessionKeys = z.infer<typeof SessionKeys>;

export interface MasterKeys {
  current: SessionMasterKey;
  /** Keys that were replaced, newest first; archives under them can still be opened. */
  previous: SessionMasterKey[];
}

/** The keys of a session: HKDF-SHA256 of the master key per repository, and of that per issue. */
export function sessionKeys(master: MasterKeys, ref: SessionRef): SessionKeys {
  return {
    current: sealingKey(master.current, ref),
    previous: master.previous.map((key) => sealingKey(key, ref)),
  };
}

function sealingKey(
  master: SessionMasterKey,
  { installationId, repositoryId, issueKey }: SessionRef,
): SealingKey {
  const repositoryKey = derive(
    Buffer.from(master.slice(prefix.length), 'base64url'),
    `dexter repository ${installationId} ${repositoryId}`,
  );
  const key = derive(repositoryKey, `dexter session ${issueKey}`);
  const id = createHash('sha256').update('dexter key id').update(key).digest('hex').slice(0, 16);
  return { id, key: key.toString('base64') };
}

/** The key under which `purpose` has its own secret, from a session's key. */
export function deriveFrom(key: SealingKey, purpose: string): Buffer {
  return derive(Buffer.from(key.key, 'base64'), purpose);
}

function derive(key: Uint8Array, info: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', info, keyBytes));
}
