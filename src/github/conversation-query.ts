/** How much of each list is asked for: the newest, because that is what a command is about. */
const most = {
  comments: 50,
  reviews: 50,
  threads: 50,
  inThread: 20,
  files: 100,
  checks: 100,
} as const;

/**
 * Everything that a command needs to know of an issue or a pull request, in one request.
 *
 * Ids are asked for as `fullDatabaseId`: ids of comments no longer fit into the 32 bits of `databaseId`. The
 * id of an Actions job stands at the end of its `detailsUrl`.
 * https://docs.github.com/en/graphql/reference/objects#pullrequest
 */
export const conversationQuery = `
query Conversation($owner: String!, $name: String!, $number: Int!, $earlier: Int!, $hasEarlier: Boolean!) {
  repository(owner: $owner, name: $name) {
    defaultBranchRef { name }
    isPrivate
    settings: object(expression: "HEAD:.github/dexter.yml") { __typename ... on Blob { text } }
    earlier: pullRequest(number: $earlier) @include(if: $hasEarlier) { ...Branch }
    issueOrPullRequest(number: $number) {
      __typename
      ... on Issue {
        id number title body url
        author { ...Author }
        authorAssociation
        issueState: state
        comments(last: ${most.comments}) { totalCount nodes { ...IssueComment } }
      }
      ... on PullRequest {
        id number title body url
        author { ...Author }
        authorAssociation
        ...Branch
        additions deletions changedFiles
        files(first: ${most.files}) { nodes { path additions deletions } }
        comments(last: ${most.comments}) { totalCount nodes { ...IssueComment } }
        reviews(last: ${most.reviews}) {
          totalCount
          nodes {
            id fullDatabaseId state body url submittedAt createdAt
            author { ...Author }
            authorAssociation
          }
        }
        reviewThreads(last: ${most.threads}) {
          totalCount
          nodes {
            id isResolved isOutdated path line originalLine
            opening: comments(first: 1) { nodes { diffHunk } }
            comments(last: ${most.inThread}) { totalCount nodes { ...ReviewComment } }
          }
        }
        commits(last: 1) {
          nodes {
            commit {
              statusCheckRollup {
                contexts(first: ${most.checks}) {
                  totalCount
                  nodes {
                    __typename
                    ... on CheckRun { name status conclusion detailsUrl title summary text }
                    ... on StatusContext { context state description targetUrl }
                  }
                }
              }
            }
          }
        }
      }
    }
  }
}
fragment Author on Actor { __typename login ... on User { databaseId } ... on Bot { databaseId } }
fragment Branch on PullRequest {
  state headRefName headRefOid baseRefName baseRefOid isCrossRepository
}
fragment IssueComment on IssueComment {
  id fullDatabaseId url body createdAt updatedAt
  author { ...Author }
  authorAssociation
}
fragment ReviewComment on PullRequestReviewComment {
  id fullDatabaseId url body createdAt updatedAt
  author { ...Author }
  authorAssociation
  pullRequestReview { fullDatabaseId }
}
`;

/** A repository with what it says of commands, for those that come from elsewhere. */
export const repositoryQuery = `
query Repository($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) {
    databaseId
    name
    owner { login }
    defaultBranchRef { name }
    isPrivate
    settings: object(expression: "HEAD:.github/dexter.yml") { __typename ... on Blob { text } }
  }
}
`;

/** The branch of a pull request, and whether it can still be worked on. */
export const branchQuery = `
query Branch($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) {
    defaultBranchRef { name }
    isPrivate
    pullRequest(number: $number) { state headRefName isCrossRepository }
  }
}
`;

/** The reaction and the status comment of a command, in one request: neither needs the other to succeed. */
export const answerOnIssue = `
mutation AnswerOnIssue($asked: ID!, $subject: ID!, $body: String!, $reacts: Boolean!) {
  addReaction(input: { subjectId: $asked, content: EYES }) @include(if: $reacts) { reaction { content } }
  addComment(input: { subjectId: $subject, body: $body }) { commentEdge { node { fullDatabaseId } } }
}
`;

/** The same in the review thread that asked. */
export const answerInThread = `
mutation AnswerInThread($asked: ID!, $subject: ID!, $body: String!, $reacts: Boolean!) {
  addReaction(input: { subjectId: $asked, content: EYES }) @include(if: $reacts) { reaction { content } }
  addPullRequestReviewThreadReply(input: { pullRequestReviewThreadId: $subject, body: $body }) {
    comment { fullDatabaseId }
  }
}
`;
