import { z } from 'zod';
import type { GitHubComment } from './command-from-comment.ts';
import { Common, IssueNumber, parsePayload, repositoryOf, Written } from './payload.ts';

const Payload = Common.extend({
  issue: z.looseObject({ number: IssueNumber, title: z.string(), pull_request: z.unknown().optional() }),
  comment: Written,
});

/** `issue_comment.created`: a comment in the conversation of a pull request or an issue. */
export function readIssueComment(payload: unknown): GitHubComment {
  const { installation, issue, comment, ...rest } = parsePayload(Payload, payload);
  return {
    origin: {
      kind: 'github-comment',
      installationId: installation.id,
      repository: repositoryOf({ installation, ...rest }),
      number: issue.number,
      commentId: comment.id,
    },
    actor: { from: 'github', id: comment.user.id, login: comment.user.login, type: comment.user.type },
    text: comment.body,
    event: `comment:${comment.id}`,
    pullRequestTitle: issue.pull_request ? issue.title : undefined,
  };
}
