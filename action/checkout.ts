import { mkdir } from 'node:fs/promises';
import { isDiskFull, isDiskProblem } from '../src/core/disk-problem.ts';
import { AppError, messageOf } from '../src/core/errors.ts';
import type { Target } from '../src/core/job.ts';
import { removeTree } from '../src/workspace/remove-tree.ts';
import { checkBranchName } from './branch-name.ts';
import { type Git, gitIn, isUnreachable } from './git.ts';
import { isDirectory } from './is-directory.ts';
import { keepTree, makeTree } from './keep-tree.ts';
import { fetchIntoMirror, type MirrorOptions, objectsOf } from './mirror.ts';
import type { Remote, RemoteRefs } from './remote.ts';
import { renewBorrowing, renewWhole } from './renew-repository.ts';

export { unpushedRefs } from './renew-repository.ts';

export interface Checkout {
  /** Absolute path of the working tree. */
  directory: string;
  git: Git;
  branch: string;
  /** Branch that a new pull request is opened against. */
  base: string;
  /** Newest commit of that branch; undefined when there is no such branch. */
  baseCommit: string | undefined;
  /** Commit that the run starts from. */
  start: string;
  /** Absolute path of the object store that the checkout borrows its history from; its own when undefined. */
  mirror?: string | undefined;
}

export interface CheckoutOptions {
  /** Absolute path, the same for every run of a session: the prompt cache only hits from the same one. */
  directory: string;
  target: Target;
  remote: Remote;
  env: Readonly<Record<string, string | undefined>>;
  /** Mirror of the repository to borrow the history from; without one the checkout has its own. */
  mirror?: MirrorOptions;
  /** Keeps what git ignores from the run before, true by default. */
  keepIgnored?: boolean;
}

/**
 * A working tree that holds the branch as it is on the server. Of an earlier run, only unpushed commits outlive
 * this, what was fetched, and what git ignores (see keep-tree.ts); `.git` is a new one each time, because the
 * agent owned the old one.
 */
export async function prepareCheckout(options: CheckoutOptions): Promise<Checkout> {
  const { directory, target, remote, env } = options;
  const git = gitIn(directory, env);
  if (!(await isDirectory(directory))) await removeTree(directory);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await checkBranchName(target.branch, git);
  if (target.base !== '') await checkBranchName(target.base, git);

  const asked = [target.branch, target.base].filter((branch) => branch !== '');
  const refs = await orFailed('read', () => remote.list(asked));
  const { base, from } = startingPoint(target, refs);
  const wanted = new Map([from, base].flatMap((name) => entryOf(refs.branches, name)));
  const { fetched, mirror } = await orFailed('fetched', () => fromFirstSource(options, git, wanted, from));
  const start = fetched.get(from) ?? '';
  return { directory, git, branch: target.branch, base, baseCommit: fetched.get(base), start, mirror };
}

interface Fetched {
  fetched: Map<string, string>;
  mirror: string | undefined;
}

/** Where the history can come from. Each next one costs more, and depends on less that may be damaged. */
type Source = 'mirror' | 'mirror made anew' | 'own objects' | 'own objects made anew';

const following: Record<Source, Source | undefined> = {
  mirror: 'mirror made anew',
  'mirror made anew': 'own objects',
  'own objects': 'own objects made anew',
  'own objects made anew': undefined,
};

async function fromFirstSource(
  options: CheckoutOptions,
  git: Git,
  wanted: ReadonlyMap<string, string>,
  from: string,
): Promise<Fetched> {
  let source: Source = options.mirror === undefined ? 'own objects' : 'mirror';
  for (;;) {
    let isBrought = false;
    try {
      const found = await bringFrom(source, options, git, wanted);
      isBrought = true;
      await checkOut(options, git, found.fetched, from);
      return found;
    } catch (error) {
      const next: Source | undefined = options.mirror?.signal.aborted
        ? undefined
        : sourceAfter(source, error, isBrought);
      if (next === undefined) throw error;
      options.mirror?.warn(insteadOf(source, next, error));
      source = next;
    }
  }
}

/**
 * What may help after an error; undefined when what lies here is not to blame for it: the server does not
 * answer, the disk is full, or git refuses to write a tree whose objects were fetched a moment ago.
 */
function sourceAfter(source: Source, error: unknown, isBrought: boolean): Source | undefined {
  if (isUnreachable(error) || isDiskFull(error)) return undefined;
  // A place on the disk that fails may be the mirror's alone; what this issue keeps is not given up for it.
  if (isDiskProblem(error)) return source.startsWith('mirror') ? 'own objects' : undefined;
  if (isBrought && source.endsWith('made anew')) return undefined;
  // Another run has held the mirror for as long as anybody waits: it is not waited for twice.
  if (error instanceof AppError && error.code === 'session-conflict') return 'own objects';
  return following[source];
}

async function bringFrom(
  source: Source,
  { directory, remote, env, mirror }: CheckoutOptions,
  git: Git,
  wanted: ReadonlyMap<string, string>,
): Promise<Fetched> {
  if (mirror !== undefined && source.startsWith('mirror')) {
    const anew = source === 'mirror made anew';
    const fetched = await fetchIntoMirror(mirror, { remote, wanted, anew, env });
    const objects = objectsOf(mirror.directory);
    await renewBorrowing(directory, git, objects, fetched);
    return { fetched, mirror: objects };
  }
  const branches = [...wanted.keys()];
  const fetched = await renewWhole(directory, git, source === 'own objects', (known) =>
    remote.fetch(branches, known),
  );
  return { fetched, mirror: undefined };
}

async function checkOut(
  { directory, target, keepIgnored = true, mirror }: CheckoutOptions,
  git: Git,
  fetched: ReadonlyMap<string, string>,
  from: string,
): Promise<void> {
  for (const [branch, commit] of fetched) await git(['update-ref', `refs/remotes/origin/${branch}`, commit]);
  const tree = { directory, git, branch: target.branch, start: fetched.get(from) ?? '' };
  if (!keepIgnored) return await makeTree(tree);
  try {
    await keepTree(tree);
  } catch (error) {
    mirror?.warn(`Nothing of the earlier checkout was kept: ${messageOf(error)}`);
    await makeTree(tree);
  }
}

function insteadOf(source: Source, next: Source, error: unknown): string {
  const instead = {
    mirror: '',
    'mirror made anew': 'It is made anew.',
    'own objects': 'This run fetches a history of its own.',
    'own objects made anew':
      'Everything is fetched anew; commits that were not pushed are kept as far as they are whole.',
  }[next];
  const what = source.startsWith('mirror') ? 'The mirror of the repository' : 'What this issue had fetched';
  return `${what} could not be used: ${messageOf(error)}. ${instead}`;
}

function entryOf(branches: ReadonlyMap<string, string>, name: string): [string, string][] {
  const commit = branches.get(name);
  return commit === undefined ? [] : [[name, commit]];
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
