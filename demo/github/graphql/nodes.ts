import { isObject, type JsonObject, numberAt, objectAt, textAt } from '../json.ts';

/**
 * What the REST API shows of people, comments and checks, under the names that the GraphQL API has for it. Members
 * that are not named here are null.
 */
export function actor(user: unknown): JsonObject | null {
  if (!isObject(user)) return null;
  const login = textAt(user, 'login');
  const isBot = textAt(user, 'type') === 'Bot' || login.endsWith('[bot]');
  return {
    __typename: isBot ? 'Bot' : 'User',
    login: isBot ? login.replace(/\[bot\]$/, '') : login,
    databaseId: numberAt(user, 'id'),
  };
}

function written(type: string, prefix: string, value: JsonObject): JsonObject {
  const id = numberAt(value, 'id');
  return {
    __typename: type,
    id: `${prefix}_${id}`,
    fullDatabaseId: String(id),
    url: textAt(value, 'html_url'),
    body: textAt(value, 'body'),
    createdAt: textAt(value, 'created_at'),
    updatedAt: textAt(value, 'updated_at'),
    author: actor(value.user),
    authorAssociation: textAt(value, 'author_association') || 'NONE',
  };
}

export const issueComment = (value: JsonObject) => written('IssueComment', 'IC', value);

export function review(value: JsonObject): JsonObject {
  return {
    ...written('PullRequestReview', 'PRR', value),
    state: textAt(value, 'state').toUpperCase(),
    submittedAt: textAt(value, 'submitted_at') || null,
  };
}

export function reviewComment(value: JsonObject): JsonObject {
  const belongsTo = value.pull_request_review_id;
  return {
    ...written('PullRequestReviewComment', 'PRRC', value),
    diffHunk: textAt(value, 'diff_hunk'),
    pullRequestReview: typeof belongsTo === 'number' ? { fullDatabaseId: String(belongsTo) } : null,
  };
}

/** Comments of a pull request as the threads that they make up; nobody resolves one in the emulator. */
export function threads(comments: JsonObject[], resolved: ReadonlySet<number>): JsonObject[] {
  const openings = comments.filter((comment) => typeof comment.in_reply_to_id !== 'number');
  return openings.map((opening) => {
    const id = numberAt(opening, 'id');
    const line = typeof opening.line === 'number' ? opening.line : null;
    return {
      __typename: 'PullRequestReviewThread',
      id: `PRRT_${id}`,
      isResolved: resolved.has(id),
      isOutdated: line === null,
      path: textAt(opening, 'path'),
      line,
      originalLine: typeof opening.original_line === 'number' ? opening.original_line : null,
      said: [opening, ...comments.filter((comment) => comment.in_reply_to_id === id)].map(reviewComment),
    };
  });
}

export function checkRun(value: JsonObject): JsonObject {
  const output = objectAt(value, 'output');
  return {
    __typename: 'CheckRun',
    name: textAt(value, 'name'),
    status: textAt(value, 'status').toUpperCase(),
    conclusion: textAt(value, 'conclusion').toUpperCase() || null,
    detailsUrl: textAt(value, 'details_url') || null,
    title: textAt(output, 'title') || null,
    summary: textAt(output, 'summary') || null,
    text: textAt(output, 'text') || null,
  };
}

export function statusContext(value: JsonObject): JsonObject {
  return {
    __typename: 'StatusContext',
    context: textAt(value, 'context'),
    state: textAt(value, 'state').toUpperCase(),
    description: textAt(value, 'description') || null,
    targetUrl: textAt(value, 'target_url') || null,
  };
}
