import { AppError } from '../core/errors.ts';
import type { Target } from '../core/job.ts';
import type { PullRequestRef } from '../core/report.ts';

/** What a ticket's title and a person's name may take up; JIRA and GitHub allow about as much. */
const longestTitle = 300;
const longestName = 300;

export interface TargetFacts {
  issueKey: string;
  ticket?: { summary: string; url: string } | undefined;
  issue?: { number: number; title: string; url: string } | undefined;
  pullRequest?:
    | {
        number: number;
        title: string;
        url: string;
        branch: string;
        base: string;
        sameRepository: boolean;
        state: 'open' | 'closed';
      }
    | undefined;
  /** Newest pull request that Dexter opened for the issue, and whether it is still open. */
  earlier?: (PullRequestRef & { open: boolean }) | undefined;
  requestedBy: string;
}

/**
 * Where the work of a command goes.
 * @throws AppError `branch-unusable` for a pull request that cannot be pushed to.
 */
export function chooseTarget(facts: TargetFacts): Target {
  const { ticket, issue, pullRequest, earlier, issueKey } = facts;
  const title = ticket?.summary ?? issue?.title ?? pullRequest?.title ?? issueKey;
  const about = {
    title: title.slice(0, longestTitle).toWellFormed(),
    ticketUrl: ticket?.url ?? issue?.url ?? pullRequest?.url ?? '',
    closes: ticket || pullRequest ? undefined : issue?.number,
    requestedBy: shortName(facts.requestedBy),
  };
  if (pullRequest) {
    if (pullRequest.state === 'closed') {
      throw unusable(
        `Pull request #${pullRequest.number} is closed.`,
        'Reopen it, or comment on the ticket to start a new one.',
      );
    }
    if (!pullRequest.sameRepository) {
      throw unusable(
        `Pull request #${pullRequest.number} comes from a fork, and Dexter does not push to forks.`,
        'Push the branch to this repository and open the pull request from there.',
      );
    }
    return { ...about, branch: pullRequest.branch, base: pullRequest.base, pullRequest: pullRequest.number };
  }
  if (earlier?.open) return { ...about, branch: earlier.branch, base: '', pullRequest: earlier.number };
  const suffix = earlier ? `-after-${earlier.number}` : '';
  return { ...about, branch: `${branchName(issueKey, about.title)}${suffix}`, base: '' };
}

export function shortName(name: string): string {
  return name.slice(0, longestName).toWellFormed();
}

/** `dexter/<issue key>-<slug of the title>`; titles without Latin letters have no slug. */
export function branchName(issueKey: string, title: string): string {
  const slug = title
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '');
  return `dexter/${issueKey}${slug ? `-${slug}` : ''}`;
}

/** The issue key in the name of a branch that Dexter made. */
export function issueKeyInBranch(branch: string): string | undefined {
  return /^dexter\/(gh-\d+-\d+|[A-Z][A-Z0-9_]*-\d+)(?:-|$)/.exec(branch)?.[1];
}

function unusable(message: string, hint: string): AppError {
  return new AppError('branch-unusable', { message, hint });
}
