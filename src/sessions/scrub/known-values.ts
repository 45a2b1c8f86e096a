import type { Hit } from './hit.ts';

/** The secrets that a run knows, in all forms in which a tool may have printed them. */
export interface KnownValues {
  /** What is searched for in the bytes of a file; where none of it is, no value is either. */
  needles: Buffer[];
  find(text: string): Hit[];
}

interface Form {
  secret: string;
  text: string;
  /** Characters beside it that belong to it in part, as in base64. */
  partial?: RegExp;
}

/** Shorter values would be found in ordinary words, and shorter base64 in any binary data. */
const shortest = { value: 6, base64: 7 };

export function knownValues(secrets: readonly string[]): KnownValues {
  const values = [...new Set(secrets)].filter(({ length }) => length >= shortest.value);
  const forms = values.flatMap(formsOf).map((form) => ({ ...form, text: withoutBreaks(form.text).text }));
  const unique = [...new Map(forms.map((form) => [form.text, form])).values()]
    .filter(({ text }) => text.length >= shortest.value)
    .sort((a, b) => b.text.length - a.text.length);
  const needles = values.flatMap(formsOf).flatMap(({ text }) => needlesOf(text));
  return {
    needles: [...new Map(needles.map((needle) => [needle.toString('latin1'), needle])).values()],
    find(text) {
      if (unique.length === 0) return [];
      const joined = withoutBreaks(text);
      return unique.flatMap((form) => occurrences(form, joined));
    },
  };
}

function formsOf(secret: string): Form[] {
  const bytes = Buffer.from(secret);
  const url = encodeURIComponent(secret);
  // As base64 does not keep a form that begins in the middle of three bytes apart, there are three of each.
  const base64 = [0, 1, 2].flatMap((before) => {
    const all = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const whole = all.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    return [whole, whole.replaceAll('+', '-').replaceAll('/', '_')];
  });
  const texts = [
    secret,
    secret.trim(),
    escaped(secret),
    escaped(escaped(secret)),
    escaped(escaped(escaped(secret))),
    url,
    url.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    url.replaceAll('%20', '+'),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
  ];
  return [
    ...texts.map((text) => ({ secret, text })),
    ...base64
      .filter(({ length }) => length >= shortest.base64)
      .map((text) => ({ secret, text, partial: /[A-Za-z0-9+/_-]/ })),
  ];
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Bytes of a form that are looked for; of a long one several pieces, as a line end may lie in one of them. */
const pieceBytes = 8;

function needlesOf(form: string): Buffer[] {
  // In a transcript, and as it is in a file of text.
  return [...new Set([form, escaped(form)])].flatMap((text) => {
    // A piece is taken from between the line ends that a value has itself.
    const bytes = Buffer.from(text);
    if (bytes.length < 2 * pieceBytes) return [bytes];
    const last = bytes.length - pieceBytes;
    // Many values begin alike, and documents name that beginning: not so what stands further inside.
    const first = bytes.length < 4 * pieceBytes ? 0 : Math.floor(bytes.length / 3);
    return [first, Math.floor((first + last) / 2), last].map((at) => bytes.subarray(at, at + pieceBytes));
  });
}

interface Joined {
  text: string;
  /** Position in the whole text of a position in `text`. */
  positionOf(at: number): number;
}

/** A line end, also an escaped one, with the blanks and the line number that tools put after it. */
const lineBreak = /(?:\r?\n|(?:\\r)?\\n)[ \t]*(?:\d{1,7}(?:\t|\\t|→))?/g;

/** The text as one line: tools wrap long values. */
function withoutBreaks(text: string): Joined {
  const pieces: string[] = [];
  const starts: number[] = [];
  const positions: number[] = [];
  let length = 0;
  let from = 0;
  const add = (until: number): void => {
    starts.push(length);
    positions.push(from);
    pieces.push(text.slice(from, until));
    length += until - from;
  };
  for (const found of text.matchAll(lineBreak)) {
    add(found.index);
    from = found.index + found[0].length;
  }
  if (from === 0) return { text, positionOf: (at) => at };
  add(text.length);
  return {
    text: pieces.join(''),
    positionOf(at) {
      let low = 0;
      let high = starts.length - 1;
      while (low < high) {
        const middle = Math.ceil((low + high) / 2);
        if ((starts[middle] ?? 0) <= at) low = middle;
        else high = middle - 1;
      }
      return (positions[low] ?? 0) + at - (starts[low] ?? 0);
    },
  };
}

function occurrences({ secret, text, partial }: Form, joined: Joined): Hit[] {
  const hits: Hit[] = [];
  for (let at = joined.text.indexOf(text); at >= 0; at = joined.text.indexOf(text, at + text.length)) {
    const begins = partial?.test(joined.text.charAt(at - 1)) ? at - 1 : at;
    let ends = at + text.length;
    if (partial?.test(joined.text.charAt(ends))) ends += 1;
    hits.push({
      start: joined.positionOf(begins),
      end: joined.positionOf(ends - 1) + 1,
      rule: 'secret',
      secret,
    });
  }
  return hits;
}
