import { realpath } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { HiddenFiles } from './isolation.ts';

export interface HideOptions {
  /** Absolute paths; those that do not exist are left out. */
  hidden: readonly string[];
  /** Directories that the agent works in, as they are. */
  needed: readonly string[];
  /** Programs that it starts; what lies around them comes along. */
  programs: readonly string[];
}

/** Which paths to cover, and what to leave open within them. */
export async function hiddenFiles({ hidden, needed, programs }: HideOptions): Promise<HiddenFiles> {
  const covered = outermost((await existing(hidden)).filter((path) => path !== '/'));
  const within = (path: string) => covered.find((cover) => isWithin(path, cover));
  const around = (await existing(programs)).flatMap((path) => {
    const cover = within(path);
    const [first] = cover === undefined ? [] : relative(cover, dirname(path)).split(sep);
    return cover === undefined || first === undefined ? [] : [join(cover, first)];
  });
  const kept = [...(await existing(needed)), ...around].filter((path) => within(path) !== undefined);
  return { hidden: covered.filter((path) => !kept.includes(path)), kept: outermost(kept) };
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
