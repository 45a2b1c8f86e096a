import { isJiraKey } from '../core/issue-key.ts';
import type { CachedAnswer } from './response-cache.ts';

/**
 * What the call of a tool that changes something may have changed: all that the server says, or the tickets with
 * these keys and whatever was searched for.
 */
export type Touched = 'everything' | ReadonlySet<string>;

/** A name under which arguments carry the key of a ticket: `issue_key`, `ticketId`, `key`. */
const keyName = /issue|ticket|key/i;

/** A key in the midst of a text, also in lower case, as JIRA takes it. */
const mentioned = /(?<![A-Za-z0-9_-])[A-Za-z][A-Za-z0-9_]{1,29}-[1-9][0-9]{0,9}(?![0-9])/g;

/**
 * Reads the keys off the arguments. Only an argument that is a key, under a name that says so, makes the change
 * one of single tickets; then the keys in all other texts of the call count too, as those of a link do.
 */
export function touchedBy(args: unknown): Touched {
  const texts = [...stringsIn(args)];
  const isOfTickets = texts.some(({ name, text }) => keyName.test(name) && isJiraKey(text));
  if (!isOfTickets) return 'everything';
  return new Set(texts.flatMap(({ text }) => keysIn(text)));
}

/**
 * Whether a kept answer may be out of date after the change: it mentions one of the tickets, or it is a search,
 * whose answer any change may alter.
 */
export function isTouched(answer: CachedAnswer, touched: Touched): boolean {
  if (touched === 'everything' || isSearch(answer)) return true;
  const keys = [...keysIn(answer.argumentsJson), ...keysIn(answer.resultJson)];
  return keys.some((key) => touched.has(key));
}

/** Everything that was not asked of one ticket by its key. */
function isSearch({ tool, argumentsJson }: CachedAnswer): boolean {
  if (/search|query|jql|list|find/i.test(tool)) return true;
  const texts = [...stringsIn(JSON.parse(argumentsJson))];
  return !texts.some(({ name, text }) => keyName.test(name) && isJiraKey(text));
}

function keysIn(text: string): string[] {
  return (text.match(mentioned) ?? []).map((key) => key.toUpperCase());
}

/** All texts in a value, each with the nearest name above it. */
function* stringsIn(value: unknown, name = ''): Generator<{ name: string; text: string }> {
  if (typeof value === 'string') yield { name, text: value };
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    if (!Array.isArray(value)) yield { name: '', text: key };
    yield* stringsIn(member, Array.isArray(value) ? name : key);
  }
}
