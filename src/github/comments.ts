import type { Octokit } from 'octokit';
import type { RepositoryRef } from '../core/command.ts';
import type { AppError } from '../core/errors.ts';
import type { AskedComment } from './conversation.ts';
import { PostedAnswer } from './conversation-answer.ts';
import { answerInThread, answerOnIssue } from './conversation-query.ts';
import {
  type Authenticate,
  answeredAt,
  type CommentOrigin,
  type CommentPlace,
  type GitHubActor,
  type GitHubOrigin,
  githubError,
  place,
  type RequestText,
  say,
  statusOf,
} from './github.ts';
import { askGraphQL } from './graphql.ts';

interface RestComment {
  body?: string | null;
  user: GitHubActor | null;
  created_at?: string;
  submitted_at?: string;
  html_url: string;
}

/** The request as it is now; undefined when it was deleted. */
export async function readRequest(
  auth: Authenticate,
  origin: CommentOrigin,
): Promise<RequestText | undefined> {
  const octokit = await auth(origin.installationId);
  const where = place(origin.repository);
  try {
    const { data } = await readOrigin(octokit, where, origin);
    return toRequestText(data);
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw githubError('reading the comment again', error);
  }
}

function readOrigin(
  octokit: Octokit,
  where: { owner: string; repo: string },
  origin: CommentOrigin,
): Promise<{ data: RestComment }> {
  switch (origin.kind) {
    case 'github-comment':
      return octokit.rest.issues.getComment({ ...where, comment_id: origin.commentId });
    case 'github-review-comment':
      return octokit.rest.pulls.getReviewComment({ ...where, comment_id: origin.commentId });
    case 'github-review':
      return octokit.rest.pulls.getReview({
        ...where,
        pull_number: origin.number,
        review_id: origin.reviewId,
      });
  }
}

function toRequestText(comment: RestComment): RequestText {
  return {
    text: comment.body ?? '',
    author: comment.user ?? { id: 0, login: 'ghost', type: 'User' },
    createdAt: comment.created_at ?? comment.submitted_at ?? '',
    url: comment.html_url,
  };
}

/** Shows that the request was seen; GitHub has no reactions to a whole review, nor to what is asked elsewhere. */
export async function react(auth: Authenticate, origin: GitHubOrigin): Promise<void> {
  if (origin.kind === 'github-review' || origin.kind === 'dashboard-github') return;
  await say('reacting to the comment', async () => {
    const octokit = await auth(origin.installationId);
    const target = { ...place(origin.repository), comment_id: origin.commentId, content: 'eyes' as const };
    if (origin.kind === 'github-comment') await octokit.rest.reactions.createForIssueComment(target);
    else await octokit.rest.reactions.createForPullRequestReviewComment(target);
  });
}

/**
 * Shows that the request was seen and posts the answer in the place that asked, in one request. `problem` says why
 * there is no reaction; without an answer this throws.
 */
export async function answerAsked(
  auth: Authenticate,
  origin: GitHubOrigin,
  { nodeId, answer: { kind, subjectId } }: AskedComment,
  body: string,
  reacts: boolean,
): Promise<{ posted: CommentPlace; problem?: AppError }> {
  return say('posting the status comment', async () => {
    const octokit = await auth(origin.installationId);
    const { data, problems } = await askGraphQL(
      octokit,
      kind === 'review' ? answerInThread : answerOnIssue,
      { asked: nodeId, subject: subjectId, body, reacts },
      // Trying again by itself could post it twice; a lost answer is looked for by its marker.
      { retries: 0 },
    );
    const { addComment, addPullRequestReviewThreadReply: reply } = PostedAnswer.parse(data);
    const id = (kind === 'review' ? reply?.comment : addComment?.commentEdge?.node)?.fullDatabaseId;
    const refused = problems.map(({ message }) => message).join(' ');
    if (!id) throw new Error(refused || 'GitHub did not say which comment it made');
    const posted = { kind, id };
    return refused === ''
      ? { posted }
      : { posted, problem: githubError('reacting to the comment', new Error(refused)) };
  });
}

/** Posts the answer in the place that asked: the thread of a review comment, else the conversation. */
export async function postAnswer(
  auth: Authenticate,
  asked: GitHubOrigin,
  body: string,
): Promise<CommentPlace> {
  const origin = answeredAt(asked);
  return say('posting the status comment', async () => {
    const octokit = await auth(origin.installationId);
    if (origin.kind === 'github-review-comment') {
      const where = place(origin.repository);
      const { data: line } = await octokit.rest.pulls.getReviewComment({
        ...where,
        comment_id: origin.commentId,
      });
      const { data } = await octokit.rest.pulls.createReplyForReviewComment({
        ...where,
        pull_number: origin.number,
        // GitHub takes replies to the first comment of a thread only:
        // https://docs.github.com/en/rest/pulls/comments#create-a-reply-for-a-review-comment
        comment_id: line.in_reply_to_id ?? line.id,
        body,
      });
      return { kind: 'review', id: data.id };
    }
    return postOnIssue(octokit, origin.repository, origin.number, body);
  });
}

/** Posts a comment on a pull request or issue that did not ask: the result of a command from JIRA. */
export async function postComment(
  auth: Authenticate,
  where: { installationId: number; repository: RepositoryRef; number: number },
  body: string,
): Promise<CommentPlace> {
  return say('posting the status comment', async () =>
    postOnIssue(await auth(where.installationId), where.repository, where.number, body),
  );
}

async function postOnIssue(
  octokit: Octokit,
  repository: RepositoryRef,
  number: number,
  body: string,
): Promise<CommentPlace> {
  const { data } = await octokit.rest.issues.createComment({
    ...place(repository),
    issue_number: number,
    body,
  });
  return { kind: 'issue', id: data.id };
}

/** Writes the comment anew; false when somebody deleted it. */
export async function editComment(
  auth: Authenticate,
  where: { installationId: number; repository: RepositoryRef },
  comment: CommentPlace,
  body: string,
): Promise<boolean> {
  const octokit = await auth(where.installationId);
  const target = { ...place(where.repository), comment_id: comment.id, body };
  try {
    if (comment.kind === 'issue') await octokit.rest.issues.updateComment(target);
    else await octokit.rest.pulls.updateReviewComment(target);
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw githubError('editing the status comment', error);
  }
}

/**
 * Finds a comment of the app's own by its hidden marker, among those since a time: for a crash between
 * posting and remembering.
 */
export async function findComment(
  auth: Authenticate,
  where: { installationId: number; repository: RepositoryRef; number: number; inThread: boolean },
  marker: string,
  since: Date,
): Promise<CommentPlace | undefined> {
  return say('looking for the status comment', async () => {
    const octokit = await auth(where.installationId);
    // Clocks differ, and GitHub's times have no fractions.
    const from = new Date(since.getTime() - 60_000).toISOString();
    const options = { ...place(where.repository), since: from, per_page: 100 };
    const comments = where.inThread
      ? await octokit.paginate(octokit.rest.pulls.listReviewComments, {
          ...options,
          pull_number: where.number,
        })
      : await octokit.paginate(octokit.rest.issues.listComments, { ...options, issue_number: where.number });
    const found = comments.find((comment) => comment.user?.type === 'Bot' && comment.body?.includes(marker));
    return found
      ? { kind: where.inThread ? ('review' as const) : ('issue' as const), id: found.id }
      : undefined;
  });
}
