import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { AppError, messageOf } from '../core/errors.ts';
import { formatSize } from '../core/size.ts';
import { diskUsage } from './disk-usage.ts';
import { lockOfMirror, lockOfWork } from './layout.ts';
import { borrowedMirrors, listWorkspace, mirrorUsedAt } from './list-workspace.ts';
import { acquireLock, type Lock } from './lock.ts';
import { type GarbageLimits, planGarbage, type Removal } from './plan-garbage.ts';
import { readRecord } from './record.ts';
import { removeTree, takeAway } from './remove-tree.ts';

export interface Collection {
  removed: Removal[];
  /** What was to go, and somebody has begun to use meanwhile. */
  skipped: Removal[];
  /** Those that could not be removed, with the reason. */
  failed: { removal: Removal; problem: string }[];
}

export interface CollectOptions {
  workspace: string;
  limits: GarbageLimits;
  now: Date;
}

/** Brings a workspace within its limits. What is in use stays, also when its use began a moment ago. */
export async function collectGarbage(options: CollectOptions): Promise<Collection> {
  return await removeAll(options.workspace, await previewGarbage(options));
}

/** What `collectGarbage` would remove. */
export async function previewGarbage({ workspace, limits, now }: CollectOptions): Promise<Removal[]> {
  // A run ends with this: only a limit on bytes is a reason to look at every file of every checkout.
  const sizes = limits.maxBytes !== undefined;
  const removals = planGarbage(await listWorkspace(workspace, now, { sizes }), limits, now);
  if (!sizes) for (const removal of removals) removal.bytes = await diskUsage(removal.path);
  return removals;
}

export interface TidyOptions extends CollectOptions {
  info(message: string): void;
  warn(message: string): void;
}

/** The clean-up at the end of a run: says what it did, and never fails. */
export async function tidyWorkspace({ info, warn, ...options }: TidyOptions): Promise<void> {
  try {
    const { removed, failed } = await collectGarbage(options);
    for (const { removal, problem } of failed) warn(`${removal.path} could not be removed: ${problem}`);
    for (const { path, ref } of removed.filter(({ unpushed }) => unpushed))
      warn(`The checkout of ${ref?.issueKey ?? path} was removed, with commits that could not be pushed.`);
    if (removed.length === 0) return;
    const bytes = removed.reduce((total, each) => total + each.bytes, 0);
    info(`Removed from the workspace: ${countKinds(removed)}, ${formatSize(bytes)} together.`);
  } catch (error) {
    warn(`The workspace ${options.workspace} could not be tidied up: ${messageOf(error)}`);
  }
}

/** Removes what was picked before, as far as nobody uses it now. */
export async function removeAll(workspace: string, removals: Removal[]): Promise<Collection> {
  const collection: Collection = { removed: [], skipped: [], failed: [] };
  for (const removal of removals) {
    try {
      const isGone = await remove(workspace, removal);
      (isGone ? collection.removed : collection.skipped).push(removal);
    } catch (error) {
      if (error instanceof AppError && error.code === 'session-conflict') collection.skipped.push(removal);
      else collection.failed.push({ removal, problem: messageOf(error) });
    }
  }
  return collection;
}

/** `2 checkouts, 1 mirror`. */
function countKinds(removals: Removal[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of removals) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${count} ${kind}${count === 1 ? '' : 's'}`).join(', ');
}

/** False when it is not garbage any more. */
async function remove(workspace: string, removal: Removal): Promise<boolean> {
  switch (removal.kind) {
    case 'leftover':
      await removeTree(removal.path);
      return true;
    case 'checkout':
      return await removeCheckout(removal);
    case 'mirror':
      return await removeMirror(workspace, removal);
  }
}

/** The lock goes with the directory: who waits for it then makes a directory of its own. */
async function removeCheckout({ path, usedAt }: Removal): Promise<boolean> {
  if (!(await isThere(path))) return false;
  await using _ = await lock(lockOfWork(path));
  const record = await readRecord(path);
  if (record !== undefined && new Date(record.usedAt) > usedAt) return false;
  return await takeAway(path);
}

/** A run names what it will borrow from before it takes the mirror's lock, so whoever has the lock can know. */
async function removeMirror(workspace: string, { path, usedAt }: Removal): Promise<boolean> {
  if (!(await isThere(path))) return false;
  await using _ = await lock(lockOfMirror(path));
  if ((await borrowedMirrors(workspace)).has(basename(path))) return false;
  if ((await mirrorUsedAt(path)) > usedAt) return false;
  return await takeAway(path);
}

function lock(path: string): Promise<Lock> {
  return acquireLock(path, 'it', { waitMs: 0 });
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
