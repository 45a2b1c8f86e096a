import { type Git, GitError } from './git.ts';

/** Git does not answer for ever, however long a history is. */
export const limits = { timeLimitMs: 60_000 };

/** Files that differ between two commits, renamed ones under both names; all of them for a first commit. */
export async function changedFiles(git: Git, from: string | undefined, to: string): Promise<string[]> {
  const flags = ['-r', '-z', '--name-only', '--no-commit-id', '--no-ext-diff', '--no-renames'];
  const ends = from === undefined ? ['--root', to] : [from, to];
  const listed = await git(['diff-tree', ...flags, ...ends, '--'], limits);
  return listed.split('\0').filter((path) => path !== '');
}

export async function countOf(git: Git, range: string): Promise<number> {
  return Number(await git(['rev-list', '--count', range, '--'], limits));
}

export async function isAncestor(git: Git, older: string, newer: string): Promise<boolean> {
  return (await orNot(git(['merge-base', '--is-ancestor', older, newer], limits))) !== undefined;
}

/** Undefined when two commits have no history in common, or one of them is not here. */
export async function mergeBase(git: Git, one: string, other: string): Promise<string | undefined> {
  return lines((await orNot(git(['merge-base', one, other], limits))) ?? '')[0];
}

/** The commit that a name stands for, when all of it is here. */
export async function resolved(git: Git, name: string): Promise<string | undefined> {
  return orNot(git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`], limits));
}

async function orNot(command: Promise<string>): Promise<string | undefined> {
  try {
    return await command;
  } catch (error) {
    if (error instanceof GitError) return undefined;
    throw error;
  }
}

export function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** The manifest may be of another repository's making: nothing else than a whole hash reaches git. */
export function isCommitName(name: string | null | undefined): name is string {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(name ?? '');
}
