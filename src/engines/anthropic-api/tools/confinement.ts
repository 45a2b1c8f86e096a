import { realpath } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { resolvePath } from '@anthropic-ai/sdk/tools/agent-toolset/node';
import { isGitData, isWithin } from '../paths.ts';
import { isAllowed, namedOutside } from '../permission-rules.ts';
import { isProtected } from '../protected-paths.ts';
import { Denied } from './tool-failure.ts';

export interface ConfinementOptions {
  /** Absolute path of the checkout. */
  workingDirectory: string;
  /** Permission rules. */
  rules: readonly string[];
  homeDirectory: string | undefined;
  /** Paths that are never opened, whatever a rule says, but for those of `kept` within them; none of them a link. */
  hidden: readonly string[];
  kept: readonly string[];
}

/** A path that may be opened. */
export interface Place {
  /** Absolute, without a link in it when it was looked at; there may be nothing yet. */
  path: string;
  /** The checkout or the directory that a rule names, which it lies in; itself where the rule names a file. */
  root: string;
  /** For the model: relative to the checkout, absolute outside of it. */
  shown: string;
}

export interface Confinement {
  /**
   * Where a path leads to that the model gave.
   * @throws Denied where no rule allows the tool to go there.
   */
  place(tool: string, path: string): Promise<Place>;
  /** Whether a path, none of it a link, is kept from the agent whatever the rules say. */
  isHidden(path: string): boolean;
  /** What the tools of the SDK take: the same bounds. */
  context: { workdir: string; allowedRoots: string[] };
}

/** Of the system, not of anybody's work: through them the agent would see the processes of the runner. */
const neverOpened = ['/proc', '/sys', '/dev'];

/** The checkout, and what rules name outside of it. Each path is judged twice: as it is given, and as it leads. */
export function confinement(options: ConfinementOptions): Confinement {
  const { rules, homeDirectory, hidden, kept } = options;
  const workingDirectory = resolve(options.workingDirectory);
  const named = namedOutside(rules, homeDirectory).filter(
    (root) => !neverOpened.some((path) => isWithin(root, path)),
  );
  const context = { workdir: workingDirectory, allowedRoots: named };
  const isHidden = (path: string) =>
    neverOpened.some((closed) => isWithin(path, closed)) ||
    (longest(hidden, path) > 0 && longest(hidden, path) > longest(kept, path));

  async function place(tool: string, given: string): Promise<Place> {
    const denied = (what: string) =>
      new Denied(
        tool,
        `\`${given.slice(0, 300)}\` ${what}`,
        'Work with the files of the checkout that the rules allow.',
      );
    const asks = (path: string) =>
      isAllowed(rules, { name: tool, input: { file_path: path }, workingDirectory, homeDirectory });
    const asked = resolve(workingDirectory, given);
    if (given === '' || given.includes('\0')) throw denied('is no path');
    const named = isWithin(asked, workingDirectory) ? relative(workingDirectory, asked) : asked;
    if (isGitData(named)) throw denied('is blocked, as it belongs to git itself');
    if (!asks(asked)) throw denied(whyNot(asked));
    const path = await resolvePath(context, given).catch(() => undefined);
    if (path === undefined || isHidden(path)) throw denied('leads to what this run must not see');
    for (const root of [workingDirectory, ...named]) {
      const real = await realpath(root).catch(() => root);
      if (!isWithin(path, real)) continue;
      const inside = relative(real, path);
      const unlinked = join(root, inside);
      if (isGitData(inside)) throw denied('leads to what belongs to git itself, which is blocked');
      if (!asks(unlinked)) continue;
      return { path, root: real, shown: root === workingDirectory ? inside || '.' : unlinked };
    }
    throw denied('leads to where no rule allows it');
  }

  function whyNot(path: string): string {
    if (isWithin(path, workingDirectory)) {
      return isProtected(relative(workingDirectory, path))
        ? 'is blocked, as programs take it as instructions'
        : 'is not covered by any of the rules for this tool';
    }
    return `is outside of the checkout \`${basename(workingDirectory)}\`, and no rule allows it`;
  }

  return { place, isHidden, context };
}

/** The length of the longest of the paths that `path` is in. */
function longest(paths: readonly string[], path: string): number {
  return Math.max(0, ...paths.filter((outer) => isWithin(path, outer)).map(({ length }) => length));
}
