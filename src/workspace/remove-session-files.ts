import { stat } from 'node:fs/promises';
import type { SessionRef } from '../core/session.ts';
import { workPath } from './layout.ts';
import { lockSession } from './lock-session.ts';
import { takeAway } from './remove-tree.ts';

/**
 * Removes the directory of a session, its checkout with what was not pushed included; what was saved of it is
 * the store's. False when there was none. Throws AppError `session-conflict` while a run uses it.
 */
export async function removeSessionFiles(
  workspace: string,
  ref: SessionRef,
  waitMs?: number,
): Promise<boolean> {
  const path = workPath(workspace, ref);
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (!isThere) return false;
  // The lock goes with the directory: who waits for it then makes a directory of its own.
  await using _ = await lockSession(workspace, ref, waitMs === undefined ? {} : { waitMs });
  return await takeAway(path);
}
