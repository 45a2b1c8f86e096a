import type { TokenRule } from '../../core/redact.ts';
import { searchAddresses, searchAnchors } from './anchors.ts';
import type { Hit } from './hit.ts';
import { ownRules } from './own-rules.ts';
import { findByPreset } from './preset-rules.ts';
import { findPrivateKeys } from './private-keys.ts';

/** Secrets in a text that are known by their form. */
export function findTokens(text: string): Hit[] {
  // Most strings of a suspect line are clean, and a look at their bytes is thirty times faster than all rules.
  const bytes = Buffer.from(text);
  if (!searchAnchors(bytes, () => true)) return [];
  const skipped = searchAddresses(bytes) ? none : addressRules;
  const hits = viewsOf(text).flatMap((view) => [
    ...findPrivateKeys(view),
    ...ownRules.filter(({ name }) => !skipped.has(name)).flatMap((rule) => matches(rule, view)),
    ...findByPreset(view, skipped).map((found) => trimmed(found, view)),
  ]);
  const passwords = hits.filter(({ rule }) => rule === 'url-password');
  return hits.filter((found) => {
    if (valueOnly.has(found.rule) && isPlaceholder(text.slice(found.start, found.end))) return false;
    if (found.rule === 'assigned-secret' && !looksLikeChance(text.slice(found.start, found.end)))
      return false;
    // Host and path of an address stay when its password is known.
    return !wholeAddress.has(found.rule) || !passwords.some((password) => overlaps(found, password));
  });
}

const wholeAddress = new Set(['basicauth', 'database-connection-string']);
/** The slowest of all rules, as they begin with any letter. */
const addressRules: ReadonlySet<string> = new Set([...wholeAddress, 'url-password']);
const none: ReadonlySet<string> = new Set();
const valueOnly = new Set(['url-password', 'assigned-secret', 'npm-token', 'bearer']);

export function overlaps(
  one: { start: number; end: number },
  other: { start: number; end: number },
): boolean {
  return one.start < other.end && other.start < one.end;
}

/** Escaped line ends in JSON inside of a string, and colours of a terminal: a word begins after them. */
const escapes = /\\(?:[nrtbf]|u001[bB]\[[0-9;]{0,12}m|x1[bB]\[[0-9;]{0,12}m)|\p{Cc}\[[0-9;]{0,12}m/gu;

/** The text, and the same with blanks of the same length where an escape would hide a word's beginning. */
function viewsOf(text: string): string[] {
  const blanked = text.replaceAll(escapes, (found) => ' '.repeat(found.length));
  return blanked === text ? [text] : [text, blanked];
}

function matches({ name, pattern }: TokenRule, text: string): Hit[] {
  return [...text.matchAll(pattern)].map(({ index, 0: all, groups }) => ({
    start: index + (groups?.before?.length ?? 0),
    end: index + all.length - (groups?.after?.length ?? 0),
    rule: name,
  }));
}

/** Without the quotes and blanks that a range of the preset may have at its ends. */
function trimmed({ start, end, rule }: Hit, text: string): Hit {
  const found = text.slice(start, end);
  const before = /^[\s"'`]*/.exec(found)?.[0].length ?? 0;
  const after = /[\s"'`]{0,100}$/.exec(found)?.[0].length ?? 0;
  return { start: start + before, end: Math.max(start + before, end - after), rule };
}

/** What examples and templates have where a secret would be: `${TOKEN}`, `{{ password }}`, `***`, `PASSWORD`. */
const placeholder =
  /^(?:[$%{([].*|\\?\$.*|.*\$\{.*|(.)\1*|\.{2,}.*|[A-Z_]*(?:PASS|PASSWORD|PASSWD|PWD|TOKEN|SECRET|KEY|PAT)|(?:my|your|the|some)?[-_]?(?:pass|password|passwd|pwd|pw|secret|token)(?:word)?|x-oauth-basic|process\.env\..*)$/s;

function isPlaceholder(value: string): boolean {
  return value.length <= 400 && placeholder.test(value);
}

/** Whether a part of it is long, mixes letters and digits, and repeats few of them: no words, no numbers. */
function looksLikeChance(value: string): boolean {
  return value.split(/[^A-Za-z0-9+]/).some((part) => {
    const digits = part.replaceAll(/\D/g, '').length;
    return part.length >= 16 && digits >= 2 && part.length - digits >= 2 && new Set(part).size >= 10;
  });
}
