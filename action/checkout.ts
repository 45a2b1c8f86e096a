import { lstat, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, hasCode, messageOf } from '../src/core/errors.ts';
import type { Target } from '../src/core/job.ts';
import { checkBranchName } from './branch-name.ts';
import { type Git, GitError, gitIn } from './git.ts';
import type { Remote, RemoteRefs } from './remote.ts';

/** Commits that could not be pushed are kept under this, by command id. */
export const unpushedRefs = 'refs/dexter/unpushed';

export interface Checkout {
  /** Absolute path of the working tree. */
  directory: string;
  git: Git;
  branch: string;
  /** Branch that a new pull request is opened against. */
  base: string;
  /** Commit that the run starts from. */
  start: string;
}

export interface CheckoutOptions {
  /** Absolute path, the same for every run of a session: the prompt cache only hits from the same one. */
  directory: string;
  target: Target;
  remote: Remote;
  env: Readonly<Record<string, string | undefined>>;
}

/**
 * A working tree that holds the branch as it is on the server, and nothing else. Only fetched objects and
 * unpushed commits outlive a run: what an earlier agent left in `.git` or in the tree does not.
 */
export async function prepareCheckout({
  directory,
  target,
  remote,
  env,
}: CheckoutOptions): Promise<Checkout> {
  const git = gitIn(directory, env);
  if (!(await isDirectory(directory))) await rm(directory, { force: true });
  await mkdir(directory, { recursive: true });
  await checkBranchName(target.branch, git);
  if (target.base !== '') await checkBranchName(target.base, git);

  const asked = [target.branch, target.base].filter((branch) => branch !== '');
  const refs = await orFailed('read', () => remote.list(asked));
  const { base, from } = startingPoint(target, refs);
  const fetched = await orFailed('fetched', async () => {
    const known = await renew(directory, git);
    return await remote.fetch([...new Set([from, ...(refs.branches.has(base) ? [base] : [])])], known);
  });
  const start = fetched.get(from) ?? '';
  await orFailed('checked out', async () => {
    for (const [branch, commit] of fetched)
      await git(['update-ref', `refs/remotes/origin/${branch}`, commit]);
    await git(['checkout', '--quiet', '--force', '-B', target.branch, start, '--']);
  });
  return { directory, git, branch: target.branch, base, start };
}

/** The branch itself when it exists; a new one starts from the base. */
function startingPoint(
  target: Target,
  { defaultBranch, branches }: RemoteRefs,
): { base: string; from: string } {
  const base = target.base === '' ? defaultBranch : target.base;
  if (base === undefined) {
    throw new AppError('checkout-failed', {
      message: 'The repository is empty.',
      hint: 'Push a first commit to its default branch, then try again.',
    });
  }
  if (target.branch === base) {
    throw new AppError('branch-unusable', {
      message: `Dexter does not push to ${base}, which pull requests are opened against.`,
      hint: 'Ask from a pull request whose branch is another one.',
    });
  }
  if (branches.has(target.branch)) return { base, from: target.branch };
  if (target.pullRequest !== undefined) throw branchGone(target.branch);
  if (!branches.has(base)) throw branchGone(base);
  return { base, from: base };
}

function branchGone(branch: string): AppError {
  return new AppError('branch-gone', {
    message: `The branch \`${branch}\` does not exist any more.`,
    hint: 'Restore it (GitHub offers this on the closed pull request), or ask again on the ticket for a new one.',
  });
}

/**
 * Makes a new repository around the objects of the old one. Answers with the commits that it holds.
 * The old `.git` may be damaged or worse: what cannot be read of it is left behind.
 */
async function renew(directory: string, git: Git): Promise<string[]> {
  const objects = join(directory, '.git', 'objects');
  const kept = `${directory}.objects`;
  const refs = await refsToKeep(git);
  if (!(await isDirectory(kept)) && (await isDirectory(objects))) await rename(objects, kept);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await git(['init', '--quiet', '--template=', '.']);
  if (!(await isDirectory(kept))) return [];

  await rm(join(kept, 'info'), { recursive: true, force: true });
  await rm(objects, { recursive: true });
  await rename(kept, objects);
  const whole: string[] = [];
  for (const { commit, name } of refs) {
    if (!(await isCommit(commit, git))) continue;
    whole.push(commit);
    if (name.startsWith(unpushedRefs)) await git(['update-ref', name, commit]);
  }
  return whole;
}

async function refsToKeep(git: Git): Promise<{ commit: string; name: string }[]> {
  try {
    const format = '--format=%(objectname) %(refname)';
    const listed = await git(['for-each-ref', format, 'refs/remotes/origin', unpushedRefs]);
    return listed.split('\n').flatMap((line) => {
      const [, commit, name] = /^([0-9a-f]{40,64}) (\S+)$/.exec(line) ?? [];
      return commit === undefined || name === undefined ? [] : [{ commit, name }];
    });
  } catch (error) {
    if (error instanceof GitError) return [];
    throw error;
  }
}

async function isCommit(commit: string, git: Git): Promise<boolean> {
  try {
    return (await git(['cat-file', '-t', commit])) === 'commit';
  } catch (error) {
    if (error instanceof GitError) return false;
    throw error;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    // Not followed: a link may lead anywhere.
    return (await lstat(path)).isDirectory();
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}

async function orFailed<T>(what: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    throw new AppError('checkout-failed', {
      message: `The repository could not be ${what}: ${messageOf(cause)}`,
      hint: 'Check that the repository exists, that Dexter is installed on it, and that the runner can reach the Git server and has disk space.',
      cause,
    });
  }
}
