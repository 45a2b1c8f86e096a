import { AppError } from '../src/core/errors.ts';
import { isSince } from '../src/engines/claude-code/cli-version.ts';
import { type Git, GitError } from './git.ts';

/**
 * The first git that takes its configuration from the environment (`GIT_CONFIG_COUNT`, 2.31) and lets the user's be
 * switched off (`GIT_CONFIG_GLOBAL`). An older one ignores both without a word: it would have no token, and would run
 * the hooks and filters of a repository that the agent wrote to.
 */
const oldestGit = '2.32.0';

/** @throws AppError `checkout-failed` when there is no git on the PATH, or one that is too old. */
export async function checkGit(git: Git): Promise<void> {
  const version = await versionOf(git);
  if (version === undefined || isSince(version, oldestGit)) return;
  throw new AppError('checkout-failed', {
    message: `git on the runner is version ${version}; Dexter needs ${oldestGit} or newer.`,
    hint: 'Install a newer git on the runner, from a newer release of its system or from its backports.',
  });
}

async function versionOf(git: Git): Promise<string | undefined> {
  try {
    // `git version 2.39.5 (Apple Git-154)`, `git version 2.32.0.windows.1`
    return /\b(\d+\.\d+\.\d+)/.exec(await git(['version']))?.[1];
  } catch (error) {
    if (!(error instanceof GitError) || !/ENOENT/.test(error.stderr)) throw error;
    throw new AppError('checkout-failed', {
      message: 'There is no git on the PATH of the runner.',
      hint: `Install git ${oldestGit} or newer on the runner.`,
      cause: error,
    });
  }
}
