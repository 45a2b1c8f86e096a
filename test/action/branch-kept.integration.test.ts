import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { branchKept } from '../../action/branch-kept.ts';
import { branchSoFar } from '../../action/branch-news.ts';
import { gitIn } from '../../action/git.ts';
import { renderBranchSoFar } from '../../src/context/branch-news.ts';
import { createRepository, git as plainGit, type Repository } from '../fakes/repository.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let repository: Repository;
let path: string;
let ended: string;

const git = (...args: string[]) => plainGit(path, ...args);

/** A clone on `topic`, whose two commits a conversation ended with; what comes then happens in the clone. */
beforeEach(async () => {
  directory = await temporaryDirectory();
  repository = await createRepository(directory.path);
  await repository.commit('topic', { 'one.txt': '1\n', 'two.txt': '2\n' }, 'main');
  ended = await repository.commit('topic', { 'three.txt': '3\n' });
  path = join(directory.path, 'checkout');
  await plainGit(directory.path, 'clone', '--quiet', '--branch', 'topic', '--', repository.path, path);
  await git('config', 'user.name', 'Ann');
  await git('config', 'user.email', 'ann@example.com');
});
afterEach(() => directory.remove());

async function kept(then: string | null = ended) {
  const start = await git('rev-parse', 'HEAD');
  return await branchKept({ git: gitIn(path, { PATH: process.env.PATH }), base: 'main', start, ended: then });
}

/** The base goes on, with a change to a file of the branch. */
async function baseMoves() {
  await repository.commit('main', { 'one.txt': 'of the base\n', 'x.txt': 'x\n' });
  await git('fetch', '--quiet', 'origin');
}

it('is kept where nothing happened, and where others went on', async () => {
  expect(await kept()).toBe('kept');
  await git('commit', '--quiet', '--allow-empty', '-m', 'More');
  expect(await kept()).toBe('kept');
});

it('is kept by a rebase, a squash and an amended commit', async () => {
  await baseMoves();
  await git('rebase', '--quiet', '-X', 'theirs', 'origin/main');
  expect(await kept(), 'rebased').toBe('kept');
  await git('reset', '--quiet', '--soft', 'origin/main');
  await git('commit', '--quiet', '-m', 'All in one');
  expect(await kept(), 'squashed').toBe('kept');
  await git('commit', '--quiet', '--amend', '-m', 'Another word');
  expect(await kept(), 'amended').toBe('kept');
});

it('is kept by a base that it was merged into', async () => {
  const files = { 'one.txt': '1\n', 'two.txt': '2\n', 'three.txt': '3\n' };
  await repository.commit('main', files);
  await git('fetch', '--quiet', 'origin');
  await git('reset', '--quiet', '--hard', 'origin/main');
  expect(await kept()).toBe('kept');
});

it('is gone with a branch that was reset or begun anew', async () => {
  await git('reset', '--quiet', '--hard', 'origin/main');
  expect(await kept()).toBe('gone');
  await git('commit', '--quiet', '--allow-empty', '-m', 'Something else');
  expect(await kept()).toBe('gone');
});

it('is kept while most of its files are', async () => {
  await git('reset', '--quiet', '--hard', 'HEAD~1');
  expect(await kept(), 'the last commit was taken off').toBe('kept');
});

it('was never pushed, and is for that reason not gone', async () => {
  await git('update-ref', 'refs/dexter/unpushed/6f1c1d1e-0000-4000-8000-000000000001', ended);
  await git('reset', '--quiet', '--hard', 'origin/main');
  expect(await kept()).toBe('kept');
});

it.each([
  ['no commit was noted', null],
  ['the commit is not here', 'a'.repeat(40)],
  ['it is no commit name', '--all'],
])('is unknown where %s', async (_name, then) => {
  expect(await kept(then)).toBe('unknown');
});

it('tells a conversation that begins what the branch holds', async () => {
  const options = { git: gitIn(path, { PATH: process.env.PATH }), base: 'main', ownEmail: 'x@example.com' };
  const soFar = await branchSoFar({ ...options, start: await git('rev-parse', 'HEAD') });
  const [first, second, ...others] = renderBranchSoFar(soFar).split('\n').slice(2);
  expect(first).toMatch(new RegExp(`^- ${ended.slice(0, 12)} by Ann: .* \\(\`three\\.txt\`\\)$`));
  expect(second).toContain('`one.txt`, `two.txt`');
  expect(others).toEqual([]);
  expect(await branchSoFar({ ...options, start: await git('rev-parse', 'origin/main') })).toBeUndefined();
  expect(renderBranchSoFar(undefined)).toBe('');
});
