import { z } from 'zod';
import type { GitHubComment } from './command-from-comment.ts';
import { Common, IssueNumber, parsePayload, repositoryOf, Written } from './payload.ts';

const Payload = Common.extend({
  pull_request: z.looseObject({ number: IssueNumber, title: z.string() }),
  comment: Written,
});

/** `pull_request_review_comment.created`: a comment on a line; it is answered in its thread. */
export function readReviewComment(payload: unknown): GitHubComment {
  const { installation, pull_request: pullRequest, comment, ...rest } = parsePayload(Payload, payload);
  return {
    origin: {
      kind: 'github-review-comment',
      installationId: installation.id,
      repository: repositoryOf({ installation, ...rest }),
      number: pullRequest.number,
      commentId: comment.id,
    },
    actor: { from: 'github', id: comment.user.id, login: comment.user.login, type: comment.user.type },
    text: comment.body,
    event: `review-comment:${comment.id}`,
    pullRequestTitle: pullRequest.title,
  };
}
