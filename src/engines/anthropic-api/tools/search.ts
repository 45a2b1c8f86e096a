import { relative } from 'node:path';
import { braceExpand } from 'minimatch';
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

/** Of `*` in one name: with each more, a name that does not fit takes a hundred times as long, and all else waits. */
const mostStars = 3;
const mostDepths = 3;

/** A pattern for paths that is soon matched: `{1..99999999}` would be as many patterns, `*a*a*a*a*a*a*b` takes hours. */
export const pathPattern = z
  .string()
  .min(1)
  .max(500)
  .refine(
    (text) => !/\{[^}]*\.\.[^{]*\}/.test(text) && text.split('{').length <= 5 && text.split(',').length <= 20,
    { error: 'must have at most four groups `{a,b}` with twenty names, and none with `..`', abort: true },
  )
  .refine(
    (text) => !/[@!?*+]\(/.test(text) && braceExpand(text).every(isSoonMatched),
    `must have at most ${mostStars} \`*\` in one name, ${mostDepths} \`**\` and no \`+(a|b)\` or the like`,
  );

function isSoonMatched(pattern: string): boolean {
  const names = pattern.split(/[/\\]/);
  const isDepth = (name: string) => /^\*{2,}$/.test(name);
  return (
    names.filter(isDepth).length <= mostDepths &&
    names.every((name) => isDepth(name) || name.split(/\*+/).length <= mostStars + 1)
  );
}

/** What the search tools of the SDK answer when there is nothing. */
export const nothing = 'no matches';
