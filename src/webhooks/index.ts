import type { Probot } from 'probot';
import type { Services } from '../jobs/services.ts';
import { readInstalled, receiveInstalled, receivePermissions } from './installation.ts';
import { readIssueComment } from './issue-comment.ts';
import { receive } from './receive.ts';
import { readReview } from './review.ts';
import { readReviewComment } from './review-comment.ts';
import { readWorkflowRun, receiveRun } from './workflow-run.ts';

/** What is handled, by event and action, and how its payload is read. */
export const readers: ReadonlyMap<string, (payload: unknown) => unknown> = new Map<
  string,
  (payload: unknown) => unknown
>([
  ['issue_comment.created', readIssueComment],
  ['pull_request_review_comment.created', readReviewComment],
  ['pull_request_review.submitted', readReview],
  ['workflow_run.completed', readWorkflowRun],
  ['installation.created', readInstalled],
  ['installation.new_permissions_accepted', readInstalled],
  ['installation_repositories.added', readInstalled],
]);

/** Registers the events. A handler only reads the payload and inserts, so that an answer is a kept command. */
export function registerGitHubEvents(app: Probot, services: Services): void {
  app.on('issue_comment.created', ({ payload }) => receive(services, readIssueComment(payload)));
  app.on('pull_request_review_comment.created', ({ payload }) =>
    receive(services, readReviewComment(payload)),
  );
  app.on('pull_request_review.submitted', ({ payload }) => receive(services, readReview(payload)));
  app.on('workflow_run.completed', ({ payload }) => receiveRun(services, readWorkflowRun(payload)));
  app.on(['installation.created', 'installation_repositories.added'], ({ payload }) =>
    receiveInstalled(services, readInstalled(payload)),
  );
  app.on('installation.new_permissions_accepted', ({ payload }) =>
    receivePermissions(services, readInstalled(payload)),
  );
}
