import { GraphQLError } from 'graphql';
import nock from 'nock';
import { Octokit } from 'octokit';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { answerAsked } from '../../src/github/comments.ts';
import { readBranch, readConversation } from '../../src/github/conversation.ts';
import type { GitHubOrigin } from '../../src/github/github.ts';
import { answerGraphQL } from '../fakes/graphql.ts';

const api = 'https://api.github.example';
const octokit = new Octokit({
  auth: 'ghs_token',
  baseUrl: api,
  retry: { enabled: false },
  throttle: { enabled: false },
});
const auth = async () => octokit;

const place = { installationId: 5, repository: { id: 20, owner: 'acme', name: 'shop' }, number: 7 };
const fromComment: GitHubOrigin = { kind: 'github-comment', ...place, commentId: 3_000_000_001 };
const fromThread: GitHubOrigin = { kind: 'github-review-comment', ...place, commentId: 3_000_000_012 };
const fromReview: GitHubOrigin = { kind: 'github-review', ...place, reviewId: 41 };

const maria = { __typename: 'User', login: 'maria', databaseId: 11 };
const at = '2026-01-05T09:00:00Z';

const comment = (id: number, changes: object = {}) => ({
  id: `IC_${id}`,
  fullDatabaseId: String(id),
  url: `https://github.example/c/${id}`,
  body: `comment ${id}`,
  createdAt: at,
  updatedAt: at,
  author: maria,
  authorAssociation: 'MEMBER',
  ...changes,
});

const list = (nodes: unknown[], totalCount = nodes.length) => ({ totalCount, nodes });

const thread = (id: number, comments: unknown[], changes: object = {}) => ({
  id: `PRRT_${id}`,
  isResolved: false,
  isOutdated: false,
  path: 'src/cart.ts',
  line: 7,
  originalLine: 6,
  comments: ({ first }: { first?: number }) =>
    first ? list([{ diffHunk: '@@ -1 +1 @@\n+the line' }]) : list(comments),
  ...changes,
});

const refused = (type: string, message: string) => () => {
  throw new GraphQLError(message, { extensions: { type } });
};

const checkRun = (name: string, conclusion: string | null, changes: object = {}) => ({
  __typename: 'CheckRun',
  name,
  status: conclusion === null ? 'IN_PROGRESS' : 'COMPLETED',
  conclusion,
  detailsUrl: `https://github.example/${name}`,
  ...changes,
});

const pullRequest = {
  __typename: 'PullRequest',
  id: 'PR_7',
  number: 7,
  title: 'Coupons',
  body: 'Adds coupons.',
  url: 'https://github.example/acme/shop/pull/7',
  author: { __typename: 'Bot', login: 'dexter', databaseId: 12 },
  authorAssociation: 'NONE',
  state: 'OPEN',
  headRefName: 'topic',
  headRefOid: 'a'.repeat(40),
  baseRefName: 'main',
  baseRefOid: 'b'.repeat(40),
  isCrossRepository: false,
  additions: 5,
  deletions: 2,
  changedFiles: 130,
  files: list([{ path: 'src/cart.ts', additions: 5, deletions: 2 }]),
  comments: list([comment(2), comment(3_000_000_001, { body: '@dexter go' })], 60),
  reviews: list([
    comment(40, { id: 'PRR_40', body: '', state: 'COMMENTED', submittedAt: at }),
    comment(41, { id: 'PRR_41', body: 'Hm. @dexter fix this', state: 'CHANGES_REQUESTED', submittedAt: at }),
  ]),
  reviewThreads: list(
    [
      thread(1, [
        comment(3_000_000_011, { body: 'Why?', pullRequestReview: { fullDatabaseId: '40' } }),
        comment(3_000_000_012, { body: '@dexter explain', pullRequestReview: null }),
      ]),
      thread(2, [comment(21, { pullRequestReview: { fullDatabaseId: '41' } })], {
        line: null,
        isOutdated: true,
      }),
      thread(3, [comment(31, { pullRequestReview: null })], { isResolved: true }),
    ],
    53,
  ),
  commits: list([
    {
      commit: {
        statusCheckRollup: {
          contexts: list(
            [
              checkRun('lint', 'SUCCESS'),
              checkRun('build', null),
              checkRun('test', 'FAILURE', { title: '2 failed', summary: 'cart.test.ts', text: 'not ok' }),
              {
                __typename: 'StatusContext',
                context: 'ci/other',
                state: 'ERROR',
                description: 'It broke',
                targetUrl: null,
              },
              { __typename: 'StatusContext', context: 'ci/slow', state: 'PENDING' },
            ],
            105,
          ),
        },
      },
    },
  ]),
};

const repository = (members: object) => ({
  repository: { defaultBranchRef: { name: 'main' }, isPrivate: true, ...members },
});
const asPull = (changes: object = {}) => repository({ issueOrPullRequest: { ...pullRequest, ...changes } });

describe('readConversation', () => {
  it('reads a pull request and the comment that asked in one request', async () => {
    const asked = answerGraphQL(api, asPull());
    const found = await readConversation(auth, fromComment);
    expect(asked.isDone()).toBe(true);
    expect(found).toMatchObject({
      defaultBranch: 'main',
      asked: {
        nodeId: 'IC_3000000001',
        answer: { kind: 'issue', subjectId: 'PR_7' },
        request: {
          text: '@dexter go',
          author: { id: 11, login: 'maria', type: 'User' },
          createdAt: at,
          url: 'https://github.example/c/3000000001',
        },
      },
      pullRequest: {
        author: 'dexter[bot]',
        branch: 'topic',
        base: 'main',
        headCommit: 'a'.repeat(40),
        sameRepository: true,
        state: 'open',
        olderComments: 58,
        diff: { additions: 5, deletions: 2, changedFiles: 130 },
        reviews: [{ id: 41, state: 'CHANGES_REQUESTED', author: 'maria', association: 'MEMBER' }],
        olderReviews: 0,
        olderThreads: 50,
        checks: {
          passed: 1,
          pending: 2,
          others: 100,
          failing: [
            {
              name: 'test',
              conclusion: 'FAILURE',
              url: 'https://github.example/test',
              title: '2 failed',
              summary: 'cart.test.ts\n\nnot ok',
            },
            { name: 'ci/other', conclusion: 'ERROR', url: '', title: 'It broke', summary: '' },
          ],
        },
      },
    });
    expect(found.pullRequest?.comments.map(({ id }) => id)).toEqual([2, 3_000_000_001]);
    expect(found.pullRequest?.threads?.map(({ comments }) => comments[0]?.id)).toEqual([3_000_000_011, 21]);
    expect(found.pullRequest?.unreadable).toBeUndefined();
    expect(found.thread).toBeUndefined();
  });

  it('finds the thread that asked, and does not show it twice', async () => {
    answerGraphQL(api, asPull());
    const found = await readConversation(auth, fromThread);
    expect(found.thread).toMatchObject({
      path: 'src/cart.ts',
      line: 7,
      hunk: '@@ -1 +1 @@\n+the line',
      comments: [{ id: 3_000_000_011, text: 'Why?' }],
    });
    expect(found.asked).toMatchObject({
      nodeId: 'IC_3000000012',
      answer: { kind: 'review', subjectId: 'PRRT_1' },
    });
    expect(found.pullRequest?.threads).toMatchObject([{ line: 6, isOutdated: true }]);
  });

  it('finds the lines that belong to the review that asked', async () => {
    answerGraphQL(api, asPull());
    const found = await readConversation(auth, fromReview);
    expect(found.reviewLines).toMatchObject([{ comments: [{ id: 21 }] }]);
    expect(found.asked).toMatchObject({ nodeId: 'PRR_41', answer: { kind: 'issue', subjectId: 'PR_7' } });
    expect(found.pullRequest?.threads).toMatchObject([{ comments: [{ id: 3_000_000_011 }, {}] }]);
  });

  it('asks once more for a thread that is not among the newest', async () => {
    answerGraphQL(api, asPull({ reviewThreads: list([], 80) }));
    const rest = (id: number, in_reply_to_id?: number) => ({
      id,
      in_reply_to_id,
      path: 'old.ts',
      line: null,
      original_line: 3,
      diff_hunk: '+old',
      user: { login: 'rob' },
      author_association: 'NONE',
      created_at: at,
      body: `said ${id}`,
    });
    nock(api)
      .get('/repos/acme/shop/pulls/7/comments')
      .query({ per_page: 100 })
      .reply(200, [rest(1), rest(2), rest(3_000_000_012, 1)]);
    const found = await readConversation(auth, fromThread);
    expect(found.asked).toBeUndefined();
    expect(found.thread).toEqual({
      path: 'old.ts',
      line: 3,
      hunk: '+old',
      comments: [{ id: 1, author: 'rob', association: 'NONE', createdAt: at, text: 'said 1' }],
    });
  });

  it('reads an issue, and the branch of its earlier pull request', async () => {
    const issue = {
      __typename: 'Issue',
      id: 'I_7',
      number: 7,
      title: 'Round',
      body: '',
      url: 'https://github.example/acme/shop/issues/7',
      author: null,
      authorAssociation: 'NONE',
      state: 'OPEN',
      comments: list([comment(3_000_000_001, { author: null })], 1),
    };
    const earlier = { ...pullRequest, state: 'MERGED' };
    let asked: unknown;
    answerGraphQL(
      api,
      repository({
        issueOrPullRequest: issue,
        pullRequest: ({ number }: { number: number }) => {
          asked = number;
          return earlier;
        },
      }),
    );
    const found = await readConversation(auth, fromComment, 9);
    expect(asked).toBe(9);
    expect(found).toMatchObject({
      issue: { title: 'Round', author: 'ghost', olderComments: 0 },
      earlier: { branch: 'topic', open: false },
      asked: {
        answer: { kind: 'issue', subjectId: 'I_7' },
        request: { author: { id: 0, login: 'ghost', type: 'User' } },
      },
    });
    expect(found.pullRequest).toBeUndefined();
  });

  it('goes on without an earlier pull request that is gone', async () => {
    const gone = refused('NOT_FOUND', 'Could not resolve to a PullRequest with the number of 9.');
    answerGraphQL(api, repository({ issueOrPullRequest: pullRequest, pullRequest: gone }));
    const found = await readConversation(auth, fromComment, 9);
    expect(found.earlier).toBeUndefined();
    expect(found.pullRequest?.unreadable).toBeUndefined();
  });

  it('uses what GitHub lets it read, and names what it does not', async () => {
    const forbidden = refused('FORBIDDEN', 'Resource not accessible by integration');
    const commits = list([{ commit: { statusCheckRollup: forbidden } }]);
    answerGraphQL(api, asPull({ commits, reviews: forbidden }));
    const { pullRequest: found } = await readConversation(auth, fromComment);
    expect(found).toMatchObject({ title: 'Coupons', unreadable: ['the reviews', 'the checks'] });
    expect(found?.checks).toBeUndefined();
    expect(found?.reviews).toBeUndefined();
  });

  it('says that a pull request from a fork is one', async () => {
    answerGraphQL(api, asPull({ isCrossRepository: true }));
    expect((await readConversation(auth, fromComment)).pullRequest?.sameRepository).toBe(false);
  });

  it('says that an issue is gone', async () => {
    answerGraphQL(
      api,
      repository({ issueOrPullRequest: refused('NOT_FOUND', 'Could not resolve to an issue') }),
    );
    await expect(readConversation(auth, fromComment)).rejects.toMatchObject({
      code: 'ticket-unreadable',
      message: '#7 of acme/shop cannot be read: it was deleted or moved.',
    });
  });

  it('says that it may not read a pull request', async () => {
    answerGraphQL(
      api,
      repository({ issueOrPullRequest: refused('FORBIDDEN', 'Resource not accessible by integration') }),
    );
    await expect(readConversation(auth, fromComment)).rejects.toMatchObject({
      code: 'ticket-unreadable',
      message: 'The app may not read #7 of acme/shop.',
      hint: expect.stringContaining('permissions of app.yml'),
    });
  });

  it('says that GitHub does not answer', async () => {
    nock(api).post('/graphql').reply(502, { message: 'Bad gateway' });
    await expect(readConversation(auth, fromComment)).rejects.toMatchObject({
      code: 'github-failed',
      message: 'GitHub failed while reading #7 (HTTP 502).',
    });
  });

  it.each([
    ['after so many seconds', 403, { 'retry-after': '60' }, 'for another 60 seconds'],
    ['too many at once', 429, {}, 'the limit is used up'],
    [
      'none left',
      403,
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1767603600' },
      'until 09:00 UTC',
    ],
  ])('says until when GitHub takes no more requests: %s', async (_what, status, headers, until) => {
    nock(api).post('/graphql').reply(status, { message: 'rate limit' }, headers);
    await expect(readConversation(auth, fromComment)).rejects.toMatchObject({
      code: 'github-failed',
      message: `GitHub takes no more requests of Dexter for now (${until}), which stopped it while reading #7.`,
      hint: expect.stringContaining('`retry`'),
    });
  });

  it('knows a limit that GraphQL reports in its answer', async () => {
    const errors = [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded' }];
    nock(api).post('/graphql').reply(200, { errors }, { 'x-ratelimit-reset': '1767603600' });
    await expect(readConversation(auth, fromComment)).rejects.toThrow('(until 09:00 UTC)');
  });

  it('fails on an answer that it does not understand', async () => {
    nock(api)
      .post('/graphql')
      .reply(200, { data: { repository: { issueOrPullRequest: { id: 1 } } } });
    await expect(readConversation(auth, fromComment)).rejects.toBeInstanceOf(AppError);
  });
});

describe('readBranch', () => {
  it('reads the branch and the default branch', async () => {
    answerGraphQL(api, repository({ pullRequest }));
    expect(await readBranch(auth, place)).toEqual({
      defaultBranch: 'main',
      isPrivate: true,
      branch: 'topic',
      open: true,
    });
  });

  it('says that the pull request is gone', async () => {
    answerGraphQL(api, repository({ pullRequest: refused('NOT_FOUND', 'Could not resolve') }));
    await expect(readBranch(auth, place)).rejects.toMatchObject({ code: 'ticket-unreadable' });
  });
});

describe('answerAsked', () => {
  const asked = {
    request: { text: '', author: { id: 1, login: 'maria', type: 'User' }, createdAt: at, url: '' },
    nodeId: 'IC_1',
    answer: { kind: 'issue' as const, subjectId: 'PR_7' },
  };
  const made = { commentEdge: { node: { fullDatabaseId: '3000000100' } } };
  const inputs: unknown[] = [];
  const keeping = (answer: unknown) => (input: unknown) => {
    inputs.push(input);
    return answer;
  };

  it('reacts and comments in one request', async () => {
    const sent = answerGraphQL(api, {
      addReaction: keeping({ reaction: { content: 'EYES' } }),
      addComment: keeping(made),
    });
    expect(await answerAsked(auth, fromComment, asked, 'On it', true)).toEqual({
      posted: { kind: 'issue', id: 3_000_000_100 },
    });
    expect(sent.isDone()).toBe(true);
    expect(inputs).toEqual([
      { input: { subjectId: 'IC_1', content: 'EYES' } },
      { input: { subjectId: 'PR_7', body: 'On it' } },
    ]);
  });

  it('answers in the review thread that asked, without a second reaction', async () => {
    answerGraphQL(api, {
      addReaction: () => {
        throw new Error('not asked for');
      },
      addPullRequestReviewThreadReply: { comment: { fullDatabaseId: '12' } },
    });
    const inThread = { ...asked, answer: { kind: 'review' as const, subjectId: 'PRRT_1' } };
    expect(await answerAsked(auth, fromThread, inThread, 'On it', false)).toEqual({
      posted: { kind: 'review', id: 12 },
    });
  });

  it('comments where it may not react, and says so', async () => {
    answerGraphQL(api, { addReaction: refused('FORBIDDEN', 'Not accessible'), addComment: made });
    const { posted, problem } = await answerAsked(auth, fromComment, asked, 'On it', true);
    expect(posted.id).toBe(3_000_000_100);
    expect(problem?.message).toBe('GitHub failed while reacting to the comment.');
  });

  it('fails when it may not comment', async () => {
    answerGraphQL(api, {
      addReaction: { reaction: { content: 'EYES' } },
      addComment: refused('FORBIDDEN', 'The conversation is locked'),
    });
    await expect(answerAsked(auth, fromComment, asked, 'On it', true)).rejects.toMatchObject({
      code: 'github-failed',
      message: 'GitHub failed while posting the status comment.',
    });
  });
});
