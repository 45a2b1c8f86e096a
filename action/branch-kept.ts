import { unpushedRefs } from './checkout.ts';
import type { Git } from './git.ts';
import { changedFiles, isAncestor, isCommitName, limits, mergeBase, resolved } from './history.ts';

export interface BranchKeptOptions {
  /** Git in the checkout, before the agent has had it. */
  git: Git;
  /** Branch that the work goes into. */
  base: string;
  /** Commit that the run starts from. */
  start: string;
  /** Commit that the conversation ended with. */
  ended: string | null;
}

/** With less of its files than this a branch is another one than the conversation worked on. */
const keptShare = 0.5;

/**
 * Whether the branch still holds what a conversation did to it. A rebase, a squash or an amended commit keeps it, and
 * so does a merge: of each file that was changed it is asked whether the branch still changes it, or has it as it was
 * then. `gone` is a branch that was reset or begun anew. What was never pushed was taken away by nobody. `unknown` when
 * the commit is not on this runner: a rebase is likelier than anything else.
 */
export async function branchKept({
  git,
  base,
  start,
  ended: then,
}: BranchKeptOptions): Promise<'kept' | 'gone' | 'unknown'> {
  if (then === start) return 'kept';
  if (!isCommitName(then) || (await resolved(git, then)) === undefined) return 'unknown';
  if (await isAncestor(git, then, start)) return 'kept';
  if ((await git(['for-each-ref', '--contains', then, unpushedRefs], limits)) !== '') return 'kept';
  const onto = await resolved(git, `refs/remotes/origin/${base}`);
  const before = onto && (await mergeBase(git, then, onto));
  const now = onto && (await mergeBase(git, start, onto));
  if (before === undefined || now === undefined) return 'unknown';
  const done = await changedFiles(git, before, then);
  if (done.length === 0) return 'kept';
  const stillChanged = new Set(await changedFiles(git, now, start));
  const differs = new Set(await changedFiles(git, then, start));
  const kept = done.filter((path) => stillChanged.has(path) || !differs.has(path));
  return kept.length / done.length < keptShare ? 'gone' : 'kept';
}
