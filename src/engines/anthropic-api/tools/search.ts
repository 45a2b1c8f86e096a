import { relative } from 'node:path';
import { isGitData, isWithin } from '../paths.ts';
import type { Place } from './confinement.ts';

/** A found path for the model: relative to the checkout, and absolute outside of it. Git's own are not shown. */
export function shownPath(found: string, place: Place, workingDirectory: string): string | undefined {
  const inside = relative(place.root, found);
  if (!isWithin(found, place.root) || isGitData(inside)) return undefined;
  return place.root === workingDirectory ? inside : found;
}

/** What the search tools of the SDK answer when there is nothing. */
export const nothing = 'no matches';
