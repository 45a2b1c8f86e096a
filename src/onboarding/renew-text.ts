import { applyPatch, structuredPatch } from 'diff';

/**
 * A file that was `before` and may have been edited since, with what `before` became: the edits stay. Undefined when
 * they are in the way.
 */
export function renewText(current: string, before: string, after: string): string | undefined {
  if (current === before || current === after) return after;
  const patch = structuredPatch('file', 'file', before, after, undefined, undefined, { context: 2 });
  const renewed = applyPatch(current, patch, { fuzzFactor: 0 });
  return renewed === false ? undefined : renewed;
}
