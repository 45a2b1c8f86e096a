import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { SessionRef } from '../core/session.ts';

/**
 * What a runner keeps on its disk:
 *
 * - `work/<24 hex>/` is one session's own: `attachments`, `checkout`, `config`, `context`, `home`, `mcp`, `tmp`, `lock`, `workspace.json`;
 * - `mirrors/<installation>-<repository>.git` is the history that all sessions of a repository borrow;
 * - `sessions/` is the workspace store's (src/stores/workspace.ts);
 * - `usage.json` says what all this took when it was measured last (src/workspace/workspace-use.ts);
 * - `session-key` is the key that runs without the app seal with when they are given none (src/sessions/master-keys.ts).
 *
 * What is being removed is renamed to `.removing-<uuid>` first, so that nobody meets half of it.
 */
export const folders = { work: 'work', mirrors: 'mirrors' } as const;

export const workNamePattern = /^[0-9a-f]{24}$/;
export const mirrorNamePattern = /^\d+-\d+\.git$/;
export const removingPrefix = '.removing-';
export const makingPrefix = '.making-';

/** Name of a session's directory: of a fixed length, so that no key can leave the folder or begin another one. */
export function workName({ installationId, repositoryId, issueKey }: SessionRef): string {
  return createHash('sha256')
    .update(`${installationId}/${repositoryId}/${issueKey}`)
    .digest('hex')
    .slice(0, 24);
}

export function workPath(workspace: string, ref: SessionRef): string {
  return join(workspace, folders.work, workName(ref));
}

export function mirrorName({ installationId, repositoryId }: SessionRef): string {
  return `${installationId}-${repositoryId}.git`;
}

export function mirrorPath(workspace: string, ref: SessionRef): string {
  return join(workspace, folders.mirrors, mirrorName(ref));
}

/** The lock of a session's directory lies in it; that of a mirror beside it, because git looks into a mirror. */
export const lockOfWork = (path: string) => join(path, 'lock');
export const lockOfMirror = (path: string) => `${path}.lock`;
export const checkoutOf = (path: string) => join(path, 'checkout');
