import { createHash } from 'node:crypto';
import { canonicalJson } from '../core/canonical-json.ts';
import type { SessionPins } from '../core/session.ts';
import { plainName } from '../pricing/find-prices.ts';

/** A pin that is not what it was when the session was saved. */
export interface MovedPin {
  pin: keyof SessionPins;
  /** For people: `Claude Code changed from 2.1.329 to 2.1.330`. */
  words: string;
}

const unknownVersion = 'unknown';

/** Of sessions that do not name one. */
const onlyEngine = 'claude-code';

/**
 * What of the pins changed, those first that cost the most. What one side does not know has not changed: a session of
 * an earlier version of Dexter has no pins, one that the model never answered in no model.
 */
export function pinsMoved(before: SessionPins | undefined, after: SessionPins): MovedPin[] {
  if (before === undefined) return [];
  const engines = [before.engine ?? onlyEngine, after.engine ?? onlyEngine] as const;
  // Each describes tools and instructions in its own way: what else is another one says nothing.
  if (engines[0] !== engines[1])
    return [{ pin: 'engine', words: `the engine changed from ${engines[0]} to ${engines[1]}` }];
  const moved: MovedPin[] = [];
  if (before.model !== null && after.model !== null && !isSameModel(before.model, after.model))
    moved.push({ pin: 'model', words: `the model changed from ${before.model} to ${after.model}` });
  if (before.effort !== after.effort)
    moved.push({
      pin: 'effort',
      words: `the effort changed from ${before.effort ?? 'the default'} to ${after.effort ?? 'the default'}`,
    });
  const tools = toolsMoved(before.tools, after.tools);
  if (tools !== undefined) moved.push({ pin: 'tools', words: tools });
  if (before.flags !== after.flags)
    moved.push({
      pin: 'flags',
      words: 'the MCP servers that a request begins with, or the rules for tools, changed',
    });
  const versions = [before.engineVersion, after.engineVersion];
  if (!versions.includes(unknownVersion) && before.engineVersion !== after.engineVersion)
    moved.push({
      pin: 'engineVersion',
      words: `${engines[1] === 'claude-code' ? 'Claude Code' : engines[1]} changed from ${before.engineVersion} to ${after.engineVersion}`,
    });
  if (before.workingDirectory !== after.workingDirectory)
    moved.push({ pin: 'workingDirectory', words: 'the directory of the checkout changed' });
  return moved;
}

/**
 * Whether the prompt cache has to be reckoned with as lost. Not for another directory, which is not in the beginning of
 * a request; another version of the CLI may have the same tools, but nobody knows before: docs/prompt-cache.md.
 */
export function losesPromptCache(moved: readonly MovedPin[]): boolean {
  return moved.some(({ pin }) => pin !== 'workingDirectory');
}

/**
 * `sonnet`, `claude-sonnet-4-5[1m]` and `us.anthropic.claude-sonnet-4-5-20250929-v1:0` may all be what the engine calls
 * `claude-sonnet-4-5-20250929`.
 */
export function isSameModel(had: string, asked: string): boolean {
  const [before, now] = [plainName(had), plainName(asked)];
  return now === before || (/^[a-z]+$/.test(now) && before.split('-').includes(now));
}

/** One word for what is too much to be kept as it is. The order of the keys of an object does not count. */
export function flagsPin(parts: Readonly<Record<string, unknown>>): string {
  // A number that has no text of its own is one of the parts all the same.
  const text = canonicalJson(parts) ?? JSON.stringify(parts);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function toolsMoved(before: SessionPins['tools'], after: SessionPins['tools']): string | undefined {
  if (before === null && after === null) return undefined;
  if (before === null || after === null) {
    const [from, to] = before === null ? ['the default', 'a list'] : ['a list', 'the default'];
    return `the tools changed from ${from} to ${to}`;
  }
  const added = after.filter((tool) => !before.includes(tool));
  const removed = before.filter((tool) => !after.includes(tool));
  const changes = [
    ...(added.length === 0 ? [] : [`${added.join(', ')} came`]),
    ...(removed.length === 0 ? [] : [`${removed.join(', ')} went`]),
  ];
  return changes.length === 0 ? undefined : `the tools changed (${changes.join('; ')})`;
}
