import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDirectory } from './is-directory.ts';

/** What a new repository of the action has; nothing of it names a program. */
const plainConfig = '[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n';

/** Files of `.git` that lead elsewhere or name programs, and the lock of a git that was ended in the middle. */
const notKept = ['index.lock', 'config', 'config.lock', 'config.worktree', 'commondir', 'info/attributes'];

/**
 * The agent owned `.git` until now; every process of the run is gone, and git is about to believe what it says.
 * `mirror` is the object store that it borrows from, undefined for a history of its own.
 */
export async function takeBack(gitDirectory: string, mirror: string | undefined): Promise<void> {
  // Not followed: a link, like a file in its place, leads to another repository.
  for (const path of [gitDirectory, join(gitDirectory, 'objects')])
    if (!(await isDirectory(path))) throw new Error(`${path} is not a directory any more`);
  for (const name of notKept) await rm(join(gitDirectory, name), { recursive: true, force: true });
  await writeFile(join(gitDirectory, 'config'), plainConfig, { mode: 0o600, flag: 'wx' });
  await ownDirectory(join(gitDirectory, 'objects', 'pack'));
  await borrowFrom(join(gitDirectory, 'objects'), mirror === undefined ? [] : [mirror]);
}

/** Says in which other object stores the objects are that are not in this one, and nothing else. */
export async function borrowFrom(objects: string, lenders: string[]): Promise<void> {
  const info = join(objects, 'info');
  await rm(info, { recursive: true, force: true });
  if (lenders.length === 0) return;
  await mkdir(info, { mode: 0o700 });
  const lines = lenders.map((path) => `${path}\n`).join('');
  await writeFile(join(info, 'alternates'), lines, { mode: 0o600, flag: 'wx' });
}

/** A directory, where there may be a link that would lead git elsewhere. */
export async function ownDirectory(path: string): Promise<void> {
  if (await isDirectory(path)) return;
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { recursive: true, mode: 0o700 });
}
