import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';

const environment = {
  PATH: process.env.PATH ?? '',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Ann',
  GIT_AUTHOR_EMAIL: 'ann@example.com',
  GIT_COMMITTER_NAME: 'Ann',
  GIT_COMMITTER_EMAIL: 'ann@example.com',
};

export async function git(directory: string, ...args: string[]): Promise<string> {
  const { stdout } = await execa('git', args, { cwd: directory, env: environment, extendEnv: false });
  return stdout;
}

export interface Repository {
  /** Absolute path of the bare repository. */
  path: string;
  /** Commits files to a branch as somebody else would, and pushes. Returns the commit. */
  commit(branch: string, files: Record<string, string>, from?: string): Promise<string>;
  files(branch: string): Promise<string[]>;
  show(branch: string, path: string): Promise<string>;
  /** Subjects of a branch's commits, newest first. */
  subjects(branch: string): Promise<string[]>;
}

/** A bare repository `<root>/acme/shop.git` with a first commit on `main`. */
export async function createRepository(root: string): Promise<Repository> {
  const path = join(root, 'acme', 'shop.git');
  await mkdir(path, { recursive: true });
  await git(path, 'init', '--quiet', '--bare', '--initial-branch=main');
  await git(path, 'config', 'http.receivepack', 'true');

  const repository: Repository = {
    path,
    async commit(branch, files, from = branch) {
      const directory = await mkdtemp(join(root, 'clone-'));
      try {
        await git(directory, 'clone', '--quiet', '--', path, '.');
        const exists = await git(path, 'for-each-ref', '--format=%(refname)', `refs/heads/${from}`);
        await git(
          directory,
          'checkout',
          '--quiet',
          '-B',
          branch,
          ...(exists === '' ? [] : [`origin/${from}`]),
        );
        for (const [file, content] of Object.entries(files)) {
          await mkdir(dirname(join(directory, file)), { recursive: true });
          await writeFile(join(directory, file), content);
        }
        await git(directory, 'add', '--all');
        await git(directory, 'commit', '--quiet', '-m', `Change ${Object.keys(files).join(', ')}`);
        await git(directory, 'push', '--quiet', 'origin', branch);
        return await git(directory, 'rev-parse', 'HEAD');
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    },
    async files(branch) {
      return (await git(path, 'ls-tree', '-r', '--name-only', branch)).split('\n');
    },
    async show(branch, file) {
      return await git(path, 'show', `${branch}:${file}`);
    },
    async subjects(branch) {
      return (await git(path, 'log', '--format=%s', branch)).split('\n');
    },
  };
  await repository.commit('main', { 'a.txt': 'a\n', 'package.json': '{"name":"shop","type":"module"}\n' });
  return repository;
}
