import { realpathSync } from 'node:fs';
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
  /** Paths that are never opened, whatever a rule says, but for those of `kept` within them. */
  hidden: readonly string[];
  kept: readonly string[];
  /** Outside of the checkout nothing but what is in this directory is opened; whatever the rules name without. */
  onlyWithin: string | undefined;
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

/**
 * The checkout, and what rules name outside of it. Each path is judged twice: as it is given, and as it leads. Where
 * the roots themselves lead is settled here once: what runs in them could put links in their place.
 */
export function confinement(options: ConfinementOptions): Confinement {
  const { rules, homeDirectory, onlyWithin } = options;
  const workingDirectory = resolve(options.workingDirectory);
  const checkout = { given: workingDirectory, real: realPath(workingDirectory) };
  const bound = onlyWithin === undefined ? '/' : realPath(onlyWithin);
  const named = namedOutside(rules, homeDirectory)
    .map((given) => ({ given, real: realPath(given) }))
    .filter(({ real }) => isWithin(real, bound) && !neverOpened.some((path) => isWithin(real, path)));
  const roots = [checkout, ...named];
  // A link is as good a way to what is hidden as the path that it leads to.
  const [hidden, kept] = [options.hidden.map(realPath), options.kept.map(realPath)];
  const context = { workdir: checkout.real, allowedRoots: named.map(({ real }) => real) };
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
    if (given === '' || given.includes('\0')) throw denied('is no path');
    const meant = resolve(workingDirectory, given);
    // Commands print the checkout's path without links.
    const asked = isWithin(meant, checkout.real)
      ? join(workingDirectory, relative(checkout.real, meant))
      : meant;
    const isInside = isWithin(asked, workingDirectory);
    if (isGitData(isInside ? relative(workingDirectory, asked) : asked)) {
      throw denied('is blocked, as it belongs to git itself');
    }
    if (!asks(asked)) throw denied(whyNot(asked));
    const path = await resolvePath(context, isInside ? relative(workingDirectory, asked) : asked).catch(
      () => undefined,
    );
    if (path === undefined || isHidden(path)) throw denied('leads to what this run must not see');
    for (const root of roots) {
      if (!isWithin(path, root.real)) continue;
      const inside = relative(root.real, path);
      if (isGitData(inside)) throw denied('leads to what belongs to git itself, which is blocked');
      const unlinked = join(root.given, inside);
      if (!asks(unlinked)) continue;
      return { path, root: root.real, shown: root === checkout ? inside || '.' : unlinked };
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

/** Where a path leads; itself where there is nothing, so that what is put there later as a link leads out of bounds. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

/** The length of the longest of the paths that `path` is in. */
function longest(paths: readonly string[], path: string): number {
  return Math.max(0, ...paths.filter((outer) => isWithin(path, outer)).map(({ length }) => length));
}
