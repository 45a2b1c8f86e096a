import { z } from 'zod';

/** Where a text in an answer stood before GitHub refused a part of it, that part is null. */
const list = <T extends z.ZodType>(item: T) =>
  z.object({
    totalCount: z.number().optional(),
    // A connection's nodes are nullable one by one.
    nodes: z
      .array(item.nullable())
      .nullable()
      .transform((nodes) => (nodes ?? []).filter((node) => node !== null)),
  });

/** GitHub writes its 64-bit ids as text; each of them is a safe integer still. */
const Id = z.union([z.string(), z.number()]).transform(Number).nullable();

const Author = z
  .object({ __typename: z.string(), login: z.string(), databaseId: z.number().nullish() })
  .nullable();
export type Author = z.infer<typeof Author>;

const Written = {
  id: z.string(),
  fullDatabaseId: Id,
  url: z.string(),
  body: z.string(),
  createdAt: z.string(),
  author: Author,
  authorAssociation: z.string(),
};

const IssueComment = z.object({ ...Written, updatedAt: z.string() });
export type IssueComment = z.infer<typeof IssueComment>;

const ReviewComment = IssueComment.extend({
  pullRequestReview: z.object({ fullDatabaseId: Id }).nullable(),
});
export type ReviewComment = z.infer<typeof ReviewComment>;

const Thread = z.object({
  id: z.string(),
  isResolved: z.boolean(),
  isOutdated: z.boolean(),
  path: z.string(),
  line: z.number().nullable(),
  originalLine: z.number().nullable(),
  opening: list(z.object({ diffHunk: z.string() })),
  comments: list(ReviewComment),
});
export type Thread = z.infer<typeof Thread>;

const Review = z.object({ ...Written, state: z.string(), submittedAt: z.string().nullable() });
export type Review = z.infer<typeof Review>;

const Check = z.union([
  z.object({
    __typename: z.literal('CheckRun'),
    name: z.string(),
    status: z.string(),
    conclusion: z.string().nullable(),
    detailsUrl: z.string().nullable(),
    title: z.string().nullable(),
    summary: z.string().nullable(),
    text: z.string().nullable(),
  }),
  z.object({
    __typename: z.literal('StatusContext'),
    context: z.string(),
    state: z.string(),
    description: z.string().nullable(),
    targetUrl: z.string().nullable(),
  }),
]);
export type Check = z.infer<typeof Check>;

const Rollup = z.object({ contexts: list(Check) });

const Branch = z.object({
  state: z.string(),
  headRefName: z.string(),
  headRefOid: z.string(),
  baseRefName: z.string(),
  baseRefOid: z.string(),
  isCrossRepository: z.boolean(),
});
export type Branch = z.infer<typeof Branch>;

const Described = {
  id: z.string(),
  number: z.number(),
  title: z.string(),
  body: z.string(),
  url: z.string(),
  author: Author,
  authorAssociation: z.string(),
};

const Issue = z.object({
  __typename: z.literal('Issue'),
  ...Described,
  issueState: z.string(),
  comments: list(IssueComment),
});
export type Issue = z.infer<typeof Issue>;

const PullRequest = Branch.extend({
  __typename: z.literal('PullRequest'),
  ...Described,
  additions: z.number(),
  deletions: z.number(),
  changedFiles: z.number(),
  files: list(z.object({ path: z.string(), additions: z.number(), deletions: z.number() })).nullable(),
  comments: list(IssueComment),
  reviews: list(Review).nullable(),
  reviewThreads: list(Thread).nullish(),
  commits: list(z.object({ commit: z.object({ statusCheckRollup: Rollup.nullable() }) })).nullish(),
});
export type PullRequest = z.infer<typeof PullRequest>;

const DefaultBranch = z.object({ name: z.string() }).nullish();

/** What GitHub answers to `conversationQuery`, null where it refused a part. */
export const ConversationAnswer = z.object({
  repository: z
    .object({
      defaultBranchRef: DefaultBranch,
      isPrivate: z.boolean().nullish(),
      settings: z.object({ text: z.string().nullish() }).nullish(),
      earlier: Branch.nullish(),
      issueOrPullRequest: z.discriminatedUnion('__typename', [Issue, PullRequest]).nullish(),
    })
    .nullable(),
});
export type ConversationAnswer = z.infer<typeof ConversationAnswer>;

/** What GitHub answers to `branchQuery`. */
export const BranchAnswer = z.object({
  repository: z
    .object({
      defaultBranchRef: DefaultBranch,
      isPrivate: z.boolean().nullish(),
      pullRequest: Branch.pick({ state: true, headRefName: true, isCrossRepository: true }).nullish(),
    })
    .nullable(),
});

const Made = z.object({ fullDatabaseId: Id }).nullish();

/** What GitHub answers to the mutations that post the status comment. */
export const PostedAnswer = z.object({
  addComment: z.object({ commentEdge: z.object({ node: Made }).nullish() }).nullish(),
  addPullRequestReviewThreadReply: z.object({ comment: Made }).nullish(),
});
