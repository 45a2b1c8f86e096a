import { relative } from 'node:path';
import { z } from 'zod';
import { isGitData, isWithin } from '../paths.ts';
import type { Place } from './confinement.ts';
import type { Workplace } from './workplace.ts';

/** A found path for the model: relative to the checkout, absolute outside of it; undefined for what it must not see. */
export function shownPath(
  found: string,
  place: Place,
  { confinement, realDirectory }: Workplace,
): string | undefined {
  const inside = relative(place.root, found);
  if (!isWithin(found, place.root) || isGitData(inside) || confinement.isHidden(found)) return undefined;
  return place.root === realDirectory ? inside : found;
}

/** A pattern for paths whose alternatives can be counted: `{1..99999999}` would be as many patterns. */
export const pathPattern = z
  .string()
  .min(1)
  .max(500)
  .refine(
    (text) => !/\{[^}]*\.\.[^{]*\}/.test(text) && text.split('{').length <= 5,
    'must have at most four groups `{a,b}`, and none with `..`',
  );

/** What the search tools of the SDK answer when there is nothing. */
export const nothing = 'no matches';
