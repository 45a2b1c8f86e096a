import type { Probot } from 'probot';
import { acceptCommand } from '../jobs/accept.ts';
import type { Services } from '../jobs/services.ts';
import { issueKeyOfPullRequest } from '../ledger/sessions.ts';
import { commandFromComment, type GitHubComment } from './command-from-comment.ts';
import { readIssueComment } from './issue-comment.ts';
import { readReview } from './review.ts';
import { readReviewComment } from './review-comment.ts';

/** The names under which GitHub sends what is handled here. */
export const githubEvents: readonly string[] = [
  'issue_comment',
  'pull_request_review_comment',
  'pull_request_review',
];

/** Registers the events. A handler only reads the payload and inserts, so that an answer is a kept command. */
export function registerGitHubEvents(app: Probot, services: Services): void {
  app.on('issue_comment.created', ({ payload }) => receive(services, readIssueComment(payload)));
  app.on('pull_request_review_comment.created', ({ payload }) =>
    receive(services, readReviewComment(payload)),
  );
  app.on('pull_request_review.submitted', ({ payload }) => receive(services, readReview(payload)));
}

async function receive(services: Services, comment: GitHubComment): Promise<void> {
  const { repository, number } = comment.origin;
  const reading = commandFromComment(
    { ...comment, knownIssueKey: await issueKeyOfPullRequest(services.db, repository.id, number) },
    { name: services.name, jiraProjects: projectsOf(services) },
  );
  if (reading.outcome === 'ignored') {
    services.log.debug({ origin: comment.origin, reason: reading.reason }, 'comment ignored');
    return;
  }
  await acceptCommand(services, reading.command);
}

function projectsOf(services: Services): string[] {
  return [...services.jira.values()].flatMap(({ projects }) => Object.keys(projects));
}
