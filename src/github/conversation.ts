import type { RepositoryRef } from '../core/command.ts';
import { AppError } from '../core/errors.ts';
import {
  type GitHubComment,
  type GitHubReview,
  type IssueFacts,
  type PullRequestFacts,
  readReviewLines,
  readThread,
  type ThreadFacts,
} from './context.ts';
import {
  type Author,
  BranchAnswer,
  ConversationAnswer,
  type Issue,
  type IssueComment,
  type PullRequest,
  type Review,
  type ReviewComment,
  type Thread,
} from './conversation-answer.ts';
import { branchQuery, conversationQuery } from './conversation-query.ts';
import { checksOf } from './failing-checks.ts';
import {
  type Authenticate,
  type GitHubActor,
  type GitHubOrigin,
  githubError,
  type RequestText,
} from './github.ts';
import { askGraphQL, type GraphQLProblem } from './graphql.ts';

/** An issue or a pull request with all that a command needs to know of it. */
export interface Conversation {
  /** Undefined in an empty repository. */
  defaultBranch: string | undefined;
  /** Whether only people with access can read the repository; undefined when GitHub did not say. */
  isPrivate?: boolean | undefined;
  /** The text of `.github/dexter.yml` on the default branch; empty when it is no text. */
  settings?: string | undefined;
  issue?: IssueFacts;
  pullRequest?: PullRequestFacts;
  /** The comment that asked; absent when it is not among the newest. */
  asked?: AskedComment;
  /** The review thread that asked, without the comment that asked. */
  thread?: ThreadFacts;
  /** The line comments of the review that asked. */
  reviewLines?: ThreadFacts[];
  /** Branch of the earlier pull request that was asked for; absent when it is gone. */
  earlier?: { branch: string; open: boolean };
}

/** A comment, and what GraphQL calls it and the place where it is answered. */
export interface AskedComment {
  request: RequestText;
  nodeId: string;
  answer: AnswerPlace;
}

export interface AnswerPlace {
  kind: 'issue' | 'review';
  /** Node id of the issue, the pull request, or the review thread. */
  subjectId: string;
}

/** At most this many reviews that say something are kept. */
const mostReviews = 20;

/**
 * Reads an issue or a pull request, the thread or review that asked, and the branch of an earlier pull request: one
 * request, and one more for a thread that is not among the newest ones.
 * @throws AppError `ticket-unreadable` when there is no such issue, `github-failed` when GitHub does not answer.
 */
export async function readConversation(
  auth: Authenticate,
  origin: GitHubOrigin,
  earlier?: number,
): Promise<Conversation> {
  const { repository, number } = origin;
  const what = `reading #${number}`;
  try {
    const octokit = await auth(origin.installationId);
    const { data, problems } = await askGraphQL(octokit, conversationQuery, {
      owner: repository.owner,
      name: repository.name,
      number,
      earlier: earlier ?? 0,
      hasEarlier: earlier !== undefined,
    });
    const { repository: found } = ConversationAnswer.parse(data);
    const subject = found?.issueOrPullRequest;
    if (!found || !subject) throw whyNot(what, repository, number, problems);
    const common = {
      defaultBranch: found.defaultBranchRef?.name,
      isPrivate: found.isPrivate ?? undefined,
      ...(found.settings ? { settings: found.settings.text ?? '' } : {}),
      ...(found.earlier ? { earlier: branchFacts(found.earlier) } : {}),
    };
    const unreadable = unreadableParts(problems);
    if (subject.__typename === 'Issue') return { ...common, ...fromIssue(subject, origin, unreadable) };
    return { ...common, ...(await withThread(auth, origin, fromPullRequest(subject, origin, unreadable))) };
  } catch (error) {
    throw githubError(what, error);
  }
}

/** The branch of a pull request as it is now, and the repository's default branch. */
export async function readBranch(
  auth: Authenticate,
  where: { installationId: number; repository: RepositoryRef; number: number },
): Promise<{
  defaultBranch: string | undefined;
  isPrivate: boolean | undefined;
  branch: string;
  open: boolean;
}> {
  const what = `reading pull request #${where.number}`;
  const { owner, name } = where.repository;
  try {
    const octokit = await auth(where.installationId);
    const { data, problems } = await askGraphQL(octokit, branchQuery, { owner, name, number: where.number });
    const { repository } = BranchAnswer.parse(data);
    if (!repository?.pullRequest) throw whyNot(what, where.repository, where.number, problems);
    return {
      defaultBranch: repository.defaultBranchRef?.name,
      isPrivate: repository.isPrivate ?? undefined,
      ...branchFacts(repository.pullRequest),
    };
  } catch (error) {
    throw githubError(what, error);
  }
}

function branchFacts(branch: { headRefName: string; state: string; isCrossRepository: boolean }) {
  return { branch: branch.headRefName, open: branch.state === 'OPEN' && !branch.isCrossRepository };
}

/** Why the subject itself is not in an answer: it is gone, or the app may not see it. */
function whyNot(
  what: string,
  repository: RepositoryRef,
  number: number,
  problems: GraphQLProblem[],
): AppError {
  const name = `${repository.owner}/${repository.name}`;
  const forbidden = problems.find(({ type }) => type === 'FORBIDDEN' || type === 'INSUFFICIENT_SCOPES');
  if (forbidden) {
    return new AppError('ticket-unreadable', {
      message: `The app may not read #${number} of ${name}.`,
      hint: "Check that the Dexter app is installed on this repository with the permissions of app.yml, and that the installation's requests for new permissions were accepted.",
      cause: new Error(forbidden.message),
    });
  }
  if (problems.length === 0 || problems.some(({ type }) => type === 'NOT_FOUND')) {
    return new AppError('ticket-unreadable', {
      message: `#${number} of ${name} cannot be read: it was deleted or moved.`,
      hint: 'Comment on the issue or pull request where it is now.',
    });
  }
  return githubError(what, new Error(problems.map(({ message }) => message).join(' ')));
}

const partNames: [RegExp, string][] = [
  [/statusCheckRollup|\.commits\b/, 'the checks'],
  [/\.reviewThreads\b/, 'the review threads'],
  [/\.reviews\b/, 'the reviews'],
  [/\.files\b/, 'the changed files'],
  [/\.comments\b/, 'some comments'],
];

/** What GitHub refused to tell of the subject, in words, each part once. */
function unreadableParts(problems: readonly GraphQLProblem[]): string[] {
  const parts = problems
    .filter(({ path }) => path.startsWith('repository.issueOrPullRequest'))
    .map(({ path }) => partNames.find(([pattern]) => pattern.test(path))?.[1] ?? 'some details');
  return [...new Set(parts)];
}

function fromIssue(issue: Issue, origin: GitHubOrigin, unreadable: string[]): Partial<Conversation> {
  const { nodes, totalCount } = issue.comments;
  const asked = nodes.find((comment) => isAsked(comment, origin, 'github-comment'));
  return {
    issue: {
      ...described(issue),
      comments: nodes.map(toComment),
      olderComments: olderThan(totalCount, nodes),
      ...(unreadable.length > 0 ? { unreadable } : {}),
    },
    ...askedAs(asked, { kind: 'issue', subjectId: issue.id }),
  };
}

function fromPullRequest(
  pull: PullRequest,
  origin: GitHubOrigin,
  unreadable: string[],
): Partial<Conversation> & { pullRequest: PullRequestFacts } {
  const threads = pull.reviewThreads?.nodes ?? [];
  const isAskedThread = (thread: Thread) =>
    thread.comments.nodes.some((comment) => isAsked(comment, origin, 'github-review-comment'));
  const askedThread = threads.find(isAskedThread);
  const asked = askedThread?.comments.nodes.find((comment) =>
    isAsked(comment, origin, 'github-review-comment'),
  );
  const onPull = { kind: 'issue' as const, subjectId: pull.id };
  return {
    pullRequest: pullRequestFacts(
      pull,
      threads.filter((thread) => thread !== askedThread && !isOfReview(thread, origin)),
      unreadable,
    ),
    ...(askedThread ? { thread: toThread(askedThread, asked?.fullDatabaseId ?? undefined) } : {}),
    ...reviewLinesOf(threads, origin),
    ...(askedThread && asked
      ? askedAs(asked, { kind: 'review', subjectId: askedThread.id })
      : askedAs(
          pull.comments.nodes.find((comment) => isAsked(comment, origin, 'github-comment')) ??
            pull.reviews?.nodes.find((review) => isAsked(review, origin, 'github-review')),
          onPull,
        )),
  };
}

function pullRequestFacts(pull: PullRequest, threads: Thread[], unreadable: string[]): PullRequestFacts {
  const { comments, reviews, reviewThreads, files, additions, deletions, changedFiles } = pull;
  const saying = reviews?.nodes.filter(({ body }) => body.trim() !== '') ?? [];
  const rollup = pull.commits?.nodes.at(-1)?.commit.statusCheckRollup;
  return {
    ...described(pull),
    branch: pull.headRefName,
    base: pull.baseRefName,
    headCommit: pull.headRefOid,
    baseCommit: pull.baseRefOid,
    sameRepository: !pull.isCrossRepository,
    state: pull.state === 'OPEN' ? 'open' : 'closed',
    comments: comments.nodes.map(toComment),
    olderComments: olderThan(comments.totalCount, comments.nodes),
    ...(files ? { diff: { additions, deletions, changedFiles, files: files.nodes } } : {}),
    ...(reviews
      ? {
          reviews: saying.slice(-mostReviews).map(toReview),
          olderReviews:
            Math.max(0, saying.length - mostReviews) + olderThan(reviews.totalCount, reviews.nodes),
        }
      : {}),
    ...(reviewThreads
      ? {
          threads: threads.filter(({ isResolved }) => !isResolved).map((thread) => toThread(thread)),
          olderThreads: olderThan(reviewThreads.totalCount, reviewThreads.nodes),
        }
      : {}),
    ...(rollup ? { checks: checksOf(rollup.contexts.nodes, rollup.contexts.totalCount) } : {}),
    ...(unreadable.length > 0 ? { unreadable } : {}),
  };
}

/** One request more for what asked, when it stands outside of the newest that were read. */
async function withThread<T extends Partial<Conversation>>(
  auth: Authenticate,
  origin: GitHubOrigin,
  found: T,
): Promise<T> {
  if (origin.kind === 'github-review-comment' && !found.thread)
    return { ...found, thread: await readThread(auth, origin) };
  if (origin.kind === 'github-review' && !found.asked)
    return { ...found, reviewLines: await readReviewLines(auth, origin) };
  return found;
}

function isAsked(
  { fullDatabaseId }: { fullDatabaseId: number | null },
  origin: GitHubOrigin,
  kind: GitHubOrigin['kind'],
): boolean {
  if (origin.kind !== kind || origin.kind === 'dashboard-github') return false;
  return fullDatabaseId === (origin.kind === 'github-review' ? origin.reviewId : origin.commentId);
}

function isOfReview(thread: Thread, origin: GitHubOrigin): boolean {
  return (
    origin.kind === 'github-review' &&
    thread.comments.nodes.some(
      ({ pullRequestReview }) => pullRequestReview?.fullDatabaseId === origin.reviewId,
    )
  );
}

function reviewLinesOf(threads: Thread[], origin: GitHubOrigin): Partial<Conversation> {
  if (origin.kind !== 'github-review') return {};
  return {
    reviewLines: threads.filter((thread) => isOfReview(thread, origin)).map((thread) => toThread(thread)),
  };
}

function askedAs(
  comment: IssueComment | ReviewComment | Review | undefined,
  answer: AnswerPlace,
): Partial<Conversation> {
  if (!comment) return {};
  const { body, createdAt, url, id } = comment;
  const request = { text: body, author: actorOf(comment.author), createdAt, url };
  return { asked: { request, nodeId: id, answer } };
}

function described({ number, title, body, url, author, authorAssociation }: Issue | PullRequest) {
  return { number, title, body, url, author: loginOf(author), association: authorAssociation };
}

function toComment(comment: IssueComment): GitHubComment {
  return {
    id: comment.fullDatabaseId ?? 0,
    author: loginOf(comment.author),
    association: comment.authorAssociation,
    createdAt: comment.createdAt,
    updatedAt: comment.updatedAt,
    text: comment.body,
  };
}

function toReview(review: Review): GitHubReview {
  return {
    id: review.fullDatabaseId ?? 0,
    author: loginOf(review.author),
    association: review.authorAssociation,
    createdAt: review.submittedAt ?? review.createdAt,
    text: review.body,
    state: review.state,
  };
}

function toThread(thread: Thread, except?: number): ThreadFacts {
  const said = thread.comments.nodes.filter(({ fullDatabaseId }) => fullDatabaseId !== except);
  return {
    path: thread.path,
    line: thread.line ?? thread.originalLine ?? undefined,
    hunk: thread.opening.nodes[0]?.diffHunk ?? '',
    comments: said.map(toComment),
    olderComments: olderThan(thread.comments.totalCount, thread.comments.nodes),
    isResolved: thread.isResolved,
    isOutdated: thread.isOutdated,
  };
}

function olderThan(total: number | undefined, nodes: readonly unknown[]): number {
  return Math.max(0, (total ?? nodes.length) - nodes.length);
}

/** An app's login ends with `[bot]` everywhere but in GraphQL. */
function loginOf(author: Author): string {
  if (!author) return 'ghost';
  return author.__typename === 'Bot' && !author.login.endsWith('[bot]')
    ? `${author.login}[bot]`
    : author.login;
}

function actorOf(author: Author): GitHubActor {
  return {
    id: author?.databaseId ?? 0,
    login: loginOf(author),
    // The account of somebody who left GitHub is a person's.
    type: author?.__typename ?? 'User',
  };
}
