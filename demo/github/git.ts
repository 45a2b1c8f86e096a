import { execa } from 'execa';
import { machinePath } from '../machine-path.ts';

/** A branch that moved: `before` is null when it was made, `after` is null when it was deleted. */
export type RefChange = { ref: string; before: string | null; after: string | null };

/** One commit as the `git cat-file` bytes say it, dates in ISO 8601 with the author's own offset. */
export type CommitObject = {
  sha: string;
  tree: string;
  parents: string[];
  author: GitIdentity;
  committer: GitIdentity;
  message: string;
};
type GitIdentity = { name: string; email: string; date: string };

export type TreeEntry = { mode: string; type: 'blob' | 'tree' | 'commit'; sha: string; path: string };

export type ChangedFile = {
  filename: string;
  status: 'added' | 'modified' | 'removed' | 'renamed';
  previousFilename?: string;
  sha: string;
  additions: number;
  deletions: number;
  patch: string;
};

/** The whole environment of git here: nothing of the user's or the machine's configuration reaches it. */
export function gitEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: machinePath,
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    ...extra,
  };
}

type GitOptions = { input?: string | Uint8Array; env?: Record<string, string> };

/** Runs git on a bare repository and returns its output's bytes; a failure is an Error with git's words. */
export async function git(directory: string, args: string[], options: GitOptions = {}): Promise<Buffer> {
  const result = await execa('git', ['--git-dir', directory, ...args], {
    env: gitEnvironment(options.env),
    extendEnv: false,
    encoding: 'buffer',
    stripFinalNewline: false,
    ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
  });
  return Buffer.from(result.stdout);
}

async function gitText(directory: string, args: string[], options: GitOptions = {}): Promise<string> {
  return (await git(directory, args, options)).toString('utf8').trim();
}

/** Makes an empty bare repository; background maintenance is off, so that no process outlives a request. */
export async function initBare(directory: string): Promise<void> {
  await execa('git', ['init', '--quiet', '--bare', '--initial-branch=main', '--', directory], {
    env: gitEnvironment(),
    extendEnv: false,
  });
  await git(directory, ['config', 'gc.auto', '0']);
  await git(directory, ['config', 'receive.autogc', 'false']);
  await git(directory, ['config', 'receive.denyDeleteCurrent', 'refuse']);
}

/** One commit on `main` with the files of a folder; the same files give the same sha on every machine. */
export async function commitFolder(directory: string, folder: string, index: string): Promise<string> {
  const at = '2026-01-05T09:00:00+00:00';
  const env = {
    GIT_INDEX_FILE: index,
    GIT_WORK_TREE: folder,
    GIT_AUTHOR_NAME: 'Maria Lang',
    GIT_AUTHOR_EMAIL: 'maria@acme.example',
    GIT_AUTHOR_DATE: at,
    GIT_COMMITTER_NAME: 'Maria Lang',
    GIT_COMMITTER_EMAIL: 'maria@acme.example',
    GIT_COMMITTER_DATE: at,
  };
  await execa('git', ['--git-dir', directory, 'add', '--all', '--', '.'], {
    cwd: folder,
    env: gitEnvironment(env),
    extendEnv: false,
  });
  const tree = await gitText(directory, ['write-tree'], { env });
  const sha = await gitText(directory, ['commit-tree', tree, '-F', '-'], { env, input: 'Start the shop\n' });
  await git(directory, ['update-ref', 'refs/heads/main', sha]);
  return sha;
}

/** A commit that merges `head` into `base`, as the merge button makes it; undefined when they conflict. */
export async function mergeCommit(
  directory: string,
  base: string,
  head: string,
  { message, login }: { message: string; login: string },
): Promise<string | undefined> {
  const merged = await execa('git', ['--git-dir', directory, 'merge-tree', '--write-tree', base, head], {
    env: gitEnvironment(),
    extendEnv: false,
    reject: false,
  });
  if (merged.exitCode !== 0) return undefined;
  const who = { NAME: login, EMAIL: `${login}@users.noreply.example` };
  const env = Object.fromEntries(
    ['AUTHOR', 'COMMITTER'].flatMap((role) =>
      Object.entries(who).map(([key, value]) => [`GIT_${role}_${key}`, value] as const),
    ),
  );
  const tree = merged.stdout.split('\n')[0] ?? '';
  return gitText(directory, ['commit-tree', tree, '-p', base, '-p', head, '-F', '-'], {
    env,
    input: `${message}\n`,
  });
}

/** Full name of every branch with its sha. */
export async function listHeads(directory: string): Promise<Map<string, string>> {
  const out = await gitText(directory, ['for-each-ref', '--format=%(objectname) %(refname)', 'refs/heads']);
  const lines = out === '' ? [] : out.split('\n');
  return new Map(lines.map((line) => [line.slice(41), line.slice(0, 40)]));
}

export function compareHeads(before: Map<string, string>, after: Map<string, string>): RefChange[] {
  const refs = [...new Set([...before.keys(), ...after.keys()])].sort();
  return refs
    .map((ref) => ({ ref, before: before.get(ref) ?? null, after: after.get(ref) ?? null }))
    .filter((change) => change.before !== change.after);
}

/** Makes, moves and deletes branches as the changes say. */
export async function moveHeads(directory: string, changes: RefChange[]): Promise<void> {
  for (const { ref, after } of changes) {
    await git(directory, after === null ? ['update-ref', '-d', ref] : ['update-ref', ref, after]);
  }
}

/** Sha of a branch, or undefined. */
export async function headOf(directory: string, branch: string): Promise<string | undefined> {
  return (await listHeads(directory)).get(`refs/heads/${branch}`);
}

/** Commits that `head` has and the `known` ones have not, oldest first. */
export async function commitsBetween(directory: string, head: string, known: string[]): Promise<string[]> {
  const out = await gitText(directory, ['rev-list', '--reverse', '--topo-order', '--stdin'], {
    input: [head, ...known.map((sha) => `^${sha}`)].join('\n'),
  });
  return out === '' ? [] : out.split('\n');
}

export async function readCommit(directory: string, sha: string): Promise<CommitObject> {
  const text = (await git(directory, ['cat-file', 'commit', sha])).toString('utf8');
  const end = text.indexOf('\n\n');
  const headers = text.slice(0, end).split('\n');
  const all = (name: string) =>
    headers.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
  return {
    sha,
    tree: all('tree')[0] ?? '',
    parents: all('parent'),
    author: parseIdentity(all('author')[0] ?? ''),
    committer: parseIdentity(all('committer')[0] ?? ''),
    message: text.slice(end + 2),
  };
}

/** `Name <mail> 1767603600 +0100` -> name, mail and `2026-01-05T10:00:00+01:00`. */
function parseIdentity(line: string): GitIdentity {
  const match = /^(.*?) ?<([^>]*)> (-?\d+) ([+-])(\d{2})(\d{2})$/.exec(line);
  if (!match) throw new Error(`not a git identity: ${line}`);
  const [, name = '', email = '', seconds = '0', sign = '+', hours = '00', minutes = '00'] = match;
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1);
  const local = new Date((Number(seconds) + offset * 60) * 1000).toISOString().slice(0, 19);
  return { name, email, date: `${local}${sign}${hours}:${minutes}` };
}

/** Every file of a tree, with its full path. */
export async function readTree(directory: string, tree: string): Promise<TreeEntry[]> {
  const out = (await git(directory, ['ls-tree', '-r', '-z', '--full-tree', tree])).toString('utf8');
  return out
    .split('\0')
    .filter((line) => line !== '')
    .map((line) => {
      const [meta = '', path = ''] = [line.slice(0, line.indexOf('\t')), line.slice(line.indexOf('\t') + 1)];
      const [mode = '', type = '', sha = ''] = meta.split(' ');
      return { mode, type: type === 'commit' ? 'commit' : 'blob', sha, path };
    });
}

/** Contents of several blobs, in the order asked for, by one git process. */
export async function readBlobs(directory: string, shas: string[]): Promise<Buffer[]> {
  if (shas.length === 0) return [];
  const out = await git(directory, ['cat-file', '--batch'], { input: `${shas.join('\n')}\n` });
  const blobs: Buffer[] = [];
  let at = 0;
  for (const sha of shas) {
    const end = out.indexOf(0x0a, at);
    const [, type, size] = out.subarray(at, end).toString('latin1').split(' ');
    if (type !== 'blob') throw new Error(`${sha} is no blob`);
    blobs.push(out.subarray(end + 1, end + 1 + Number(size)));
    at = end + 1 + Number(size) + 1;
  }
  return blobs;
}

export async function hasObject(directory: string, sha: string): Promise<boolean> {
  const found = await execa('git', ['--git-dir', directory, 'cat-file', '-e', sha], {
    env: gitEnvironment(),
    extendEnv: false,
    reject: false,
  });
  return found.exitCode === 0;
}

export async function mergeBase(directory: string, left: string, right: string): Promise<string | undefined> {
  const found = await execa('git', ['--git-dir', directory, 'merge-base', left, right], {
    env: gitEnvironment(),
    extendEnv: false,
    reject: false,
  });
  return found.exitCode === 0 ? found.stdout.trim() : undefined;
}

/** What a pull request changes: the files that differ between two commits, with their patches. */
export async function changedFiles(directory: string, base: string, head: string): Promise<ChangedFile[]> {
  const names = await git(directory, ['diff-tree', '-r', '-z', '-M', '--raw', '--full-index', base, head]);
  const fields = names.toString('utf8').split('\0');
  const files: ChangedFile[] = [];
  for (let at = 0; at + 1 < fields.length; ) {
    const [, , before = '', after = '', letter = ''] = (fields[at] ?? '').split(' ');
    const renamed = letter.startsWith('R');
    const from = fields[at + 1] ?? '';
    const filename = renamed ? (fields[at + 2] ?? '') : from;
    at += renamed ? 3 : 2;
    files.push({
      filename,
      ...(renamed ? { previousFilename: from } : {}),
      status: renamed ? 'renamed' : letter === 'A' ? 'added' : letter === 'D' ? 'removed' : 'modified',
      sha: letter === 'D' ? before : after,
      ...(await patchOf(directory, base, head, renamed ? [from, filename] : [filename])),
    });
  }
  return files;
}

async function patchOf(directory: string, base: string, head: string, paths: string[]) {
  const diff = (
    await git(directory, ['diff-tree', '-p', '-M', '--no-color', base, head, '--', ...paths])
  ).toString('utf8');
  const start = diff.indexOf('\n@@ ');
  const patch = start < 0 ? '' : diff.slice(start + 1).replace(/\n$/, '');
  const lines = patch.split('\n');
  return {
    additions: lines.filter((line) => line.startsWith('+')).length,
    deletions: lines.filter((line) => line.startsWith('-')).length,
    patch,
  };
}

/** The part of a patch that ends at a line of the new file, as GitHub shows it above a review comment. */
export function hunkAt(patch: string, line: number): string {
  let hunk: string[] = [];
  let current = 0;
  for (const text of patch.split('\n')) {
    const start = /^@@ -\d+(?:,\d+)? \+(\d+)/.exec(text);
    if (start) {
      hunk = [text];
      current = Number(start[1]) - 1;
      continue;
    }
    hunk.push(text);
    if (!text.startsWith('-') && !text.startsWith('\\')) current += 1;
    if (current === line && !text.startsWith('-')) return hunk.join('\n');
  }
  return '';
}
