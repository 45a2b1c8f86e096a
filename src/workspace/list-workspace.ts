import { lstat, readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError, hasCode, messageOf } from '../core/errors.ts';
import type { SessionRef } from '../core/session.ts';
import { savedSessions } from '../stores/workspace.ts';
import { diskUsage } from './disk-usage.ts';
import {
  checkoutOf,
  folders,
  lockOfMirror,
  lockOfWork,
  makingPrefix,
  mirrorName,
  mirrorNamePattern,
  removingPrefix,
  workNamePattern,
} from './layout.ts';
import { isHeld } from './lock.ts';
import { readRecord } from './record.ts';

/** The directory of one session. */
export interface WorkspaceCheckout {
  path: string;
  /** Undefined when the directory does not say whose it is. */
  ref: SessionRef | undefined;
  /** `owner/name`, when it is known. */
  repository: string | undefined;
  usedAt: Date;
  bytes: number;
  inUse: boolean;
  /** Whether there are commits that could not be pushed. */
  unpushed: boolean;
  /** Names of the mirrors that it borrows from, or is about to. */
  borrows: string[];
}

export interface WorkspaceMirror {
  path: string;
  usedAt: Date;
  bytes: number;
  inUse: boolean;
}

/** All that is saved of one session. */
export interface WorkspaceArchive {
  path: string;
  bytes: number;
}

/** What a process left that died. */
export interface WorkspaceLeftover {
  path: string;
  changedAt: Date;
  bytes: number;
}

export interface WorkspaceContents {
  checkouts: WorkspaceCheckout[];
  mirrors: WorkspaceMirror[];
  archives: WorkspaceArchive[];
  leftovers: WorkspaceLeftover[];
}

const lockOrTemporary = /\.lock\.[0-9a-f-]{36}$/;
/** Of a repository with very many branches; more than this of refs is nothing that git wrote. */
const longestFile = 64_000_000;

/** Bytes of a path on the disk. */
type Measure = (path: string) => Promise<number>;

/**
 * All that is in a workspace; empty when there is none. It may change while it is looked at. To measure it
 * means to look at every file; without `sizes` each is said to have 0 bytes.
 */
export async function listWorkspace(
  workspace: string,
  now = new Date(),
  options: { sizes?: boolean } = {},
): Promise<WorkspaceContents> {
  try {
    return await contentsOf(workspace, now, options);
  } catch (cause) {
    throw new AppError('session-unreadable', {
      message: `The workspace ${workspace} could not be looked at: ${messageOf(cause)}.`,
      hint: 'Check that it is a directory, and that this user may read all of it.',
      cause,
    });
  }
}

async function contentsOf(
  workspace: string,
  now: Date,
  { sizes = true }: { sizes?: boolean },
): Promise<WorkspaceContents> {
  const contents: WorkspaceContents = { checkouts: [], mirrors: [], archives: [], leftovers: [] };
  // A file with several names counts once.
  const seen = new Set<string>();
  const measure: Measure = async (path) => (sizes ? await diskUsage(path, seen) : 0);
  const leftover = async (path: string) => {
    const stats = await lstat(path).catch(() => undefined);
    if (stats === undefined) return;
    contents.leftovers.push({ path, changedAt: stats.mtime, bytes: await measure(path) });
  };

  for (const path of await pathsIn(join(workspace, folders.mirrors))) {
    if (mirrorNamePattern.test(basename(path))) contents.mirrors.push(await mirrorAt(path, measure));
    else if (isLeftover(path)) await leftover(path);
  }
  for (const path of await pathsIn(join(workspace, folders.work))) {
    if (workNamePattern.test(basename(path))) contents.checkouts.push(await checkoutAt(path, measure));
    else if (isLeftover(path)) await leftover(path);
  }
  for await (const { path, abandoned } of savedSessions(workspace, now)) {
    if (isLeftover(path)) {
      await leftover(path);
      continue;
    }
    for (const each of abandoned) await leftover(each);
    contents.archives.push({ path, bytes: await measure(path) });
  }
  return contents;
}

/** Names of the mirrors that any session borrows from, or is about to. */
export async function borrowedMirrors(workspace: string): Promise<Set<string>> {
  const paths = await pathsIn(join(workspace, folders.work));
  const lists = paths.filter((path) => workNamePattern.test(basename(path))).map(borrowsOf);
  return new Set((await Promise.all(lists)).flat());
}

async function checkoutAt(path: string, measure: Measure): Promise<WorkspaceCheckout> {
  const record = await readRecord(path);
  return {
    path,
    ref: record?.ref,
    repository: record?.repository,
    usedAt: record === undefined ? await changedAt(path) : new Date(record.usedAt),
    bytes: await measure(path),
    inUse: await isHeld(lockOfWork(path)),
    unpushed: await hasUnpushed(path),
    borrows: await borrowsOf(path),
  };
}

async function mirrorAt(path: string, measure: Measure): Promise<WorkspaceMirror> {
  return {
    path,
    usedAt: await mirrorUsedAt(path),
    bytes: await measure(path),
    inUse: await isHeld(lockOfMirror(path)),
  };
}

/** A fetch that leaves a mirror writes down what is in it. */
export async function mirrorUsedAt(path: string): Promise<Date> {
  const stats = await lstat(join(path, 'packs')).catch(() => undefined);
  return stats?.mtime ?? (await changedAt(path));
}

async function changedAt(path: string): Promise<Date> {
  return (await lstat(path).catch(() => undefined))?.mtime ?? new Date(0);
}

function isLeftover(path: string): boolean {
  const name = basename(path);
  return name.startsWith(removingPrefix) || name.startsWith(makingPrefix) || lockOrTemporary.test(name);
}

/** The record says it before the checkout is there; the checkout says it when the record is gone. */
async function borrowsOf(path: string): Promise<string[]> {
  const record = await readRecord(path);
  const said = await readSmall(join(checkoutOf(path), '.git/objects/info/alternates'));
  const borrowed = said.split('\n').flatMap((line) => {
    const mirror = line.endsWith('/objects') ? basename(dirname(line)) : '';
    return mirrorNamePattern.test(mirror) ? [mirror] : [];
  });
  return [...new Set([...(record === undefined ? [] : [mirrorName(record.ref)]), ...borrowed])];
}

/** Looked up without git, which would believe what the agent wrote beside the refs. */
async function hasUnpushed(path: string): Promise<boolean> {
  const refs = 'refs/dexter/unpushed';
  if ((await pathsIn(join(checkoutOf(path), '.git', refs))).length > 0) return true;
  // What a renewal that was killed had put aside, and what git has packed.
  const texts = [join(checkoutOf(path), '.git/packed-refs'), join(path, 'checkout.kept/refs')].map(readSmall);
  return (await Promise.all(texts)).some((text) => text.includes(` ${refs}/`));
}

async function readSmall(path: string): Promise<string> {
  const stats = await lstat(path).catch(() => undefined);
  if (!stats?.isFile() || stats.size > longestFile) return '';
  return await readFile(path, 'utf8').catch(() => '');
}

async function pathsIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).map((name) => join(directory, name));
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}
