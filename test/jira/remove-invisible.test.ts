import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { removeInvisible } from '../../src/jira/remove-invisible.ts';

describe('removeInvisible', () => {
  it.each([
    ['plain text', 'a line\n\tand another', 'a line\n\tand another', 0],
    ['line ends of other systems', 'a\r\nb\rc\u2028d', 'a\nb\nc\nd', 0],
    ['zero-width characters', 'a\u200bb\u2060c\ufeffd', 'abcd', 3],
    ['bidirectional marks', '\u202euser\u202c \u2066x\u2069\u200f', 'user x', 5],
    ['tags that spell something', `a${tags('rm -rf')}b`, 'ab', 6],
    ['tags behind a flag that spell something else', `\u{1f3f4}${tags('rm')}\u{e007f}`, '\u{1f3f4}', 3],
    ['variation selectors that carry bytes', 'a\u{e0101}\u{e0155}\ufe03', 'a', 3],
    ['fillers', 'a\u3164\u115f\uffa0b', 'ab', 3],
    ['control characters', 'a\u0000b\u001b[31m\u0007', 'ab[31m', 3],
    ['half of a pair', 'a\ud83d b', 'a b', 1],
    ['soft hyphens', 'co\u00adop', 'coop', 1],
    ['joiners between Latin letters', 'a\u200db\u200cc', 'abc', 2],
  ])('takes out %s', (_name, text, expected, removed) => {
    expect(removeInvisible(text)).toEqual({ text: expected, removed });
  });

  it.each([
    ['right-to-left text', 'שלום עולם, مرحبا'],
    ['an emoji of several people', '👩‍👩‍👧‍👦 and 🏳️‍🌈'],
    ['an emoji with a skin tone', '👍🏽 🧑🏿‍💻'],
    ['a heart that is an emoji by its selector', '❤️'],
    ['a keycap', '1️⃣ #️⃣'],
    ['the flag of Wales', '🏴󠁧󠁢󠁷󠁬󠁳󠁿'],
    ['joiners of Persian', 'می‌خواهم'],
    ['joiners of Hindi', 'क्‍ष'],
    ['signs before Arabic numbers', '\u0600١٢'],
    ['accents', 'e\u0301 ŷ ñ'],
  ])('keeps %s', (_name, text) => {
    expect(removeInvisible(text)).toEqual({ text, removed: 0 });
  });

  it('leaves nothing to take out, and nothing that was visible goes', () => {
    const text = fc
      .array(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.constantFrom('\u200d', '👩', '\ufe0f', '\u{e0061}', '\ud83d', 'ا', '1'),
        ),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (any) => {
        const once = removeInvisible(any);
        expect(removeInvisible(once.text)).toEqual({ text: once.text, removed: 0 });
        const visible = (value: string) =>
          value.replaceAll(/[^\p{L}\p{N}\p{P}\p{S}]|\u3164|\u115f|\u1160|\uffa0/gu, '');
        expect(visible(once.text)).toBe(visible(any));
      }),
    );
  });
});

function tags(text: string): string {
  return [...text].map((one) => String.fromCodePoint(0xe0000 + (one.codePointAt(0) ?? 0))).join('');
}
