import nock from 'nock';
import { Octokit } from 'octokit';
import { describe, expect, it } from 'vitest';
import type { AloneRequest } from '../../action/inputs.ts';
import { type PlanAloneOptions, planAlone } from '../../action/plan-alone.ts';
import { IssueKey } from '../../src/core/issue-key.ts';
import { answerGraphQL } from '../fakes/graphql.ts';

const api = 'https://api.github.example';
const octokit = new Octokit({
  auth: 'ghs_token',
  baseUrl: api,
  retry: { enabled: false },
  throttle: { enabled: false },
});
const repository = { id: 20, owner: 'acme', name: 'shop' };
const repo = '/repos/acme/shop';

const asked: AloneRequest = {
  instruction: '@dexter add tests',
  context: '',
  issueKey: undefined,
  number: undefined,
  title: undefined,
  ticketUrl: undefined,
  requestedBy: undefined,
  committer: undefined,
  sessionKey: undefined,
  previousSessionKeys: [],
};

function plan(request: Partial<AloneRequest>, event: Partial<PlanAloneOptions['event']> = {}) {
  return planAlone({
    request: { ...asked, ...request },
    event: { GITHUB_EVENT_NAME: 'workflow_dispatch', GITHUB_ACTOR: 'maria', ...event },
    repository,
    octokit,
  });
}

async function ready(...given: Parameters<typeof plan>) {
  const planned = await plan(...given);
  if (planned.outcome !== 'ready') throw new Error(planned.problem.message);
  return planned;
}

const maria = { __typename: 'User', login: 'maria', databaseId: 11 };
const none = { totalCount: 0, nodes: [] };
const about = {
  body: 'What it is about.',
  author: maria,
  authorAssociation: 'MEMBER',
  comments: none,
};

function answerIssue(number: number, changes: object = {}) {
  const url = `https://github.example/acme/shop/issues/${number}`;
  const issue = { __typename: 'Issue', id: 'I_1', number, title: 'Coupons', url, state: 'OPEN' };
  return answerSubject({ ...issue, ...about, ...changes });
}

function answerPullRequest(number: number, changes: object = {}) {
  return answerSubject({
    __typename: 'PullRequest',
    id: 'PR_1',
    number,
    title: 'Add coupons',
    url: `https://github.example/acme/shop/pull/${number}`,
    ...about,
    state: 'OPEN',
    headRefName: 'feature/coupons',
    headRefOid: 'a'.repeat(40),
    baseRefName: 'main',
    baseRefOid: 'b'.repeat(40),
    isCrossRepository: false,
    additions: 1,
    deletions: 0,
    changedFiles: 1,
    files: none,
    reviews: none,
    reviewThreads: none,
    commits: none,
    ...changes,
  });
}

function answerSubject(issueOrPullRequest: object) {
  const defaultBranchRef = { name: 'main' };
  answerGraphQL(api, { repository: { defaultBranchRef, isPrivate: true, issueOrPullRequest } });
}

/** Branches that Dexter made, each with its pull requests. */
function answerBranches(
  key: string,
  branches: Record<string, { number: number; state: string; id?: number }[]>,
) {
  const refs = Object.keys(branches).map((branch) => ({ ref: `refs/heads/${branch}` }));
  nock(api).get(`${repo}/git/matching-refs/heads%2Fdexter%2F${key}`).reply(200, refs);
  for (const [branch, pulls] of Object.entries(branches)) {
    const found = pulls.map(({ number, state, id = 20 }) => ({
      number,
      state,
      html_url: `https://github.example/acme/shop/pull/${number}`,
      head: { ref: branch, repo: { id } },
    }));
    nock(api)
      .get(`${repo}/pulls`)
      .query((query) => query.head === `acme:${branch}` && query.state === 'all')
      .reply(200, found);
  }
}

function answerPermission(login: string, permission: string) {
  nock(api).get(`${repo}/collaborators/${login}/permission`).reply(200, { permission });
}

describe('who may start a run without the app', () => {
  it.each(['workflow_dispatch', 'repository_dispatch', 'push', 'schedule'])(
    'is not asked again for %s, which only who may write can cause',
    async (event) => {
      answerBranches('DX-1', {});
      const planned = await plan({ issueKey: IssueKey.parse('DX-1') }, { GITHUB_EVENT_NAME: event });
      expect(planned.outcome).toBe('ready');
    },
  );

  it.each(['issue_comment', 'pull_request_review', 'issues', 'pull_request', 'discussion_comment', ''])(
    'is asked of GitHub for %j, and a no starts and tells nothing',
    async (event) => {
      answerPermission('guest', 'read');
      const said = { GITHUB_EVENT_NAME: event, GITHUB_ACTOR: 'guest' };
      expect(await plan({ number: 7 }, said)).toMatchObject({
        outcome: 'refused',
        isTold: false,
        problem: {
          code: 'not-authorized',
          message: expect.stringContaining('`guest` may not write to acme/shop'),
        },
      });
    },
  );

  it('is nobody when GitHub does not answer', async () => {
    nock(api).get(`${repo}/collaborators/maria/permission`).reply(502);
    expect(await plan({ number: 7 }, { GITHUB_EVENT_NAME: 'issue_comment' })).toMatchObject({
      outcome: 'refused',
      problem: { code: 'not-authorized' },
    });
  });

  it('is no bot, which is not even asked for', async () => {
    const event = { GITHUB_EVENT_NAME: 'issue_comment', GITHUB_ACTOR: 'renovate[bot]' };
    expect(await plan({ number: 7 }, event)).toMatchObject({
      outcome: 'refused',
      problem: { message: expect.stringContaining('not a person') },
    });
  });

  it('is whoever may write', async () => {
    answerPermission('maria', 'write');
    answerIssue(7);
    answerBranches('gh-20-7', {});
    expect((await plan({ number: 7 }, { GITHUB_EVENT_NAME: 'issue_comment' })).outcome).toBe('ready');
  });

  it('is nobody on pull_request_target, where the code of a fork would meet secrets', async () => {
    await expect(plan({ number: 7 }, { GITHUB_EVENT_NAME: 'pull_request_target' })).rejects.toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining('pull_request_target'),
    });
  });
});

describe('what a run without the app does', () => {
  const key = IssueKey.parse('DX-1');

  it.each([
    ['@dexter add tests', { instruction: 'add tests', session: { mode: 'resume' } }],
    ['@dexter fresh add tests', { instruction: 'add tests', session: { mode: 'fresh' } }],
    [
      '@dexter --model opus --max-budget 2 add tests',
      { instruction: 'add tests', session: { mode: 'resume', model: 'opus', maxBudgetUsd: 2 } },
    ],
    [
      '@dexter --engine anthropic-api add tests',
      { instruction: 'add tests', session: { mode: 'resume', engine: 'anthropic-api' } },
    ],
    [
      '@dexter plan fresh tests for the cart',
      {
        instruction: expect.stringContaining('do not carry it out:\n\ntests for the cart\n\n'),
        session: { mode: 'fresh', kind: 'plan' },
      },
    ],
    ['add tests --fresh', { instruction: 'add tests --fresh', session: { mode: 'resume' } }],
  ])('is what %j says', async (instruction, job) => {
    answerBranches('DX-1', {});
    expect((await ready({ instruction, issueKey: key })).job).toMatchObject({
      ...job,
      issueKey: 'DX-1',
      appUrl: '',
      session: { ...job.session, installationId: 0, repositoryId: 20, generation: 0 },
    });
  });

  it.each([
    ['0', 'The budget of a run is $0.00, so nothing may be spent.'],
    ['0.001', 'The budget of a run is $0.0010, and a run is not begun with less than $0.01.'],
  ])('is nothing with a budget of %s, as with the app', async (usd, message) => {
    const asked = { instruction: `@dexter --max-budget ${usd} add tests`, issueKey: key };
    expect(await plan(asked)).toMatchObject({
      outcome: 'refused',
      isTold: true,
      problem: { code: 'budget-spent', message, hint: 'Whoever asks can allow more with `--max-budget`.' },
    });
  });

  it('is shown as it was asked', async () => {
    answerBranches('DX-1', {});
    expect((await ready({ instruction: '@dexter plan the cart --model opus', issueKey: key })).asked).toBe(
      'plan the cart',
    );
  });

  it('is to forget the session when that is all that is said', async () => {
    const { job } = await ready({ instruction: '@dexter forget', issueKey: key });
    expect(job).toMatchObject({ issueKey: 'DX-1', session: { mode: 'forget' } });
  });

  it.each([
    ['@dexter stop', 'Cancel the workflow run'],
    ['@dexter retry', 'run again'],
    ['@dexter status', 'Actions page'],
    ['@dexter help', 'Write what you want'],
    ['@dexter --modle opus add tests', 'Known flags'],
  ])('is nothing for %j, and whoever asked is told why', async (instruction, hint) => {
    const planned = await plan({ instruction, issueKey: key });
    expect(planned).toMatchObject({
      outcome: 'refused',
      isTold: true,
      problem: { hint: expect.stringContaining(hint) },
    });
  });

  it.each([
    ['issue_comment', 'Looks good to me.'],
    ['issue_comment', 'Thanks, @dexter!'],
    ['repository_dispatch', 'Thanks, @Dexter!'],
    ['repository_dispatch', '> @dexter add tests\n\nWhy?'],
  ])('is nothing for a text of %s that is for somebody else: %j', async (event, instruction) => {
    if (event === 'issue_comment') answerPermission('maria', 'admin');
    expect(await plan({ instruction, number: 7 }, { GITHUB_EVENT_NAME: event })).toMatchObject({
      outcome: 'refused',
      isTold: false,
      problem: { code: 'nothing-to-do' },
    });
  });
});

describe('where a run without the app works', () => {
  it('is a new branch of the issue, which its pull request closes', async () => {
    answerIssue(7);
    answerBranches('gh-20-7', {});
    const { job, context } = await ready({ number: 7 });
    expect(job.issueKey).toBe('gh-20-7');
    expect(job.target).toEqual({
      branch: 'dexter/gh-20-7-coupons',
      base: '',
      title: 'Coupons',
      ticketUrl: 'https://github.example/acme/shop/issues/7',
      closes: 7,
      requestedBy: '@maria',
    });
    expect(context.text).toContain('# GitHub issue #7: Coupons');
  });

  it('is the branch of the pull request', async () => {
    answerPullRequest(8);
    const { job, context } = await ready({ number: 8, requestedBy: 'Ann Example' });
    expect(job.issueKey).toBe('gh-20-8');
    expect(job.target).toMatchObject({
      branch: 'feature/coupons',
      base: 'main',
      pullRequest: 8,
      requestedBy: 'Ann Example',
    });
    expect(context.text).toContain('Add coupons');
  });

  it.each([
    ['dexter/gh-20-7-coupons', 'gh-20-7'],
    ['dexter/DX-1-coupons-after-4', 'DX-1'],
    // A key of another repository says nothing here.
    ['dexter/gh-21-7-coupons', 'gh-20-8'],
    ['feature/DX-1', 'gh-20-8'],
  ])('is, on a pull request from %s, the session of %s', async (headRefName, issueKey) => {
    answerPullRequest(8, { headRefName });
    expect((await ready({ number: 8 })).job.issueKey).toBe(issueKey);
  });

  it('is the session that the caller names before any other', async () => {
    answerPullRequest(8, { headRefName: 'dexter/gh-20-7-coupons' });
    const { job } = await ready({ number: 8, issueKey: IssueKey.parse('DX-1') });
    expect(job).toMatchObject({ issueKey: 'DX-1', target: { pullRequest: 8 } });
  });

  it('is never a fork', async () => {
    answerPullRequest(8, { isCrossRepository: true, headRefName: 'dexter/gh-20-7-coupons' });
    expect(await plan({ number: 8 })).toMatchObject({
      outcome: 'refused',
      isTold: true,
      problem: {
        code: 'branch-unusable',
        message: 'Pull request #8 comes from a fork, and Dexter does not push to forks.',
      },
    });
  });

  it('is no pull request that is closed', async () => {
    answerPullRequest(8, { state: 'MERGED' });
    expect(await plan({ number: 8 })).toMatchObject({
      outcome: 'refused',
      problem: { message: 'Pull request #8 is closed.' },
    });
  });

  it('is the open pull request that Dexter made for the issue before, whatever its title is now', async () => {
    answerIssue(7, { title: 'Vouchers' });
    answerBranches('gh-20-7', {
      'dexter/gh-20-7-coupons': [{ number: 9, state: 'closed' }],
      'dexter/gh-20-7-coupons-after-9': [{ number: 12, state: 'open' }],
    });
    expect((await ready({ number: 7 })).job.target).toMatchObject({
      branch: 'dexter/gh-20-7-coupons-after-9',
      pullRequest: 12,
    });
  });

  it('is another branch when the earlier pull request is closed, and its branch is left alone', async () => {
    answerIssue(7);
    answerBranches('gh-20-7', { 'dexter/gh-20-7-coupons': [{ number: 9, state: 'closed' }] });
    const { target } = (await ready({ number: 7 })).job;
    expect(target.branch).toBe('dexter/gh-20-7-coupons-after-9');
    expect(target.pullRequest).toBeUndefined();
  });

  it('is no branch of an issue whose key only begins the same, and no pull request of a fork', async () => {
    answerIssue(7);
    const refs = [{ ref: 'refs/heads/dexter/gh-20-71-x' }, { ref: 'refs/heads/dexter/gh-20-7-coupons' }];
    nock(api).get(`${repo}/git/matching-refs/heads%2Fdexter%2Fgh-20-7`).reply(200, refs);
    const head = { ref: 'dexter/gh-20-7-coupons', repo: { id: 99 } };
    nock(api)
      .get(`${repo}/pulls`)
      .query((query) => query.head === 'acme:dexter/gh-20-7-coupons')
      .reply(200, [{ number: 9, state: 'open', html_url: 'u', head }]);
    expect((await ready({ number: 7 })).job.target.branch).toBe('dexter/gh-20-7-coupons');
  });

  it('is named after the ticket that the caller tells of', async () => {
    answerBranches('DX-1', {});
    const { job, context } = await ready({
      issueKey: IssueKey.parse('DX-1'),
      title: 'Coupons for all',
      ticketUrl: 'https://jira.example/browse/DX-1',
      context: 'claim: is how this text begins',
      requestedBy: 'Ann Example',
    });
    expect(job.target).toEqual({
      branch: 'dexter/DX-1-coupons-for-all',
      base: '',
      title: 'Coupons for all',
      ticketUrl: 'https://jira.example/browse/DX-1',
      closes: undefined,
      requestedBy: 'Ann Example',
    });
    expect(context).toEqual({ attachments: [], text: 'claim: is how this text begins' });
  });

  it('is named after the key where nobody told of the ticket', async () => {
    answerBranches('DX-1', {});
    const { target } = (await ready({ issueKey: IssueKey.parse('DX-1') })).job;
    expect(target).toMatchObject({ branch: 'dexter/DX-1', title: '', ticketUrl: '' });
  });

  it('is not known without a key and a number', async () => {
    await expect(plan({})).rejects.toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining('`issue-key`'),
    });
  });

  it('is said to be unreadable with the permissions that the job needs', async () => {
    answerGraphQL(api, { repository: { defaultBranchRef: null, isPrivate: true, issueOrPullRequest: null } });
    await expect(plan({ number: 7 })).rejects.toMatchObject({
      code: 'ticket-unreadable',
      hint: expect.stringContaining('`issues: read` and `pull-requests: read`'),
    });
  });
});

it('what a first message has no room for stands in a file as a whole', async () => {
  answerBranches('DX-1', {});
  const long = 'A long line of a long ticket.\n'.repeat(5_000);
  const { context } = await ready({ issueKey: IssueKey.parse('DX-1'), context: long });
  expect(context.full).toBe(long);
  expect(context.text?.length).toBeLessThanOrEqual(60_000);
  expect(context.text).toContain('more characters are left out');
});
