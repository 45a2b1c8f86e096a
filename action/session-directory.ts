import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SessionRef } from '../src/core/session.ts';
import { acquireLock } from './lock.ts';

/** What one session has on the runner. All paths are absolute and stay the same from run to run. */
export interface SessionDirectory {
  root: string;
  checkout: string;
  /** `CLAUDE_CONFIG_DIR`; holds what was restored, and after the run what is saved. */
  config: string;
  home: string;
  temporary: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens the directory of a session for this process alone; two CLIs in one session would mix their turns.
 * Everything but the checkout begins empty and is removed at the end. With `keep`, what a run that died left
 * there is still there.
 */
export async function openSessionDirectory(
  workspace: string,
  ref: SessionRef,
  { keep = false } = {},
): Promise<SessionDirectory> {
  const root = join(workspace, 'work', directoryKey(ref));
  await mkdir(root, { recursive: true, mode: 0o700 });
  const lock = await acquireLock(join(root, 'lock'), `the session of ${ref.issueKey}`);
  const passing = { config: join(root, 'config'), home: join(root, 'home'), temporary: join(root, 'tmp') };
  if (!keep) await removeAll(passing);
  for (const path of Object.values(passing)) await mkdir(path, { recursive: true, mode: 0o700 });
  return {
    root,
    checkout: join(root, 'checkout'),
    ...passing,
    async [Symbol.asyncDispose]() {
      await removeAll(passing);
      await lock.release();
    },
  };
}

async function removeAll(paths: Record<string, string>): Promise<void> {
  for (const path of Object.values(paths)) await rm(path, { recursive: true, force: true });
}

function directoryKey({ installationId, repositoryId, issueKey }: SessionRef): string {
  return createHash('sha256')
    .update(`${installationId}/${repositoryId}/${issueKey}`)
    .digest('hex')
    .slice(0, 24);
}
