import { createHmac } from 'node:crypto';
import { findTokens, overlaps } from './find-tokens.ts';
import type { Hit } from './hit.ts';
import { type KnownValues, knownValues } from './known-values.ts';

export interface Scrubber {
  known: KnownValues;
  markKey: Uint8Array;
}

export function createScrubber(secrets: readonly string[], markKey: Uint8Array): Scrubber {
  return { known: knownValues(secrets), markKey };
}

interface ScrubbedText {
  text: string;
  replaced: number;
}

/** A replacement may bring together what forms a token again; nothing real needs more than two rounds. */
const mostRounds = 5;

/** A text that cannot be scrubbed; the message is a clause without a full stop. */
export class ScrubError extends Error {
  override name = 'ScrubError';
}

/**
 * Replaces secrets in a text by `[REDACTED:<rule>:<8 hex digits>]`; the digits are the same for the same secret
 * and cannot be guessed from it without the key. Ends when nothing more is found, so that a second scrub changes
 * nothing.
 */
export function scrubText(text: string, scrubber: Scrubber): ScrubbedText {
  let result = text;
  let replaced = 0;
  for (let round = 0; round < mostRounds; round += 1) {
    const hits = findSecrets(result, scrubber);
    if (hits.length === 0) return { text: result, replaced };
    result = withMarks(result, hits, scrubber.markKey);
    replaced += hits.length;
  }
  if (findSecrets(result, scrubber).length > 0) throw new ScrubError('a text has secrets after each scrub');
  return { text: result, replaced };
}

const marks = /\[REDACTED:[a-z0-9-]{1,40}:[0-9a-f]{8}\]/g;

/** All secrets in a text, in their order, without overlaps; those that were replaced before are not found. */
export function findSecrets(text: string, scrubber: Scrubber): Hit[] {
  const hits = [...scrubber.known.find(text), ...findTokens(text)];
  if (hits.length === 0) return [];
  const marked = [...text.matchAll(marks)].map(({ index, 0: { length } }) => ({
    start: index,
    end: index + length,
  }));
  return merged(hits.filter((found) => found.end > found.start && !isMarked(found, marked)));
}

function isMarked(found: Hit, marked: readonly { start: number; end: number }[]): boolean {
  const within = marked.filter((range) => overlaps(found, range));
  if (within.length === 0) return false;
  // What is left of a key or of a known value around a mark is still secret.
  if (found.rule !== 'private-key' && found.rule !== 'secret') return true;
  return within.some(({ start, end }) => start <= found.start && found.end <= end);
}

function merged(hits: readonly Hit[]): Hit[] {
  const sorted = hits.toSorted((a, b) => a.start - b.start || b.end - a.end);
  const result: Hit[] = [];
  for (const found of sorted) {
    const last = result.at(-1);
    if (last === undefined || found.start >= last.end) result.push(found);
    else if (found.end > last.end)
      result.splice(-1, 1, { start: last.start, end: found.end, rule: last.rule });
  }
  return result;
}

function withMarks(text: string, hits: readonly Hit[], markKey: Uint8Array): string {
  const pieces: string[] = [];
  let from = 0;
  for (const { start, end, rule, secret } of hits) {
    const digits = createHmac('sha256', markKey)
      .update(secret ?? text.slice(start, end))
      .digest('hex');
    pieces.push(text.slice(from, start), `[REDACTED:${rule}:${digits.slice(0, 8)}]`);
    from = end;
  }
  return pieces.join('') + text.slice(from);
}
