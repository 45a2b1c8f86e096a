import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkPush } from '../../action/check-push.ts';
import { gitIn } from '../../action/git.ts';
import { defaultProtectedPaths, parsePushChecks } from '../../action/push-rules.ts';
import { AppError } from '../../src/core/errors.ts';
import { createRepository, git, type Repository } from '../fakes/repository.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

const known = 'correct-horse-battery-17';
const token = `ghp_${'aB3dE5fG7h'.repeat(4)}`;

let root: Awaited<ReturnType<typeof temporaryDirectory>>;
let repository: Repository;
let work: string;
let start: string;
beforeEach(async () => {
  root = await temporaryDirectory();
  repository = await createRepository(root.path);
  await repository.commit('main', { 'big.bin': 'x'.repeat(60_000), 'old.txt': `one\n${token}\nthree\n` });
  await repository.commit('topic', { 'topic.txt': '1\n' }, 'main');
  work = join(root.path, 'work');
  await git(root.path, 'clone', '--quiet', '--branch', 'topic', '--', repository.path, work);
  start = await git(work, 'rev-parse', 'HEAD');
});
afterEach(() => root.remove());

async function put(path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(join(work, path)), { recursive: true });
  await writeFile(join(work, path), content);
}

async function commit(message = 'work'): Promise<void> {
  await git(work, 'add', '--all');
  await git(work, 'commit', '--quiet', '--allow-empty', '-m', message);
}

interface Asked {
  checks?: string[];
  protectedPaths?: string[];
}

/** What the check says: its notices, or the message of the refusal. */
async function check({ checks = [], protectedPaths = defaultProtectedPaths }: Asked = {}): Promise<string[]> {
  const { rules, problems } = parsePushChecks([
    'file-size: refuse 50 kB',
    'total-size: refuse 200 kB',
    ...checks,
  ]);
  expect(problems).toEqual([]);
  const env = { PATH: process.env.PATH };
  try {
    return await checkPush({
      checkout: {
        directory: work,
        git: gitIn(work, env),
        branch: 'topic',
        base: 'main',
        baseCommit: await git(repository.path, 'rev-parse', 'main'),
        start,
      },
      head: await git(work, 'rev-parse', 'HEAD'),
      rules: { ...rules, protectedPaths },
      secrets: [known],
      temporaryDirectory: root.path,
      env,
      ref: 'refs/dexter/unpushed/1',
    });
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'push-refused') throw error;
    expect(error.hint).toContain('refs/dexter/unpushed/1');
    return [error.message];
  }
}

type Change = () => Promise<void>;

const refused: [string, Change, RegExp][] = [
  [
    'a new workflow',
    () => put('.github/workflows/x.yml', 'on: push\n'),
    /`.github\/workflows\/x.yml` is a protected path \(`protected-paths`\)/,
  ],
  ['a workflow in a sub-folder', () => put('.github/workflows/a/b/x.yml', 'on: push\n'), /protected/],
  ['an action of the repository', () => put('.github/actions/a/action.yml', 'name: x\n'), /protected/],
  ['a workflow in other letters', () => put('.GitHub/Workflows/x.yml', 'on: push\n'), /protected/],
  [
    'CODEOWNERS in a folder',
    () => put('.github/CODEOWNERS', '* @me\n'),
    /`.github\/CODEOWNERS` is a protected/,
  ],
  [
    'a file that becomes a workflow',
    async () => {
      await mkdir(join(work, '.github/workflows'), { recursive: true });
      await rename(join(work, 'a.txt'), join(work, '.github/workflows/a.yml'));
    },
    /`.github\/workflows\/a.yml` is a protected path/,
  ],
  [
    'a secret that the run knows',
    () => put('src/config.ts', `export const key = '${known}';\n`),
    /`src\/config.ts` holds a secret of this run \(`secrets`\)/,
  ],
  ['the same as base64', () => put('x', Buffer.from(`a${known}`).toString('base64')), /secret of this run/],
  [
    'the same over two lines',
    () => put('x', `${known.slice(0, 9)}\n${known.slice(9)}\n`),
    /secret of this run/,
  ],
  [
    'the same between bytes that are no text',
    () =>
      put('x.bin', Buffer.concat([randomBytes(200), Buffer.from([0]), Buffer.from(known), randomBytes(200)])),
    /secret of this run/,
  ],
  [
    'the same in two bytes a character',
    () => put('x.txt', Buffer.from(known, 'utf16le')),
    /secret of this run/,
  ],
  [
    'a secret in a file name',
    () => put(`src/${known}.txt`, ''),
    /the file name `src\/\[REDACTED:secret:[0-9a-f]{8}\].txt` holds a secret/,
  ],
  [
    'a token of a known form',
    () => put('x', `token: ${token}\n`),
    /what looks like a secret \(github-token\)/,
  ],
  [
    'a private key',
    () =>
      put(
        'id',
        `-----BEGIN PRIVATE KEY-----\n${'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC'.repeat(8)}\n-----END PRIVATE KEY-----\n`,
      ),
    /private-key/,
  ],
  [
    'a secret in the message of a commit',
    () => commit(`use ${known}`),
    /the text of commit [0-9a-f]{12} holds a secret/,
  ],
  [
    'a secret that a later commit takes out',
    async () => {
      await put('x', known);
      await commit();
      await rm(join(work, 'x'));
    },
    /`x` holds a secret/,
  ],
  [
    'a large file',
    () => put('x.bin', randomBytes(60_000)),
    /`x.bin` has 60 kB, more than 50 kB \(`file-size`\)/,
  ],
  [
    'many files that are large together',
    async () => {
      for (let n = 0; n < 6; n += 1) await put(`x${n}.bin`, randomBytes(40_000));
    },
    /all files together have 240 kB, more than 200 kB/,
  ],
  ['a link to outside', () => symlink('../../etc/passwd', join(work, 'x')), /`x` is a link to outside/],
  [
    'an absolute link',
    () => symlink('/etc/passwd', join(work, 'x')),
    /outside of the repository \(`links`\)/,
  ],
  ['a link into .git', () => symlink('.git/config', join(work, 'x')), /outside/],
  [
    'a repository within',
    async () => {
      await mkdir(join(work, 'sub'));
      await git(join(work, 'sub'), 'init', '--quiet');
      await git(join(work, 'sub'), 'commit', '--quiet', '--allow-empty', '-m', 'x');
    },
    /`sub` adds or moves a submodule \(`submodules`\)/,
  ],
  [
    'what names submodules',
    () => put('.gitmodules', '[submodule "x"]\n\tpath = x\n\turl = ../x\n'),
    /`.gitmodules` adds/,
  ],
];

const taken: [string, Change][] = [
  ['nothing', async () => undefined],
  ['an ordinary change', () => put('src/a.ts', 'export const a = 1;\n')],
  ['a large file under another name', () => rename(join(work, 'big.bin'), join(work, 'other.bin'))],
  ['a line beside a secret that was there before', () => put('old.txt', `one\n${token}\nthree\nfour\n`)],
  [
    'a line with a secret that moves to another file',
    async () => {
      await rm(join(work, 'old.txt'));
      await put('new.txt', `zero\n${token}\nmore\n`);
    },
  ],
  [
    'a link beside',
    async () => {
      await mkdir(join(work, 'src'));
      await symlink('../a.txt', join(work, 'src/a'));
    },
  ],
  ['documents beside workflows', () => put('docs/workflows/x.yml', 'on: push\n')],
];

describe('checkPush', () => {
  it.each(refused)('refuses %s', async (_name, change, message) => {
    await change();
    await commit();
    const [said = '', ...more] = await check();
    expect(said).toMatch(message);
    expect(more).toEqual([]);
    for (const secret of [known, token]) expect(said).not.toContain(secret);
  });

  it.each(taken)('takes %s', async (_name, change) => {
    await change();
    await commit();
    expect(await check()).toEqual([]);
  });

  it('refuses a workflow that is deleted, or changed and changed back', async () => {
    await repository.commit('topic', { '.github/workflows/x.yml': 'on: push\n' });
    await git(work, 'pull', '--quiet');
    start = await git(work, 'rev-parse', 'HEAD');
    await put('.github/workflows/x.yml', 'on: [push]\n');
    await commit();
    await put('.github/workflows/x.yml', 'on: push\n');
    await commit();
    expect((await check())[0]).toMatch(/x.yml` is a protected path/);
    await git(work, 'reset', '--quiet', '--hard', start);
    await rm(join(work, '.github'), { recursive: true });
    await commit();
    expect((await check())[0]).toMatch(/x.yml` is a protected path/);
  });

  it('takes what a merge brings from the base branch, and not what is put in beside', async () => {
    await repository.commit('main', {
      '.github/workflows/x.yml': 'on: push\n',
      'big2.bin': 'y'.repeat(70_000),
    });
    await git(work, 'fetch', '--quiet', 'origin', 'main:main');
    await git(work, 'merge', '--quiet', '--no-commit', '--no-ff', 'main');
    await commit('merge');
    expect(await check()).toEqual([]);
    await git(work, 'reset', '--quiet', '--hard', start);
    await git(work, 'merge', '--quiet', '--no-commit', '--no-ff', 'main');
    await put('.github/workflows/evil.yml', 'on: push\n');
    await commit('merge');
    expect((await check())[0]).toMatch(/`.github\/workflows\/evil.yml` is a protected path/);
  });

  describe('of a merge that takes the tree of an old commit', () => {
    /** A merge of where the work begins and of `old`, with all as it was then. */
    async function takeBack(old: string): Promise<void> {
      start = await git(work, 'rev-parse', 'HEAD');
      const merge = await git(work, 'commit-tree', '-p', start, '-p', old, '-m', 'merge', `${old}^{tree}`);
      await git(work, 'reset', '--quiet', '--hard', merge);
    }

    it('refuses what it deletes and takes back', async () => {
      await repository.commit('main', { '.github/actions/a/action.yml': 'name: old\n' });
      await git(work, 'pull', '--quiet', '--no-rebase', '--no-edit', 'origin', 'main');
      const old = await git(work, 'rev-parse', 'HEAD');
      await repository.commit('main', {
        '.github/actions/a/action.yml': 'name: new\n',
        CODEOWNERS: '* @x\n',
      });
      await git(work, 'pull', '--quiet', '--no-rebase', '--no-edit', 'origin', 'main');
      await takeBack(old);
      const [said] = await check();
      expect(said).toContain('`.github/actions/a/action.yml` is a protected path');
      expect(said).toContain('`CODEOWNERS` is a protected path');
    });

    it('counts its files', async () => {
      const old = await git(work, 'rev-parse', 'HEAD');
      await repository.commit(
        'main',
        Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`${n}.txt`, 'x'])),
      );
      await git(work, 'pull', '--quiet', '--no-rebase', '--no-edit', 'origin', 'main');
      await takeBack(old);
      expect((await check({ checks: ['file-count: refuse 7'] }))[0]).toContain('8 files change, more than 7');
    });

    it.each([
      ['a link to outside', () => symlink('../../etc/passwd', join(work, 'x')), /`x` is a link to outside/],
      [
        'what names submodules',
        () => put('.gitmodules', '[submodule "x"]\n\tpath = x\n\turl = ../x\n'),
        /`.gitmodules` adds/,
      ],
    ])('refuses %s that comes back', async (_name, change, message) => {
      await change();
      await commit();
      const old = await git(work, 'rev-parse', 'HEAD');
      await git(work, 'rm', '--quiet', '--ignore-unmatch', '--', '.gitmodules', 'x');
      await commit();
      await takeBack(old);
      expect((await check())[0]).toMatch(message);
    });
  });

  it('believes neither grafts nor replacements nor refs of the checkout', async () => {
    await put('.github/workflows/x.yml', 'on: push\n');
    await commit('first');
    const bad = await git(work, 'rev-parse', 'HEAD');
    await put('a.txt', 'b\n');
    await commit('second');
    const head = await git(work, 'rev-parse', 'HEAD');
    await git(work, 'update-ref', 'refs/remotes/origin/main', bad);
    await git(work, 'replace', bad, start);
    await writeFile(join(work, '.git/info/grafts'), `${head} ${start}\n`);
    expect((await check())[0]).toMatch(/x.yml` is a protected path/);
  });

  it('tells instead of refusing where it is to warn, and says nothing of what is off', async () => {
    await put('x', known);
    await put('.github/workflows/x.yml', 'on: push\n');
    await put('x.bin', randomBytes(60_000));
    await commit();
    const notices = await check({
      checks: ['secrets: warn', 'protected-paths: off', 'file-size: refuse 1 MB'],
    });
    expect(notices).toEqual([
      'Pushed, but look at it: `x` holds a secret of this run (push check `secrets`).',
    ]);
  });

  it('only tells of what examples have as well', async () => {
    await put('compose.yml', 'url: postgres://postgres:s3cretpostgres@localhost:5432/test\n');
    await commit();
    const notices = await check();
    expect(notices.length).toBeGreaterThan(0);
    expect(notices.join()).toContain('compose.yml');
    expect(notices.join()).not.toContain('s3cret');
  });

  it('names a few files and counts the rest', async () => {
    for (let n = 0; n < 8; n += 1) await put(`.github/workflows/${n}.yml`, 'on: push\n');
    await commit();
    expect((await check())[0]).toMatch(/4.yml` is a protected path \(`protected-paths`\); 3 more\.$/);
  });

  it('counts files', async () => {
    for (let n = 0; n < 8; n += 1) await put(`${n}.txt`, 'x');
    await commit();
    expect((await check({ checks: ['file-count: refuse 7'] }))[0]).toContain('8 files change, more than 7');
    expect(await check({ checks: ['file-count: refuse 8'] })).toEqual([]);
  });

  it('protects what it is told to protect', async () => {
    await put('deploy/prod/main.tf', 'x');
    await commit();
    const said = await check({ protectedPaths: ['deploy/**/*.tf'] });
    expect(said[0]).toContain('`deploy/prod/main.tf` is a protected path');
    expect(await check({ protectedPaths: ['deploy/*.tf'] })).toEqual([]);
  });
});

describe('parsePushChecks', () => {
  it.each([
    ['secret: off', 'names `secret`, which is no check'],
    ['secrets: no', 'must be a check'],
    ['secrets: refuse 3', 'gives `secrets` a limit, and it takes none'],
    ['file-size: refuse much', 'must be a size'],
    ['file-count: refuse 1 MB', 'must be a number'],
  ])('refuses %s', (line, problem) => {
    expect(parsePushChecks([line]).problems.join()).toContain(problem);
  });
});
