import { logContext } from '../core/log-context.ts';
import { redactor } from '../core/redact.ts';
import { spellingsOf } from './spellings.ts';

export interface LineLimits {
  /** Characters of one field. */
  field: number;
  /** Characters of all fields together, short ones of the line itself not counted. */
  line: number;
}

export const lineLimits: LineLimits = { field: 8 * 1024, line: 48 * 1024 };

/** A longer line is not even read: that would hold up everything else. */
const longestRead = 2 * 1024 * 1024;

const mostEntries = 200;
const deepest = 12;
const longestKey = 256;
const shortScalar = 256;

/** What a terminal or a viewer takes for more than a character, and JSON leaves as it is. */
const acting = /[\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;
const isActing = new RegExp(acting.source);

/**
 * What a line of the log (JSON, with its line end) becomes before it is written: without secrets, in whatever field and
 * spelling they stand, of bounded length, and one line of valid JSON still.
 */
export function lineCleaner(
  secrets: readonly string[],
  limits: LineLimits = lineLimits,
): (line: string) => string {
  const spellings = spellingsOf(secrets);
  const redact = redactor(spellings);
  // A secret that a cut goes through would be known by nobody: so much more is looked at, and then left out.
  const margin = spellings.reduce((most, { length }) => Math.max(most, length), 4096);

  function shortened(text: string, most: number): string {
    const isTooLong = text.length > most;
    const seen =
      text.length > most + margin ? redact(text.slice(0, most + margin)).slice(0, -margin) : redact(text);
    if (!isTooLong && seen.length <= most) return seen;
    return `${wellFormed(seen.slice(0, most))}… [cut: ${text.length} characters]`;
  }

  function clean(line: string): string {
    if (line.length > longestRead) return leftOut(`a line of ${line.length} characters`);
    if (isPlain(line, limits) && redact(line) === line) return line;
    let read: unknown;
    try {
      read = JSON.parse(line);
    } catch {
      return leftOut('a line that is not JSON');
    }
    let left = limits.line;

    function walk(value: unknown, depth: number): unknown {
      if (typeof value === 'string') return text(value, depth);
      if (typeof value !== 'object' || value === null) return value;
      if (depth > deepest || left <= 0) return '[cut]';
      if (Array.isArray(value)) {
        const kept = value.slice(0, mostEntries).map((item) => walk(item, depth + 1));
        return value.length > mostEntries ? [...kept, `[cut: ${value.length} entries]`] : kept;
      }
      const entries = Object.entries(value);
      const kept = entries
        .slice(0, mostEntries)
        .map(([key, item]): [string, unknown] => [shortened(key, longestKey), walk(item, depth + 1)]);
      left -= 8 * kept.length;
      if (entries.length > mostEntries) kept.push(['cut', `[cut: ${entries.length} entries]`]);
      return Object.fromEntries(kept);
    }

    function text(value: string, depth: number): string {
      // Ids, times and names stay, however much the rest of the line takes.
      if (depth === 1 && value.length <= shortScalar) return redact(value);
      if (left <= 0) return value === '' ? '' : '[cut]';
      const kept = shortened(value, Math.min(limits.field, left));
      left -= kept.length;
      return kept;
    }

    return `${inert(JSON.stringify(walk(read, 0)))}\n`;
  }
  return clean;
}

/** What is written as it is read: nothing is escaped, nothing acts, no key of a parent logger stands there twice. */
function isPlain(line: string, limits: LineLimits): boolean {
  return (
    line.length <= limits.field &&
    !line.includes('\\') &&
    line.indexOf(',"name":') === line.lastIndexOf(',"name":') &&
    !isActing.test(line)
  );
}

function inert(json: string): string {
  return json.replaceAll(
    acting,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A pair of which a cut leaves the first half is no character. */
function wellFormed(text: string): string {
  return text.replace(/[\ud800-\udbff]$/, '');
}

function leftOut(what: string): string {
  const timestamp = new Date().toISOString();
  return `${JSON.stringify({ level: 'warn', event: 'line_left_out', timestamp, ...logContext(), msg: `${what} was left out of the log` })}\n`;
}
