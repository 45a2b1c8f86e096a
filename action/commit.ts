import { join } from 'node:path';
import { AppError, messageOf } from '../src/core/errors.ts';
import type { Job } from '../src/core/job.ts';
import type { Report } from '../src/core/report.ts';
import { breakClosing } from '../src/report/neutralise.ts';
import type { Checkout } from './checkout.ts';
import { GitError } from './git.ts';
import { takeBack } from './take-back.ts';

export interface Committed {
  /** Newest commit: what would be pushed. */
  head: string;
  /** Commits since the start of the run, oldest first, the agent's own among them. */
  commits: Report['commits'];
}

const longestSubject = 100;

/**
 * Commits what the run left in the working tree; without changes there is no new commit. `home` marks the
 * processes of git as the session's own, for `killLeftovers`.
 */
export async function commitChanges(
  checkout: Checkout,
  job: Job,
  committer: { name: string; email: string },
  home: string,
): Promise<Committed> {
  const { git, start } = checkout;
  try {
    await takeBack(join(checkout.directory, '.git'), checkout.mirror);
    if (!(await descendsFromStart(checkout))) await git(['reset', '--quiet', '--soft', start]);
    await git(['add', '--all', '--', '.'], { env: { HOME: home } });
    if (await hasStagedChanges(checkout)) {
      await git(['commit', '--quiet', '--no-verify', '--file', '-'], {
        input: commitMessage(job),
        env: identity(committer),
      });
    }
    const head = await git(['rev-parse', '--verify', 'HEAD^{commit}']);
    return {
      head,
      commits: parseLog(await git(['log', '--reverse', '--format=%H %s', `${start}..${head}`, '--'])),
    };
  } catch (cause) {
    throw new AppError('checkout-failed', {
      message: `The changes could not be committed: ${messageOf(cause)}`,
      hint: 'Try again with `retry`; the session knows what it did.',
      cause,
    });
  }
}

/** An agent that rewrote history, or switched elsewhere, keeps its files; they become one commit on the branch. */
async function descendsFromStart({ git, start }: Checkout): Promise<boolean> {
  return await succeeds(git(['merge-base', '--is-ancestor', start, 'HEAD']));
}

async function hasStagedChanges({ git }: Checkout): Promise<boolean> {
  return !(await succeeds(git(['diff', '--cached', '--quiet', '--no-ext-diff', '--'])));
}

/** For commands that say no with exit code 1. */
async function succeeds(command: Promise<string>): Promise<boolean> {
  try {
    await command;
    return true;
  } catch (error) {
    if (error instanceof GitError && error.exitCode === 1) return false;
    throw error;
  }
}

/** A run that opens the pull request is about the ticket; one after it is about what was asked this time. */
export function commitMessage({ commandId, issueKey, instruction, target }: Job): string {
  const asked = oneLine(instruction.split('\n').find((line) => line.trim() !== '') ?? '');
  const title = oneLine(target.title);
  const subject = target.pullRequest === undefined && title !== '' ? title : asked || title;
  const requester = oneLine(target.requestedBy);
  return [
    cut(`${issueKey}: ${subject}`),
    '',
    `Dexter-Command: ${commandId}`,
    ...(requester === '' ? [] : [`Requested-by: ${requester}`]),
    '',
  ].join('\n');
}

function oneLine(text: string): string {
  return breakClosing(text.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim());
}

function cut(subject: string): string {
  return subject.length <= longestSubject ? subject : `${subject.slice(0, longestSubject - 1).trimEnd()}…`;
}

function identity({ name, email }: { name: string; email: string }): Record<string, string> {
  return {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
  };
}

function parseLog(output: string): Committed['commits'] {
  return output.split('\n').flatMap((line) => {
    const [, sha, title] = /^([0-9a-f]{40,64}) (.*)$/.exec(line) ?? [];
    return sha === undefined || title === undefined ? [] : [{ sha, title }];
  });
}
