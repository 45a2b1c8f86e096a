import type { SessionRef } from '../core/session.ts';
import { lockOfWork, workPath } from './layout.ts';
import { acquireLock, type Lock, type LockOptions } from './lock.ts';

/** Takes the directory of a session for this process, and makes it when it is missing. Throws `session-conflict`. */
export function lockSession(workspace: string, ref: SessionRef, options: LockOptions = {}): Promise<Lock> {
  return acquireLock(lockOfWork(workPath(workspace, ref)), `the session of ${ref.issueKey}`, options);
}
