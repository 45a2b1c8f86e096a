import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Git, gitIn } from './git.ts';

/** One path that one of the new commits, or all of them together, adds, changes or deletes. */
export interface ChangedPath {
  /** The newest one for what no commit shows alone. */
  commit: string;
  path: string;
  /** Git's mode after the commit: `100644`, `120000` for a link, `160000` for a submodule, `000000` when deleted. */
  mode: string;
  /** Object after the commit, and those before it, one for each parent. */
  hash: string;
  before: string[];
  /** Bytes of a file that the server does not have yet; undefined for one that it has, and for no file. */
  newBytes: number | undefined;
}

type Entry = Omit<ChangedPath, 'newBytes'>;

/** What a push would bring to the server. */
export interface PushedChanges {
  /** Newest first. */
  commits: string[];
  /** Of every commit: what a later one takes back is pushed all the same. */
  paths: ChangedPath[];
  /** Bytes of all new files. */
  totalBytes: number;
  /** Paths that match one of the patterns. */
  matching(patterns: readonly string[]): Promise<string[]>;
  /** Contents of objects, in the order of the hashes. */
  read(hashes: readonly string[]): Promise<Buffer[]>;
  /** Of the hashes, as many as fit, in their order. */
  within(hashes: readonly string[], bytes: number): Promise<string[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface PushedOptions {
  objectDirectory: string;
  temporaryDirectory: string;
  /** Newest new commit. */
  head: string;
  /** Commits that the server has: where the work began, and of the base branch. */
  start: string;
  base: string | undefined;
  env: Readonly<Record<string, string | undefined>>;
}

const noObject = /^0+$/;
const limits = { timeLimitMs: 120_000 };
const diffFlags = ['-r', '--raw', '-z', '--no-abbrev', '--no-renames', '--no-ext-diff'];

/**
 * Reads what would be pushed. In a repository of its own over the checkout's objects, as the push does: grafts,
 * replacements and refs of the agent's repository would show another history than the one that is pushed.
 */
export async function pushedChanges(options: PushedOptions): Promise<PushedChanges> {
  const { objectDirectory, temporaryDirectory, head, start, base, env } = options;
  const directory = await mkdtemp(join(temporaryDirectory, 'pushed-'));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    await gitIn(directory, env)(['init', '--quiet', '--bare', '--template=', '.']);
    const inside = { GIT_DIR: directory, GIT_OBJECT_DIRECTORY: objectDirectory, GIT_NO_REPLACE_OBJECTS: '1' };
    const git: Git = (args, { env: more, ...rest } = {}) =>
      gitIn(directory, env)(args, { ...limits, ...rest, env: { ...inside, ...more } });
    const known = base === undefined ? [start] : [start, base];
    const range = [head, ...known.map((commit) => `^${commit}`)];
    const commits = linesOf(await git(['rev-list', ...range, '--']));
    const sizes = await newFiles(git, range);
    const changed = async (patterns: readonly string[]) => {
      const pathspecs = patterns.map((pattern) => `:(glob,icase)${pattern}`);
      const input = commits.map((commit) => `${commit}\n`).join('');
      const each = await git(['diff-tree', '--stdin', '-c', '--root', ...diffFlags, '--', ...pathspecs], {
        input,
      });
      // A merge shows only what differs from all its parents: one of them may be an old commit, and all is as it was then.
      const sinceKnown = known.map(async (commit) =>
        parseRaw(await git(['diff-tree', ...diffFlags, commit, head, '--', ...pathspecs])),
      );
      return withTotal(parseRaw(each), await Promise.all(sinceKnown), head);
    };
    const paths = (await changed([])).map((entry) => ({ ...entry, newBytes: sizes.get(entry.hash) }));
    return {
      commits,
      paths,
      totalBytes: [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0),
      async matching(patterns) {
        if (patterns.length === 0) return [];
        return [...new Set((await changed(patterns)).map(({ path }) => path))];
      },
      read: (hashes) => readObjects(git, hashes),
      async within(hashes, bytes) {
        let left = bytes;
        const sizesOf = await describe(git, hashes);
        return sizesOf.flatMap(({ hash, size }) => {
          if (size > left) return [];
          left -= size;
          return [hash];
        });
      },
      [Symbol.asyncDispose]: remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/**
 * Adds what differs from all known commits and is in none of the entries. What a merge brings from the base branch is
 * as it is there. The server has these files, or the commit that made them shows them.
 */
function withTotal(entries: Entry[], [total = [], ...others]: Entry[][], commit: string): Entry[] {
  const keyOf = ({ path, mode, hash }: Entry) => `${mode} ${hash} ${path}`;
  const shown = new Set(entries.map(keyOf));
  const differing = others.map((other) => new Set(other.map(({ path }) => path)));
  const missing = total.filter(
    (entry) => !shown.has(keyOf(entry)) && differing.every((paths) => paths.has(entry.path)),
  );
  return [...entries, ...missing.map((entry) => ({ ...entry, commit, before: [] }))];
}

/** Files that the server does not have, with their sizes. */
async function newFiles(git: Git, range: readonly string[]): Promise<Map<string, number>> {
  const objects = linesOf(await git(['rev-list', '--objects', '--no-object-names', ...range, '--']));
  const files = (await describe(git, objects)).filter(({ type }) => type === 'blob');
  return new Map(files.map(({ hash, size }) => [hash, size]));
}

async function describe(
  git: Git,
  hashes: readonly string[],
): Promise<{ hash: string; type: string; size: number }[]> {
  if (hashes.length === 0) return [];
  const format = '--batch-check=%(objectname) %(objecttype) %(objectsize)';
  const described = await git(['cat-file', format], { input: hashes.map((hash) => `${hash}\n`).join('') });
  return linesOf(described).map((line) => {
    const [hash = '', type = '', size] = line.split(' ');
    return { hash, type, size: Number(size) };
  });
}

/** `git diff-tree --raw -z`: a commit, then its entries, each followed by its path; one hash for each parent. */
function parseRaw(output: string): Entry[] {
  const fields = output.split('\0');
  const paths: Entry[] = [];
  let commit = '';
  for (let at = 0; at < fields.length; at += 1) {
    const field = fields[at] ?? '';
    const parents = /^:+/.exec(field)?.[0].length ?? 0;
    if (parents === 0) {
      if (field !== '') commit = field;
      continue;
    }
    const words = field.slice(parents).split(' ');
    const [mode = '', ...hashes] = [words[parents], ...words.slice(parents + 1, 2 * parents + 2)];
    const hash = hashes.at(-1) ?? '';
    const before = hashes.slice(0, -1).filter((each): each is string => !noObject.test(each ?? ''));
    at += 1;
    paths.push({ commit, path: fields[at] ?? '', mode, hash, before });
  }
  return paths;
}

async function readObjects(git: Git, hashes: readonly string[]): Promise<Buffer[]> {
  if (hashes.length === 0) return [];
  const input = hashes.map((hash) => `${hash}\n`).join('');
  const all = Buffer.from(await git(['cat-file', '--batch'], { input, encoding: 'latin1' }), 'latin1');
  let at = 0;
  return hashes.map((hash) => {
    const lineEnd = all.indexOf(0x0a, at);
    const [name, , size] = all.toString('latin1', at, lineEnd).split(' ');
    if (name !== hash || size === undefined) throw new Error(`git has no object ${hash}`);
    const start = lineEnd + 1;
    at = start + Number(size) + 1;
    return all.subarray(start, at - 1);
  });
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
