import type { RepositoryRef } from '../core/command.ts';
import { AppError } from '../core/errors.ts';
import { type Authenticate, type GitHubOrigin, githubError, place, say, statusOf } from './github.ts';

export interface GitHubComment {
  id: number;
  author: string;
  createdAt: string;
  text: string;
}

export interface PullRequestFacts {
  number: number;
  title: string;
  body: string;
  url: string;
  branch: string;
  base: string;
  /** The branch lives in the same repository; Dexter does not push to forks. */
  sameRepository: boolean;
  state: 'open' | 'closed';
  comments: GitHubComment[];
  olderComments: number;
}

export interface IssueFacts {
  number: number;
  title: string;
  body: string;
  url: string;
  isPullRequest: boolean;
  comments: GitHubComment[];
  olderComments: number;
}

/** The line of code that a review comment stands on, with what was said in its thread before. */
export interface ThreadFacts {
  path: string;
  line: number | undefined;
  hunk: string;
  comments: GitHubComment[];
}

const commentPage = 50;

/** @throws AppError `ticket-unreadable` when there is no such issue. */
export async function readIssue(
  auth: Authenticate,
  where: { installationId: number; repository: RepositoryRef; number: number },
): Promise<IssueFacts> {
  const octokit = await auth(where.installationId);
  const target = { ...place(where.repository), issue_number: where.number };
  try {
    const { data } = await octokit.rest.issues.get(target);
    const comments = await newestComments(auth, where, data.comments);
    return {
      number: data.number,
      title: data.title,
      body: data.body ?? '',
      url: data.html_url,
      isPullRequest: data.pull_request !== undefined && data.pull_request !== null,
      comments,
      olderComments: Math.max(0, data.comments - comments.length),
    };
  } catch (error) {
    if (statusOf(error) === 404 || statusOf(error) === 410) {
      throw new AppError('ticket-unreadable', {
        message: `Issue #${where.number} of ${where.repository.owner}/${where.repository.name} cannot be read: it was deleted or moved.`,
        hint: 'Comment on the issue where it is now.',
        cause: error,
      });
    }
    throw githubError(`reading #${where.number}`, error);
  }
}

/** @throws AppError `ticket-unreadable` when there is no such pull request. */
export async function readPullRequest(
  auth: Authenticate,
  where: { installationId: number; repository: RepositoryRef; number: number },
): Promise<PullRequestFacts> {
  const octokit = await auth(where.installationId);
  try {
    const { data } = await octokit.rest.pulls.get({ ...place(where.repository), pull_number: where.number });
    const comments = await newestComments(auth, where, data.comments);
    return {
      number: data.number,
      title: data.title,
      body: data.body ?? '',
      url: data.html_url,
      branch: data.head.ref,
      base: data.base.ref,
      sameRepository: data.head.repo?.id === data.base.repo.id,
      state: data.state === 'open' ? 'open' : 'closed',
      comments,
      olderComments: Math.max(0, data.comments - comments.length),
    };
  } catch (error) {
    if (statusOf(error) === 404) {
      throw new AppError('ticket-unreadable', {
        message: `Pull request #${where.number} of ${where.repository.owner}/${where.repository.name} cannot be read.`,
        hint: 'Check that it exists and that the app may read pull requests.',
        cause: error,
      });
    }
    throw githubError(`reading pull request #${where.number}`, error);
  }
}

/** GitHub lists comments oldest first only: the last page or two hold the newest. */
async function newestComments(
  auth: Authenticate,
  where: { installationId: number; repository: RepositoryRef; number: number },
  total: number,
): Promise<GitHubComment[]> {
  if (total === 0) return [];
  const octokit = await auth(where.installationId);
  const last = Math.ceil(total / commentPage);
  const pages = last > 1 && total % commentPage !== 0 ? [last - 1, last] : [last];
  const found: GitHubComment[] = [];
  for (const page of pages) {
    const { data } = await octokit.rest.issues.listComments({
      ...place(where.repository),
      issue_number: where.number,
      per_page: commentPage,
      page,
    });
    found.push(...data.map(toComment));
  }
  return found.slice(-commentPage);
}

/** The thread of a review comment, oldest first, without the comment that asked. */
export async function readThread(
  auth: Authenticate,
  origin: Extract<GitHubOrigin, { kind: 'github-review-comment' }>,
): Promise<ThreadFacts> {
  return say('reading the review thread', async () => {
    const octokit = await auth(origin.installationId);
    const where = place(origin.repository);
    const { data: asked } = await octokit.rest.pulls.getReviewComment({
      ...where,
      comment_id: origin.commentId,
    });
    const first = asked.in_reply_to_id ?? asked.id;
    const all = await octokit.paginate(octokit.rest.pulls.listReviewComments, {
      ...where,
      pull_number: origin.number,
      per_page: 100,
    });
    const thread = all.filter(
      (comment) => (comment.id === first || comment.in_reply_to_id === first) && comment.id !== asked.id,
    );
    return {
      path: asked.path,
      line: asked.line ?? asked.original_line ?? undefined,
      hunk: asked.diff_hunk,
      comments: thread.map(toComment),
    };
  });
}

function toComment(comment: {
  id: number;
  user: { login: string } | null;
  created_at: string;
  body?: string | null;
}): GitHubComment {
  return {
    id: comment.id,
    author: comment.user?.login ?? 'ghost',
    createdAt: comment.created_at,
    text: comment.body ?? '',
  };
}

/** The comments on lines that belong to a review. */
export async function readReviewLines(
  auth: Authenticate,
  origin: Extract<GitHubOrigin, { kind: 'github-review' }>,
): Promise<ThreadFacts[]> {
  return say('reading the comments of the review', async () => {
    const octokit = await auth(origin.installationId);
    const comments = await octokit.paginate(octokit.rest.pulls.listCommentsForReview, {
      ...place(origin.repository),
      pull_number: origin.number,
      review_id: origin.reviewId,
      per_page: 100,
    });
    return comments.map((comment) => ({
      path: comment.path,
      line: comment.line ?? comment.original_line ?? undefined,
      hunk: comment.diff_hunk,
      comments: [toComment(comment)],
    }));
  });
}
