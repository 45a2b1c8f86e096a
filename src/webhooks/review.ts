import { z } from 'zod';
import type { GitHubComment } from './command-from-comment.ts';
import { Common, IssueNumber, parsePayload, repositoryOf, Written } from './payload.ts';

const Payload = Common.extend({
  pull_request: z.looseObject({ number: IssueNumber, title: z.string() }),
  review: Written,
});

/** `pull_request_review.submitted`: the text of a whole review; its line comments become context. */
export function readReview(payload: unknown): GitHubComment {
  const { installation, pull_request: pullRequest, review, ...rest } = parsePayload(Payload, payload);
  return {
    origin: {
      kind: 'github-review',
      installationId: installation.id,
      repository: repositoryOf({ installation, ...rest }),
      number: pullRequest.number,
      reviewId: review.id,
    },
    actor: { from: 'github', id: review.user.id, login: review.user.login, type: review.user.type },
    text: review.body,
    event: `review:${review.id}`,
    pullRequestTitle: pullRequest.title,
  };
}
