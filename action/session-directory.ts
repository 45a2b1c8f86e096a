import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SessionRef } from '../src/core/session.ts';
import { checkoutOf, mirrorPath, workPath } from '../src/workspace/layout.ts';
import { lockSession } from '../src/workspace/lock-session.ts';
import { readRecord, writeRecord } from '../src/workspace/record.ts';
import { removeTree } from '../src/workspace/remove-tree.ts';

/** What one session has on the runner. All paths are absolute and stay the same from run to run. */
export interface SessionDirectory {
  root: string;
  checkout: string;
  /** Mirror of the repository, which all its sessions share; not made yet. */
  mirror: string;
  /** `CLAUDE_CONFIG_DIR`; holds what was restored, and after the run what is saved. */
  config: string;
  home: string;
  temporary: string;
  /** Files about the ticket for the engine to read. */
  context: string;
  /** The ticket's attachments, which outlive the run; made when there are any. */
  attachments: string;
  /** What the MCP servers of the run are given, and what they leave. */
  mcp: string;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface OpenOptions {
  /** What a run that died left in the passing directories stays. */
  keep?: boolean;
  /** `owner/name`, for whoever looks at the workspace; as it was before when it is not given. */
  repository?: string;
}

/**
 * Opens the directory of a session for this process alone; two CLIs in one session would mix their turns.
 * Everything but the checkout and the attachments begins
 * empty and is removed at the end. Throws AppError `session-conflict`.
 */
export async function openSessionDirectory(
  workspace: string,
  ref: SessionRef,
  { keep = false, repository }: OpenOptions = {},
): Promise<SessionDirectory> {
  const root = workPath(workspace, ref);
  const lock = await lockSession(workspace, ref);
  const passing = {
    config: join(root, 'config'),
    home: join(root, 'home'),
    temporary: join(root, 'tmp'),
    context: join(root, 'context'),
    mcp: join(root, 'mcp'),
  };
  const used = async () => {
    const name = repository ?? (await readRecord(root))?.repository;
    const usedAt = new Date().toISOString();
    await writeRecord(root, { ref, usedAt, ...(name === undefined ? {} : { repository: name }) });
  };
  try {
    await used();
    await removeStrays(root);
    if (!keep) await removeAll(passing);
    for (const path of Object.values(passing)) await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    await lock.release();
    throw error;
  }
  return {
    root,
    checkout: checkoutOf(root),
    mirror: mirrorPath(workspace, ref),
    attachments: join(root, 'attachments'),
    ...passing,
    async [Symbol.asyncDispose]() {
      try {
        await removeAll(passing);
        await used();
      } finally {
        await lock.release();
      }
    },
  };
}

const known =
  /^(?:attachments|checkout|checkout\.kept|config|context|home|mcp|tmp|workspace\.json|lock|lock\..+)$/;

/** What a run that died had in the making, and what an agent put beside its checkout. */
async function removeStrays(root: string): Promise<void> {
  for (const name of await readdir(root)) if (!known.test(name)) await removeTree(join(root, name));
}

async function removeAll(paths: Record<string, string>): Promise<void> {
  for (const path of Object.values(paths)) await removeTree(path);
}
