import type { BaseNews, BranchCommit, BranchNews, BranchSoFar } from '../src/context/branch-news.ts';
import type { SessionManifest } from '../src/core/session.ts';
import type { Git } from './git.ts';
import {
  changedFiles,
  countOf,
  isAncestor,
  isCommitName,
  limits,
  lines,
  mergeBase,
  resolved,
} from './history.ts';

export interface BranchNewsOptions {
  /** Git in the checkout, before the agent has had it. */
  git: Git;
  /** Branch that the work goes into. */
  base: string;
  /** Commit that the run starts from. */
  start: string;
  /** What the restored conversation knows. */
  since: Pick<SessionManifest, 'headCommit' | 'baseBranchCommit'>;
  /** Address that Dexter commits under. */
  ownEmail: string;
}

const mostCommits = 20;
const mostFiles = 10;
const mostBoth = 30;

/**
 * What happened to the branch and its base since the conversation was saved, from the checkout alone. Undefined when
 * the manifest does not say where it ended, or nothing happened.
 */
export async function branchNews(options: BranchNewsOptions): Promise<BranchNews | undefined> {
  const { git, start, since } = options;
  const then = since.headCommit;
  if (!isCommitName(then)) return undefined;
  const baseCommit = await resolved(git, `refs/remotes/origin/${options.base}`);
  const base = baseCommit && (await baseNews(options, then, baseCommit));
  const moved = base && base.commits > 0 ? { base } : {};
  if (then === start) {
    return base && base.commits > 0
      ? { since: then, holdsSince: 'yes', commits: [], moreCommits: 0, ...moved }
      : undefined;
  }
  const holdsSince = await holds(git, start, then);
  const shas = await newCommits(git, { then, start, baseCommit, holdsSince });
  const commits = await described(git, shas.slice(0, mostCommits), options.ownEmail);
  return {
    since: then,
    holdsSince,
    commits,
    moreCommits: Math.max(0, shas.length - mostCommits),
    ...moved,
  };
}

/** What the branch holds beyond its base, for a conversation that begins: undefined when that is nothing. */
export async function branchSoFar({
  git,
  base,
  start,
  ownEmail,
}: Omit<BranchNewsOptions, 'since'>): Promise<BranchSoFar | undefined> {
  const baseCommit = await resolved(git, `refs/remotes/origin/${base}`);
  if (baseCommit === undefined) return undefined;
  const shas = lines(await git(['rev-list', start, `^${baseCommit}`, '--'], limits));
  if (shas.length === 0) return undefined;
  return {
    base,
    commits: await described(git, shas.slice(0, mostCommits), ownEmail),
    moreCommits: Math.max(0, shas.length - mostCommits),
  };
}

async function holds(git: Git, start: string, then: string): Promise<BranchNews['holdsSince']> {
  if ((await resolved(git, then)) === undefined) return 'unknown';
  return (await isAncestor(git, then, start)) ? 'yes' : 'no';
}

/** Newest first, without what the base has. A commit that was only moved by a rebase is no news. */
async function newCommits(
  git: Git,
  given: {
    then: string;
    start: string;
    baseCommit: string | undefined;
    holdsSince: BranchNews['holdsSince'];
  },
): Promise<string[]> {
  const { then, start, baseCommit, holdsSince } = given;
  const range = {
    yes: [`${then}..${start}`],
    no: ['--cherry-pick', '--right-only', `${then}...${start}`],
    unknown: [start],
  }[holdsSince];
  const notOfBase = baseCommit === undefined ? [] : [`^${baseCommit}`];
  return lines(await git(['rev-list', ...range, ...notOfBase, '--'], limits));
}

/** What one request of the commits says, and one for the files of each: a subject may look like anything. */
async function described(git: Git, shas: string[], ownEmail: string): Promise<BranchCommit[]> {
  if (shas.length === 0) return [];
  const format = '--format=%H%x00%P%x00%an%x00%ae%x00%aI%x00%s%x00';
  const shown = await git(['log', '--no-walk=unsorted', '--stdin', format], {
    ...limits,
    input: `${shas.join('\n')}\n`,
  });
  const fields = shown.split('\0');
  const commits: BranchCommit[] = [];
  for (let at = 0; at + 5 < fields.length; at += 6) {
    const [sha = '', parents = '', author = '', email = '', time = '', subject = ''] = fields.slice(
      at,
      at + 6,
    );
    const name = sha.trim();
    const [parent] = parents.split(' ').filter((one) => one !== '');
    const files = await changedFiles(git, parent, name);
    commits.push({
      sha: name,
      author,
      at: time,
      subject,
      byDexter: email === ownEmail,
      files: files.slice(0, mostFiles),
      moreFiles: Math.max(0, files.length - mostFiles),
    });
  }
  return commits;
}

/** How the base moved since the conversation was saved; since the branch left it, where that was not noted. */
async function baseNews(
  { git, base, start, since }: BranchNewsOptions,
  then: string,
  now: string,
): Promise<BaseNews | undefined> {
  const noted = isCommitName(since.baseBranchCommit)
    ? await resolved(git, since.baseBranchCommit)
    : undefined;
  const before = noted ?? (await mergeBase(git, then, now));
  const fork = await mergeBase(git, start, now);
  if (before === undefined || fork === undefined) return undefined;
  const commits = await countOf(git, `${before}..${now}`);
  if (commits === 0) return undefined;
  const ofBase = new Set(await changedFiles(git, before, now));
  const both = (await changedFiles(git, fork, start)).filter((path) => ofBase.has(path));
  return {
    branch: base,
    commits,
    behind: await countOf(git, `${start}..${now}`),
    both: both.slice(0, mostBoth),
    moreBoth: Math.max(0, both.length - mostBoth),
  };
}
