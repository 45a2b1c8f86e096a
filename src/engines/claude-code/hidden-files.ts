import { realpath } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { HiddenFiles } from './isolation.ts';

export interface HideOptions {
  /** Absolute paths; those that do not exist are left out. */
  hidden: readonly string[];
  /** Directories that the agent works in, as they are. */
  needed: readonly string[];
  /** Programs that it starts; what lies around them comes along, and is read-only then. */
  programs: readonly string[];
  /** Absolute paths that it can read and not change; those that do not exist are left out. */
  readOnly: readonly string[];
}

export type Hiding =
  | { outcome: 'hidden'; files: HiddenFiles }
  /** The path is to be hidden, and is itself what has to be seen. */
  | { outcome: 'in-the-open'; path: string };

/** Which paths to cover, what to leave open within them, and what to make read-only. */
export async function hiddenFiles(options: HideOptions): Promise<Hiding> {
  const covered = outermost((await existing(options.hidden)).filter((path) => path !== '/'));
  const coverOf = (path: string) => covered.find((cover) => isWithin(path, cover));
  const around = (await existing(options.programs)).flatMap((path) => {
    const cover = coverOf(path);
    const [first] = cover === undefined ? [] : relative(cover, dirname(path)).split(sep);
    return cover === undefined || first === undefined ? [] : [join(cover, first)];
  });
  const readOnly = [...(await existing(options.readOnly)).filter((path) => path !== '/'), ...around];
  const isClosed = (path: string) => [...covered, ...readOnly].some((outer) => isWithin(path, outer));
  const kept = [...outermost((await existing(options.needed)).filter(isClosed)), ...outermost(around)];
  const exposed = covered.find((cover) => kept.includes(cover));
  if (exposed !== undefined) return { outcome: 'in-the-open', path: exposed };
  const anchored = [...covered, ...readOnly].flatMap(ancestors).filter((path) => !isClosed(path));
  return {
    outcome: 'hidden',
    files: {
      hidden: covered,
      kept: outerFirst(kept),
      readOnly: outerFirst(readOnly),
      anchored: outerFirst(anchored),
    },
  };
}

/** The directories around a path, but for the root. */
function ancestors(path: string): string[] {
  const parent = dirname(path);
  return parent === '/' ? [] : [...ancestors(parent), parent];
}

function outerFirst(paths: readonly string[]): string[] {
  return [...new Set(paths)].toSorted((one, other) => one.length - other.length);
}

async function existing(paths: readonly string[]): Promise<string[]> {
  // A link is as good a way to what is hidden as the path that it leads to.
  const found = await Promise.all(paths.map((path) => realpath(path).catch(() => undefined)));
  return found.filter((path) => path !== undefined);
}

function outermost(paths: readonly string[]): string[] {
  const all = [...new Set(paths)];
  return all.filter((path) => !all.some((other) => other !== path && isWithin(path, other)));
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : directory + sep);
}
