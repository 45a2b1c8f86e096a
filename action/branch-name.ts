import { AppError } from '../src/core/errors.ts';
import type { Git } from './git.ts';

/**
 * Narrower than what git allows: no character that a shell, a workflow or a URL reads as its own, and no
 * leading dash. The agent may well put the name into a command.
 */
const allowed = /^[\p{L}\p{N}_][\p{L}\p{N}._/+@#=,-]*$/u;

const longestName = 200;

/** Throws AppError `branch-unusable` for a name that is not safe to work on. */
export async function checkBranchName(name: string, git: Git): Promise<void> {
  const isOurs =
    allowed.test(name) && name.length <= longestName && !name.startsWith('refs/') && name !== 'HEAD';
  if (isOurs && (await isValidToGit(name, git))) return;
  throw new AppError('branch-unusable', {
    message: `Dexter does not work on a branch named ${JSON.stringify(name.slice(0, longestName))}.`,
    hint: 'Rename the branch: letters, digits and `._/+@#=,-`, at most 200 characters, not starting with a dash.',
  });
}

async function isValidToGit(name: string, git: Git): Promise<boolean> {
  try {
    await git(['check-ref-format', `refs/heads/${name}`]);
    return true;
  } catch {
    // Exit code 1 is git's way to say no.
    return false;
  }
}
