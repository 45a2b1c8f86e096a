import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { branchNews } from '../../action/branch-news.ts';
import { type Git, gitIn } from '../../action/git.ts';
import { renderBranchNews } from '../../src/context/branch-news.ts';
import { createRepository, git as plainGit, type Repository } from '../fakes/repository.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let repository: Repository;
let clones = 0;

beforeEach(async () => {
  directory = await temporaryDirectory();
  repository = await createRepository(directory.path);
  await repository.commit('topic', { 'ours.txt': 'one\n', 'both.txt': 'ours\n' }, 'main');
});

afterEach(() => directory.remove());

const tip = (branch: string) => plainGit(repository.path, 'rev-parse', `refs/heads/${branch}`);

/** The checkout of a run, as it is now on the server. */
async function checkout(): Promise<{ git: Git; start: string }> {
  clones += 1;
  const path = join(directory.path, `checkout-${clones}`);
  await plainGit(directory.path, 'clone', '--quiet', '--branch', 'topic', '--', repository.path, path);
  const git = gitIn(path, { PATH: process.env.PATH });
  return { git, start: await git(['rev-parse', 'HEAD']) };
}

async function newsSince(headCommit: string | null, baseBranchCommit?: string | null) {
  return branchNews({
    ...(await checkout()),
    base: 'main',
    since: { headCommit, ...(baseBranchCommit === undefined ? {} : { baseBranchCommit }) },
    ownEmail: 'dexter@example.com',
  });
}

it('says nothing when nothing happened', async () => {
  expect(await newsSince(await tip('topic'), await tip('main'))).toBeUndefined();
});

it('says nothing when the manifest does not say where the conversation ended', async () => {
  await repository.commit('topic', { 'new.txt': 'x\n' });
  expect(await newsSince(null)).toBeUndefined();
  expect(await newsSince('--output=/tmp/x')).toBeUndefined();
});

it('lists the commits of others since the conversation, newest first, with their files', async () => {
  const then = await tip('topic');
  const first = await repository.commit('topic', { 'a/one.txt': '1\n' });
  const second = await repository.commit('topic', { 'two.txt': '2\n', 'ours.txt': 'changed\n' });
  const news = await newsSince(then);
  expect(news).toMatchObject({ since: then, holdsSince: 'yes', moreCommits: 0 });
  expect(news?.base).toBeUndefined();
  expect(news?.commits).toMatchObject([
    { sha: second, author: 'Ann', byDexter: false, files: ['ours.txt', 'two.txt'], moreFiles: 0 },
    { sha: first, subject: 'Change a/one.txt', files: ['a/one.txt'] },
  ]);
  expect(renderBranchNews(news)).toBe(
    [
      'Commits on the branch since then, newest first:',
      '',
      `- ${second.slice(0, 12)} by Ann: Change two.txt, ours.txt (\`ours.txt\`, \`two.txt\`)`,
      `- ${first.slice(0, 12)} by Ann: Change a/one.txt (\`a/one.txt\`)`,
    ].join('\n'),
  );
});

it('shows the newest twenty commits and counts the others', async () => {
  const then = await tip('topic');
  const clone = join(directory.path, 'many');
  await plainGit(directory.path, 'clone', '--quiet', '--branch', 'topic', '--', repository.path, clone);
  for (let index = 1; index <= 23; index += 1)
    await plainGit(clone, 'commit', '--quiet', '--allow-empty', '-m', `Step ${index}`);
  await plainGit(clone, 'push', '--quiet', 'origin', 'topic');
  const news = await newsSince(then);
  expect(news?.commits.map(({ subject }) => subject)).toEqual(
    Array.from({ length: 20 }, (_, index) => `Step ${23 - index}`),
  );
  expect(news?.moreCommits).toBe(3);
  expect(renderBranchNews(news)).toContain('- (3 older commits are left out)');
});

it('says how far the base moved, and which files it and the branch both change', async () => {
  const then = await tip('topic');
  const base = await tip('main');
  await repository.commit('main', { 'both.txt': 'theirs\n' });
  await repository.commit('main', { 'theirs.txt': 'x\n' });
  const news = await newsSince(then, base);
  expect(news).toMatchObject({
    holdsSince: 'yes',
    commits: [],
    base: { branch: 'main', commits: 2, behind: 2, both: ['both.txt'], moreBoth: 0 },
  });
  expect(renderBranchNews(news)).toBe(
    '`main` moved by 2 commits since then. The branch lacks 2 commits of it. They change files that the branch changes too: `both.txt`.',
  );
});

it('counts from where the base was, not from where the branch left it', async () => {
  await repository.commit('main', { 'early.txt': 'x\n' });
  const base = await tip('main');
  const then = await tip('topic');
  await repository.commit('main', { 'late.txt': 'x\n' });
  expect((await newsSince(then, base))?.base).toMatchObject({ commits: 1, behind: 2, both: [] });
  // An older manifest does not say where it was.
  expect((await newsSince(then))?.base).toMatchObject({ commits: 2, behind: 2 });
  expect(renderBranchNews(await newsSince(then, base))).toContain('None of them changes a file');
});

it('does not list what came into the branch from its base', async () => {
  const then = await tip('topic');
  await repository.commit('main', { 'theirs.txt': 'x\n' });
  const clone = join(directory.path, 'merging');
  await plainGit(directory.path, 'clone', '--quiet', '--branch', 'topic', '--', repository.path, clone);
  await plainGit(clone, 'merge', '--quiet', '--no-edit', 'origin/main');
  await plainGit(clone, 'push', '--quiet', 'origin', 'topic');
  const news = await newsSince(then);
  expect(news?.commits.map(({ subject, files }) => [subject, files])).toEqual([
    ["Merge remote-tracking branch 'origin/main' into topic", ['theirs.txt']],
  ]);
  expect(renderBranchNews(await newsSince(then))).not.toContain('Change theirs.txt');
});

it('tells of a branch that was rewritten, and leaves out commits that were only moved', async () => {
  const base = await tip('main');
  const then = await repository.commit('topic', { 'kept.txt': 'x\n' });
  await repository.commit('main', { 'theirs.txt': 'x\n' });
  const clone = join(directory.path, 'rebasing');
  await plainGit(directory.path, 'clone', '--quiet', '--branch', 'topic', '--', repository.path, clone);
  await plainGit(clone, 'rebase', '--quiet', 'origin/main');
  await plainGit(clone, 'commit', '--quiet', '--allow-empty', '-m', 'After the rebase');
  await plainGit(clone, 'push', '--quiet', '--force', 'origin', 'topic');
  const { git, start } = await checkout();
  // The earlier commits are still in what this runner had fetched before.
  await git(['fetch', '--quiet', '--', repository.path, then]).catch(() => undefined);
  await plainGit(repository.path, 'update-ref', 'refs/heads/kept', then);
  await git(['fetch', '--quiet', '--', repository.path, 'refs/heads/kept']);
  const news = await branchNews({
    git,
    start,
    base: 'main',
    since: { headCommit: then, baseBranchCommit: base },
    ownEmail: '',
  });
  expect(news).toMatchObject({ holdsSince: 'no', base: { commits: 1, behind: 0 } });
  expect(news?.commits.map(({ subject }) => subject)).toEqual(['After the rebase']);
  expect(renderBranchNews(news)).toContain('was rewritten, or that commit was never pushed');
});

it('tells of a commit that is gone, with all that is on the branch now', async () => {
  const news = await newsSince('1'.repeat(40));
  expect(news).toMatchObject({ holdsSince: 'unknown', commits: [{ subject: 'Change ours.txt, both.txt' }] });
  expect(news?.base).toBeUndefined();
  expect(renderBranchNews(news)).toContain('is not to be found any more');
});

it("tells Dexter's own commits from those of others", async () => {
  const then = await tip('topic');
  await repository.commit('topic', { 'x.txt': 'x\n' });
  const given = { ...(await checkout()), base: 'main', since: { headCommit: then } };
  const news = await branchNews({ ...given, ownEmail: 'ann@example.com' });
  expect(news?.commits[0]?.byDexter).toBe(true);
  expect(renderBranchNews(news)).toContain('by Dexter, in a run that is not part of this conversation');
});

it('takes names as they are, whatever they look like', async () => {
  const then = await tip('topic');
  await repository.commit('topic', { 'odd `name`|\n.txt': 'x\n', '-rf': 'x\n' });
  const news = await newsSince(then);
  expect(news?.commits[0]?.files).toEqual(['-rf', 'odd `name`|\n.txt']);
  expect(renderBranchNews(news)).toContain("(`-rf`, `odd 'name'\\| .txt`)");
});
