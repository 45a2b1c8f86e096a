import { searchAnchors } from './anchors.ts';
import { byteSearch } from './byte-search.ts';
import type { Scrubber } from './scrub-text.ts';

/** Tells cheaply, on bytes, where a secret may be; where none of these says so, there is none. */
export interface Suspects {
  /** Whether a piece of text may hold a value that the run knows. */
  mayHoldKnown(bytes: Buffer): boolean;
  /** Whether a line of a transcript does; dearer where parts of a value are common words. */
  holdsKnown(bytes: Buffer): boolean;
  mayHoldAny(bytes: Buffer): boolean;
  /** Start of each line of a piece that may hold a secret. */
  lines(bytes: Buffer): Set<number>;
}

export function createSuspects({ known }: Scrubber): Suspects {
  const searchKnown = byteSearch(known.needles);
  const yes = () => true;
  return {
    mayHoldKnown: (bytes) => searchKnown(bytes, yes),
    holdsKnown(bytes) {
      const lines = new Map<number, number>();
      searchKnown(bytes, inLines(bytes, lines));
      return [...lines].some(([start, end]) => known.find(bytes.toString('utf8', start, end)).length > 0);
    },
    mayHoldAny: (bytes) => searchKnown(bytes, yes) || searchAnchors(bytes, yes),
    lines(bytes) {
      const lines = new Map<number, number>();
      searchKnown(bytes, inLines(bytes, lines));
      searchAnchors(bytes, inLines(bytes, lines));
      return new Set(lines.keys());
    },
  };
}

/** Notes start and end of the line of each hit. */
function inLines(bytes: Buffer, lines: Map<number, number>): (at: number) => boolean {
  // A search goes from left to right: most hits are in the line of the one before.
  let start = 0;
  let end = 0;
  return (at) => {
    if (at < start || at >= end) {
      start = at === 0 ? 0 : bytes.lastIndexOf(0x0a, at - 1) + 1;
      const next = bytes.indexOf(0x0a, at);
      end = next < 0 ? bytes.length : next + 1;
      lines.set(start, end);
    }
    return false;
  };
}
