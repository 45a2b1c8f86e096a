import { chmod, lstat, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { hasCode } from '../src/core/errors.ts';
import { removeTree } from '../src/workspace/remove-tree.ts';
import { type Git, GitError } from './git.ts';

export interface TreeOptions {
  directory: string;
  git: Git;
  branch: string;
  /** Commit to check out. */
  start: string;
  limitMs?: number;
}

/** The kind and the size of a directory entry, as `readdir` and `lstat` say it. */
type Kind = Pick<Awaited<ReturnType<typeof lstat>>, 'isDirectory' | 'isFile' | 'isSymbolicLink'>;

interface Tracked {
  /** Mode by path. */
  files: Map<string, string>;
  /** Every directory that a file of the commit lies in. */
  directories: Set<string>;
}

const defaultLimitMs = 3 * 60_000;
const submodule = '160000';
const longestIgnoreFile = 4_000;

/** What the CLI reads unasked, at any depth. */
const speaksToModel = /^(?:\.claude|claude.*\.md|agents\.md|\.mcp\.json)$/i;

/** A tree with the branch in it and nothing else. */
export async function makeTree({ directory, git, branch, start }: TreeOptions): Promise<void> {
  for (const name of await readdir(directory)) if (name !== '.git') await removeTree(join(directory, name));
  await git(['checkout', '--quiet', '--force', '-B', branch, start, '--']);
}

/**
 * Makes the tree of an earlier run of the same issue into the one of `start`, around a new `.git`. What git
 * ignores stays: installed packages and build caches, which the next run would only make again. Files that are
 * the same keep their times, which build tools go by. Other files that are not of the commit go, and so does,
 * ignored or not, what speaks to the model unasked, other repositories, and what changes how git sees files.
 * Throws when this takes too long or does not come out clean: then the tree is to be made anew.
 */
export async function keepTree(options: TreeOptions): Promise<void> {
  const { directory, git, branch, start, limitMs = defaultLimitMs } = options;
  const signal = AbortSignal.timeout(limitMs);
  await git(['read-tree', start], { signal });
  await removeUnwanted(directory, await listTracked(git, signal), signal);
  // Says with exit code 1 that some files are not as in the commit.
  await git(['update-index', '-q', '--refresh'], { signal }).catch(unlessDiffers);
  await git(['checkout', '--quiet', '--force', '-B', branch, start, '--'], { signal });
  await git(['clean', '--quiet', '-ffd', '--', '.'], { signal });
  const left = await git(['status', '--porcelain', '--untracked-files=all'], { signal });
  if (left !== '') throw new Error(`${left.split('\n').length} files are not as in the commit`);
}

async function listTracked(git: Git, signal: AbortSignal): Promise<Tracked> {
  const tracked: Tracked = { files: new Map(), directories: new Set() };
  for (const line of (await git(['ls-files', '--stage', '-z'], { signal })).split('\0')) {
    const [, mode, path] = /^(\d{6}) [0-9a-f]+ \d\t([\s\S]+)$/.exec(line) ?? [];
    if (mode === undefined || path === undefined) continue;
    tracked.files.set(path, mode);
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const parent = path.slice(0, end);
      if (tracked.directories.has(parent)) break;
      tracked.directories.add(parent);
    }
  }
  return tracked;
}

async function removeUnwanted(directory: string, tracked: Tracked, signal: AbortSignal): Promise<void> {
  const waiting = [''];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    signal.throwIfAborted();
    await letIn(join(directory, folder));
    for (const entry of await readdir(join(directory, folder), { withFileTypes: true })) {
      if (folder === '' && entry.name === '.git') continue;
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (await isUnwanted(directory, path, entry, tracked)) await removeTree(join(directory, path));
      else if (entry.isDirectory()) waiting.push(path);
    }
  }
}

async function isUnwanted(
  directory: string,
  path: string,
  kind: Kind,
  { files, directories }: Tracked,
): Promise<boolean> {
  const name = basename(path).toLowerCase();
  const mode = files.get(path);
  // Git would wait for a pipe that it takes for a file.
  if (!kind.isFile() && !kind.isDirectory() && !kind.isSymbolicLink()) return true;
  if (name === '.git' || mode === submodule) return true;
  if (mode !== undefined && kind.isDirectory()) return true;
  if (directories.has(path)) return !kind.isDirectory();
  // Even one of the commit: git takes it from there as long as it is not in the tree.
  if (name === '.gitattributes') return true;
  if (mode !== undefined) return false;
  if (name === '.gitignore') return !(await ignoresItsFolder(directory, path, directories));
  return path.split('/').some((part) => speaksToModel.test(part));
}

/** Tools write `*` into a cache to have git ignore it; that hides nothing of the commit's own folders. */
async function ignoresItsFolder(directory: string, path: string, tracked: Set<string>): Promise<boolean> {
  const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
  if (folder === '' || tracked.has(folder)) return false;
  const stats = await lstat(join(directory, path));
  if (!stats.isFile() || stats.size > longestIgnoreFile) return false;
  const lines = (await readFile(join(directory, path), 'utf8')).split(/\r?\n/);
  const rules = lines.filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return rules.length > 0 && rules.every((rule) => rule === '*');
}

/** Some package managers take the right to write from their folders. */
async function letIn(path: string): Promise<void> {
  try {
    const { mode } = await lstat(path);
    if ((mode & 0o700) !== 0o700) await chmod(path, (mode & 0o777) | 0o700);
  } catch (error) {
    // A name that is no UTF-8 is not found by what Node makes of it; git sees to it.
    if (!hasCode(error, 'ENOENT')) throw error;
  }
}

function unlessDiffers(error: unknown): void {
  if (!(error instanceof GitError && error.exitCode === 1)) throw error;
}
