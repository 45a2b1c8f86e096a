import { execFile } from 'node:child_process';
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { git } from '../fakes/repository.ts';
import { type CheckoutWorld, createCheckoutWorld } from './checkout-world.ts';

let world: CheckoutWorld;
beforeEach(async () => {
  world = await createCheckoutWorld();
  await world.repository.commit('main', {
    'src/index.js': 'export {};\n',
    'CLAUDE.md': 'Be kind.\n',
    '.claude/settings.json': '{}\n',
    '.gitattributes': '*.txt text\n',
  });
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

/** What an agent leaves in its checkout, and what the next run of the issue finds of it. */
async function nextRun(
  leave: (directory: string) => Promise<void>,
  options?: { keepIgnored: boolean },
): Promise<{ directory: string; warnings: string[] }> {
  {
    await using run = await world.open('DXTR-1');
    await leave(run.checkout.directory);
  }
  await using run = await world.open('DXTR-1', options);
  const { directory } = run.checkout;
  expect(await git(directory, 'status', '--porcelain'), 'it is as in the commit').toBe('');
  return { directory, warnings: run.warnings };
}

async function write(directory: string, files: Record<string, string>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), content);
  }
}

const isThere = (path: string) =>
  lstat(path).then(
    () => true,
    () => false,
  );

const longAgo = new Date('2020-01-01');

describe('what of a checkout outlives a run', () => {
  it('is what is ignored: tracked files are as in the commit again, other files are gone', async () => {
    const { directory, warnings } = await nextRun((path) =>
      write(path, {
        'node_modules/left/index.js': 'kept',
        'src/build.log': 'kept',
        'src/index.js': 'changed',
        'src/other.js': 'untracked',
        'tmp/deep/file': 'untracked',
      }),
    );
    expect(warnings).toEqual([]);
    expect(await readFile(join(directory, 'node_modules/left/index.js'), 'utf8')).toBe('kept');
    expect((await readdir(join(directory, 'src'))).sort()).toEqual(['build.log', 'index.js']);
    expect(await readFile(join(directory, 'src/index.js'), 'utf8')).toBe('export {};\n');
    expect(await readdir(directory)).not.toContain('tmp');
  });

  it('is nothing when that is wanted', async () => {
    const leave = (path: string) => write(path, { 'node_modules/left/index.js': 'x' });
    const { directory } = await nextRun(leave, { keepIgnored: false });
    expect(await readdir(directory)).not.toContain('node_modules');
  });

  it('is the time of files that are the same, which build tools go by', async () => {
    const { directory } = await nextRun(async (path) => {
      await utimes(join(path, 'a.txt'), longAgo, longAgo);
      await writeFile(join(path, 'package.json'), 'changed');
      await utimes(join(path, 'package.json'), longAgo, longAgo);
    });
    expect((await stat(join(directory, 'a.txt'))).mtime).toEqual(longAgo);
    expect((await stat(join(directory, 'package.json'))).mtime).not.toEqual(longAgo);
  });

  it('follows the branch: files that it lost go, files that it got come', async () => {
    await (await world.open('DXTR-1'))[Symbol.asyncDispose]();
    await world.repository.commit('main', { 'got.txt': 'x' });
    await git(world.repository.path, 'update-ref', 'refs/heads/dexter/DXTR-1', 'main~2');
    await using run = await world.open('DXTR-1');
    const names = await readdir(run.checkout.directory);
    expect(names).not.toContain('src');
    await git(world.repository.path, 'update-ref', 'refs/heads/dexter/DXTR-1', 'main');
    await run[Symbol.asyncDispose]();
    await using again = await world.open('DXTR-1');
    expect(await readdir(again.checkout.directory)).toEqual(expect.arrayContaining(['got.txt', 'src']));
  });

  it.each(['a.txt', 'package.json'])('is no folder in the place of %s', async (name) => {
    const { directory, warnings } = await nextRun(async (path) => {
      await rm(join(path, name));
      await write(path, { [`${name}/node_modules/x.log`]: 'ignored' });
    });
    expect(warnings).toEqual([]);
    expect((await lstat(join(directory, name))).isFile()).toBe(true);
  });

  it('is no link, and nothing that one leads to is touched', async () => {
    const elsewhere = join(world.directory, 'elsewhere');
    await write(elsewhere, { 'index.js': 'export {};\n', 'a.txt': 'theirs' });
    const { directory } = await nextRun(async (path) => {
      await rm(join(path, 'src'), { recursive: true });
      await symlink(elsewhere, join(path, 'src'));
      await symlink(elsewhere, join(path, 'other'));
      await rm(join(path, 'a.txt'));
      await symlink(join(elsewhere, 'a.txt'), join(path, 'a.txt'));
    });
    expect((await lstat(join(directory, 'src'))).isDirectory()).toBe(true);
    expect((await lstat(join(directory, 'a.txt'))).isFile()).toBe(true);
    expect(await isThere(join(directory, 'other'))).toBe(false);
    expect((await readdir(elsewhere)).sort()).toEqual(['a.txt', 'index.js']);
    expect(await readFile(join(elsewhere, 'a.txt'), 'utf8')).toBe('theirs');
  });

  it('is no other repository, neither beside the files nor among what is ignored', async () => {
    const { directory } = await nextRun(async (path) => {
      for (const folder of ['nested', 'node_modules/nested']) {
        await mkdir(join(path, folder), { recursive: true });
        await git(join(path, folder), 'init', '--quiet');
      }
      await write(path, { 'src/.git': 'gitdir: /etc\n', 'node_modules/nested/x.js': 'kept' });
    });
    expect(await isThere(join(directory, 'nested'))).toBe(false);
    expect(await readdir(join(directory, 'node_modules/nested'))).toEqual(['x.js']);
    expect(await isThere(join(directory, 'src/.git'))).toBe(false);
  });

  it('is nothing that changes how git sees files, or speaks to the model unasked', async () => {
    const planted = [
      '.claude/settings.local.json',
      '.claude/skills/x/SKILL.md',
      'src/.claude/settings.json',
      'src/CLAUDE.md',
      'CLAUDE.local.md',
      'AGENTS.md',
      '.mcp.json',
      'node_modules/x/CLAUDE.md',
      'src/.gitattributes',
      'src/.gitignore',
      'node_modules/.gitattributes',
    ];
    const { directory, warnings } = await nextRun(async (path) => {
      await write(path, Object.fromEntries(planted.map((name) => [name, '*\n'])));
      await write(path, {
        '.gitignore': '*\n',
        '.gitattributes': '* text eol=crlf\n',
        'CLAUDE.md': 'Be evil.\n',
        'hidden.txt': 'hidden by what ignores it',
      });
    });
    expect(warnings).toEqual([]);
    for (const name of [...planted, 'hidden.txt'])
      expect(await isThere(join(directory, name)), name).toBe(false);
    expect(await readFile(join(directory, 'CLAUDE.md'), 'utf8')).toBe('Be kind.\n');
    expect(await readFile(join(directory, '.claude/settings.json'), 'utf8')).toBe('{}\n');
    expect(await readFile(join(directory, '.gitattributes'), 'utf8')).toBe('*.txt text\n');
    expect(await readFile(join(directory, '.gitignore'), 'utf8')).toBe('node_modules/\n*.log\n');
  });

  it('is a cache that ignores itself, as tools make them', async () => {
    const { directory } = await nextRun((path) =>
      write(path, {
        '.tool_cache/.gitignore': '# Made by the tool.\n*\n',
        '.tool_cache/data': 'kept',
        'other/.gitignore': '*.secret\n',
        'other/x.secret': 'not kept',
      }),
    );
    expect(await readFile(join(directory, '.tool_cache/data'), 'utf8')).toBe('kept');
    expect(await isThere(join(directory, 'other'))).toBe(false);
  });

  it('is nothing of a submodule', async () => {
    const commit = await git(world.repository.path, 'rev-parse', 'main');
    const clone = join(world.directory, 'clone');
    await git(world.directory, 'clone', '--quiet', world.repository.path, clone);
    await git(clone, 'update-index', '--add', '--cacheinfo', `160000,${commit},module`);
    await git(clone, 'commit', '--quiet', '-m', 'Add a submodule');
    await git(clone, 'push', '--quiet', 'origin', 'main');
    const { directory } = await nextRun((path) => write(path, { 'module/x.log': 'x', 'module/y': 'y' }));
    expect(await readdir(join(directory, 'module'))).toEqual([]);
  });

  it('is no named pipe in the place of a file that git would wait for', async () => {
    const { directory } = await nextRun(async (path) => {
      for (const name of ['a.txt', '.gitignore', 'src/.gitattributes', 'node_modules/.gitignore']) {
        await mkdir(dirname(join(path, name)), { recursive: true });
        await rm(join(path, name), { force: true });
        await promisify(execFile)('mkfifo', [join(path, name)], { cwd: path });
      }
    });
    expect((await lstat(join(directory, 'a.txt'))).isFile()).toBe(true);
    expect(await readdir(join(directory, 'node_modules'))).toEqual([]);
  });

  it('comes through a directory that nobody may write to', async () => {
    const { directory } = await nextRun(async (path) => {
      await write(path, { 'node_modules/locked/x.js': 'kept', 'node_modules/locked/CLAUDE.md': 'x' });
      await chmod(join(path, 'node_modules/locked'), 0o555);
      await chmod(join(path, 'src'), 0o555);
    });
    expect(await readdir(join(directory, 'node_modules/locked'))).toEqual(['x.js']);
    expect((await stat(join(directory, 'src'))).mode & 0o700).toBe(0o700);
  });

  it('is kept while the mirror is damaged and mended', async () => {
    const { directory, warnings } = await nextRun(async (path) => {
      await write(path, { 'node_modules/x.js': 'kept' });
      await rm(join(world.mirror, 'objects'), { recursive: true });
    });
    expect(warnings).toHaveLength(1);
    expect(await readFile(join(directory, 'node_modules/x.js'), 'utf8')).toBe('kept');
  });
});
