import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { App, Octokit } from 'octokit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failingCheckLogs } from '../../action/failing-checks.ts';
import { type GitHub, startGitHub } from '../../demo/github/start-github.ts';
import { readConversation } from '../../src/github/conversation.ts';
import type { Authenticate } from '../../src/github/github.ts';
import { runnerToken } from '../../src/github/repositories.ts';
import { openPullRequest } from '../fakes/pull-request.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

const repo = { owner: 'acme', repo: 'shop' };
const quiet = { throttle: { enabled: false }, retry: { enabled: false } };

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let github: GitHub;
/** The same, where the App was granted neither checks nor Actions. */
let narrow: GitHub;
/** A pull request of each. */
let asked: Awaited<ReturnType<typeof pullRequestOn>>;
let askedNarrowly: typeof asked;

beforeAll(async () => {
  directory = await temporaryDirectory();
  const source = join(directory.path, 'source');
  await mkdir(source);
  await writeFile(join(source, 'cart.ts'), 'export const total = 0;\n');
  github = await startGitHub({ repositorySource: source });
  narrow = await startGitHub({ repositorySource: source, without: ['checks', 'actions'] });
  asked = await pullRequestOn(github);
  askedNarrowly = await pullRequestOn(narrow);
});

afterAll(async () => {
  await github?.close();
  await narrow?.close();
  await directory?.remove();
});

const appOf =
  (on: GitHub): Authenticate =>
  async (installationId) => {
    const { id: appId, privateKey } = on.app;
    const app = new App({
      appId,
      privateKey,
      Octokit: Octokit.defaults({ ...quiet, baseUrl: on.apiUrl }),
    });
    return installationId === undefined ? app.octokit : app.getInstallationOctokit(installationId);
  };

const placeOn = (on: GitHub, number: number) => ({
  installationId: on.app.installationId,
  repository: { id: on.repository.id, owner: 'acme', name: 'shop' },
  number,
});

/** A pull request with a thread, a review, a failing job and a failing status. */
async function pullRequestOn(on: GitHub) {
  const maria = on.as('maria');
  const { number, sha } = await openPullRequest(on, {
    title: 'Topic',
    body: 'About it',
    branch: 'topic',
    path: 'new.txt',
    content: 'one\ntwo\n',
  });
  const line = { commit_id: sha, path: 'new.txt' };
  const on1 = { ...repo, pull_number: number };
  const { data: resolved } = await maria.rest.pulls.createReviewComment({
    ...on1,
    ...line,
    line: 1,
    body: 'Typo',
  });
  on.resolveThread(resolved.id);
  const { data: opening } = await maria.rest.pulls.createReviewComment({
    ...on1,
    ...line,
    line: 2,
    body: 'Why two?',
  });
  const { data: reply } = await on
    .as('rob')
    .rest.pulls.createReplyForReviewComment({ ...on1, comment_id: opening.id, body: '@dexter explain' });
  await maria.rest.pulls.createReview({ ...on1, event: 'REQUEST_CHANGES', body: 'Not yet.' });
  await maria.rest.issues.createComment({ ...repo, issue_number: number, body: 'Soon?' });
  await on.recordJob({
    commit: sha,
    name: 'test',
    conclusion: 'failure',
    title: '1 failed',
    log: '2026-01-05T09:00:00.0Z not ok 1\n2026-01-05T09:00:01.0Z ##[error]Exit code 1\n2026-01-05T09:00:02.0Z Post job\n',
  });
  await maria.request('POST /repos/{owner}/{repo}/statuses/{sha}', {
    ...repo,
    sha,
    state: 'success',
    context: 'ci/other',
  });
  return { number, sha, opening: opening.id, reply: reply.id };
}

/** What a run finds with the token that its claim gives it. */
async function logsOf(on: GitHub, commit: string) {
  return failingCheckLogs({
    apiUrl: on.apiUrl,
    owner: 'acme',
    repository: 'shop',
    token: await runnerToken(appOf(on), on.app.installationId, on.repository.id),
    commit,
    secrets: [],
    signal: new AbortController().signal,
  });
}

describe('the simulated GraphQL API', () => {
  it('tells the app of a pull request what the REST API tells', async () => {
    const { number, sha, opening, reply } = asked;
    const found = await readConversation(appOf(github), {
      kind: 'github-review-comment',
      ...placeOn(github, number),
      commentId: reply,
    });
    expect(found).toMatchObject({
      defaultBranch: 'main',
      asked: {
        answer: { kind: 'review' },
        request: { text: '@dexter explain', author: { login: 'rob', type: 'User' } },
      },
      thread: { path: 'new.txt', line: 2, comments: [{ id: opening, text: 'Why two?', author: 'maria' }] },
      pullRequest: {
        title: 'Topic',
        body: 'About it',
        author: 'maria',
        headCommit: sha,
        branch: 'topic',
        base: 'main',
        state: 'open',
        sameRepository: true,
        diff: {
          additions: 2,
          deletions: 0,
          changedFiles: 1,
          files: [{ path: 'new.txt', additions: 2, deletions: 0 }],
        },
        comments: [{ text: 'Soon?' }],
        reviews: [{ text: 'Not yet.', state: 'CHANGES_REQUESTED' }],
        threads: [],
        checks: { passed: 1, failing: [{ name: 'test', conclusion: 'FAILURE', title: '1 failed' }] },
      },
    });
    expect(found.thread?.hunk).toContain('+two');
    expect(found.pullRequest?.unreadable).toBeUndefined();
  });

  it('gives the run the end of the log of a failing job, with the token of its claim', async () => {
    const logs = await logsOf(github, asked.sha);
    expect(logs).toMatchObject({
      jobs: [{ name: 'test', workflow: 'ci.yml', lines: ['not ok 1', '##[error]Exit code 1'] }],
      more: 0,
      notices: [],
    });
  });

  it('refuses what GitHub has not got', async () => {
    const mistaken = github.as('maria').graphql('{ repository(owner: "acme", name: "shop") { colour } }');
    await expect(mistaken).rejects.toThrow('Cannot query field "colour" on type "Repository".');
    await expect(github.as('maria').graphql('{ repository(')).rejects.toThrow('Syntax Error');
  });

  it('wants a number for every list, as GitHub does', async () => {
    const of = (page: string) =>
      github
        .as('maria')
        .graphql(
          `{ repository(owner: "acme", name: "shop") { pullRequest(number: ${asked.number}) { files${page} { totalCount } } } }`,
        );
    await expect(of('')).rejects.toThrow('You must provide a `first` or `last` value');
    await expect(of('(first: 101)')).rejects.toThrow('exceeds the limit of 100 records');
    expect(await of('(first: 1)')).toEqual({ repository: { pullRequest: { files: { totalCount: 1 } } } });
  });

  it('tells nobody anything without a token', async () => {
    const response = await fetch(`${github.apiUrl}/graphql`, { method: 'POST', body: '{}' });
    expect(response.status).toBe(401);
  });
});

describe('an app that was not granted everything', () => {
  it('reads what it may and says what it may not', async () => {
    const where = placeOn(narrow, askedNarrowly.number);
    const origin = { kind: 'github-comment' as const, ...where, commentId: 1 };
    const { pullRequest } = await readConversation(appOf(narrow), origin);
    expect(pullRequest).toMatchObject({ title: 'Topic', unreadable: ['the checks'] });
    expect(pullRequest?.checks).toBeUndefined();
  });

  it('still gives the run a token, with which it reads no log and says so', async () => {
    const logs = await logsOf(narrow, askedNarrowly.sha);
    expect(logs).toEqual({
      jobs: [],
      more: 0,
      notices: [
        'The logs of failing jobs could not be looked for: Dexter may not read Actions of this repository.',
      ],
    });
  });
});
