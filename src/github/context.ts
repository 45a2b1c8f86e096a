import { type Authenticate, type GitHubOrigin, place, say } from './github.ts';

export interface GitHubComment {
  id: number;
  author: string;
  /** What GitHub calls the author's tie to the repository (`OWNER`, `MEMBER`, `NONE`, …), when it told. */
  association?: string;
  createdAt: string;
  /** When the text was last changed, when that is told. */
  updatedAt?: string;
  text: string;
}

/** What may be pushed to a pull request's branch, and whether it can still be worked on. */
export interface BranchFacts {
  branch: string;
  base: string;
  /** The branch lives in the same repository; Dexter does not push to forks. */
  sameRepository: boolean;
  state: 'open' | 'closed';
}

/** What an issue and a pull request have both. */
interface ConversationFacts {
  number: number;
  title: string;
  body: string;
  url: string;
  author?: string;
  association?: string;
  /** Oldest first. */
  comments: GitHubComment[];
  olderComments: number;
  /** Parts that GitHub refused to tell, in words. */
  unreadable?: string[];
}

export type IssueFacts = ConversationFacts;

export interface PullRequestFacts extends ConversationFacts, BranchFacts {
  headCommit?: string;
  baseCommit?: string;
  /** Each part below is absent when GitHub did not let it be read: `unreadable` says so. */
  diff?: DiffFacts;
  /** Reviews that say something, oldest first. */
  reviews?: GitHubReview[];
  olderReviews?: number;
  /** Unresolved threads other than the one that asked, oldest first. */
  threads?: ThreadFacts[];
  /** Threads that were not looked at because there are newer ones. */
  olderThreads?: number;
  checks?: ChecksFacts;
}

export interface DiffFacts {
  additions: number;
  deletions: number;
  changedFiles: number;
  /** The first hundred. */
  files: { path: string; additions: number; deletions: number }[];
}

export interface GitHubReview extends GitHubComment {
  /** `APPROVED`, `CHANGES_REQUESTED`, `COMMENTED`, … */
  state: string;
}

/** The checks of the newest commit. */
export interface ChecksFacts {
  failing: FailingCheck[];
  passed: number;
  pending: number;
  /** Checks that were not looked at because there are too many. */
  others: number;
}

export interface FailingCheck {
  name: string;
  /** `FAILURE`, `TIMED_OUT`, `ERROR`, … */
  conclusion: string;
  url: string;
  title: string;
  /** What the check has to say, Markdown, shortened. */
  summary: string;
}

/** The line of code that a review comment stands on, with what was said in its thread before. */
export interface ThreadFacts {
  path: string;
  line: number | undefined;
  hunk: string;
  comments: GitHubComment[];
  /** Comments between the beginning of the thread and the ones above. */
  olderComments?: number;
  isResolved?: boolean;
  /** The line was changed after the thread was begun. */
  isOutdated?: boolean;
}

/**
 * The thread of a review comment, oldest first, without the comment that asked: for one that is not among the newest
 * of its pull request.
 */
export async function readThread(
  auth: Authenticate,
  origin: Extract<GitHubOrigin, { kind: 'github-review-comment' }>,
): Promise<ThreadFacts> {
  return say('reading the review thread', async () => {
    const octokit = await auth(origin.installationId);
    const where = place(origin.repository);
    const all = await octokit.paginate(octokit.rest.pulls.listReviewComments, {
      ...where,
      pull_number: origin.number,
      per_page: 100,
    });
    const asked = all.find(({ id }) => id === origin.commentId);
    const first = asked?.in_reply_to_id ?? asked?.id;
    const thread = all.filter(
      (comment) =>
        first !== undefined &&
        (comment.id === first || comment.in_reply_to_id === first) &&
        comment.id !== asked?.id,
    );
    return {
      path: asked?.path ?? '',
      line: asked?.line ?? asked?.original_line ?? undefined,
      hunk: asked?.diff_hunk ?? '',
      comments: thread.map(toComment),
    };
  });
}

function toComment(comment: {
  id: number;
  user: { login: string } | null;
  author_association?: string;
  created_at: string;
  body?: string | null;
}): GitHubComment {
  return {
    id: comment.id,
    author: comment.user?.login ?? 'ghost',
    ...(comment.author_association === undefined ? {} : { association: comment.author_association }),
    createdAt: comment.created_at,
    text: comment.body ?? '',
  };
}

/** The comments on lines that belong to a review which is not among the newest of its pull request. */
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
