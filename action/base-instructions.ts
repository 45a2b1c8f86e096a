import { writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Checkout } from './checkout.ts';

export const instructionSources = ['base', 'none'] as const;

/** Files of the root that hold a team's instructions for Claude Code, in the order in which the CLI takes them. */
const names = ['CLAUDE.md', '.claude/CLAUDE.md'];
const mostBytes = 200_000;
/** As the CLI does: an import may import, so deep. */
const mostLevels = 5;

/** `@path` at the beginning of a word, as the CLI has it; what looks like a handle is no file of the repository. */
const imported = /(?:^|\s)@(?:\.\/)?([\w.][\w./-]*)/g;
const code = /^ {0,3}(`{3,}|~{3,})[\s\S]*?^ {0,3}\1|`[^`\n]*`/gm;

/**
 * Gives Claude Code the instructions of the base branch, in place of those of the branch that is worked on, which are
 * whoever's and which it does not load. They become those of the session's own user; the files that they import
 * follow below them.
 */
export async function writeBaseInstructions(
  { git, baseCommit }: Pick<Checkout, 'git' | 'baseCommit'>,
  configDirectory: string,
): Promise<void> {
  if (baseCommit === undefined) return;
  const parts: string[] = [];
  const taken = new Set<string>();
  let left = mostBytes;
  const take = async (path: string, level: number): Promise<void> => {
    if (taken.has(path) || level > mostLevels) return;
    taken.add(path);
    const text = await fileOf(git, baseCommit, path, left);
    if (text === undefined) return;
    left -= Buffer.byteLength(text);
    parts.push(`<!-- ${path} of the base branch -->\n\n${text.trim()}`);
    for (const next of importsOf(text)) await take(posix.join(posix.dirname(path), next), level + 1);
  };
  for (const name of names) await take(name, 0);
  if (parts.length === 0) return;
  await writeFile(join(configDirectory, 'CLAUDE.md'), `${parts.join('\n\n')}\n`, { mode: 0o600 });
}

function importsOf(text: string): string[] {
  return [...text.replaceAll(code, '').matchAll(imported)].flatMap(([, path]) =>
    path === undefined ? [] : [path],
  );
}

/** A file of a commit as text; undefined for what is none, and for what does not fit. */
async function fileOf(
  git: Checkout['git'],
  commit: string,
  path: string,
  bytes: number,
): Promise<string | undefined> {
  if (path.startsWith('../')) return undefined;
  const entry = await git(['ls-tree', '-l', '-z', commit, '--', path]);
  const [, mode = '', hash = '', size = ''] = /^(\d+) \w+ ([0-9a-f]+) +(\d+|-)\t/.exec(entry) ?? [];
  if (!mode.startsWith('100') || !(Number(size) <= bytes)) return undefined;
  return await git(['cat-file', 'blob', hash]);
}
