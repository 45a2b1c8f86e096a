import { fileURLToPath } from 'node:url';
import { Octokit } from 'octokit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GitHub, startGitHub } from '../../demo/github/start-github.ts';
import { postAnswer } from '../../src/github/comments.ts';

const repo = { owner: 'acme', repo: 'shop' };

let github: GitHub;

beforeAll(async () => {
  github = await startGitHub({
    repositorySource: fileURLToPath(new URL('../../demo/repository', import.meta.url)),
  });
});

afterAll(() => github.close());

/** A pull request that adds one file, and a comment on its first line. */
async function reviewed() {
  const maria = github.as('maria').rest;
  const { data: main } = await maria.git.getRef({ ...repo, ref: 'heads/main' });
  await maria.git.createRef({ ...repo, ref: 'refs/heads/topic', sha: main.object.sha });
  await maria.repos.createOrUpdateFileContents({
    ...repo,
    path: 'new.txt',
    branch: 'topic',
    message: 'Add a file',
    content: Buffer.from('new\n').toString('base64'),
  });
  const { data: pull } = await maria.pulls.create({ ...repo, title: 'Topic', head: 'topic', base: 'main' });
  const { data: first } = await maria.pulls.createReviewComment({
    ...repo,
    pull_number: pull.number,
    commit_id: pull.head.sha,
    path: 'new.txt',
    line: 1,
    body: 'What is this?',
  });
  return { number: pull.number, first };
}

test('a command in a reply is answered in the same thread', async () => {
  const { number, first } = await reviewed();
  const { data: reply } = await github.as('maria').rest.pulls.createReplyForReviewComment({
    ...repo,
    pull_number: number,
    comment_id: first.id,
    body: '@dexter explain',
  });
  const auth = async () => new Octokit({ baseUrl: github.apiUrl, auth: github.tokenOf('maria') });
  const origin = {
    kind: 'github-review-comment' as const,
    installationId: github.app.installationId,
    repository: { id: github.repository.id, owner: 'acme', name: 'shop' },
    number,
  };
  for (const asked of [first, reply]) {
    const place = await postAnswer(auth, { ...origin, commentId: asked.id }, 'It is new.');
    expect(place.kind).toBe('review');
    const { data } = await github.as('maria').rest.pulls.getReviewComment({ ...repo, comment_id: place.id });
    expect(data).toMatchObject({ in_reply_to_id: first.id, body: 'It is new.', path: 'new.txt' });
  }
});
