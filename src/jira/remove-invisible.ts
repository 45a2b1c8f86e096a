/**
 * What a person who reads the ticket cannot see and a model can: control and format characters, bidirectional marks,
 * zero-width characters, tags, variation selectors, fillers, halves of surrogate pairs. The Arabic and Syriac signs
 * that Unicode files under "format" are visible and stay.
 * https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
 */
const invisible =
  /(?![\n\t\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2])[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/u;

/**
 * The same, with what is kept first: joiners inside emoji, the selector that makes a character an emoji, the three
 * flags that are spelled with tags, and joiners between letters of scripts that are written with them.
 */
const keptOrInvisible = new RegExp(
  [
    '(',
    [
      // England, Scotland, Wales. Other sequences of tags are not in use and could spell anything.
      String.raw`\u{1f3f4}\u{e0067}\u{e0062}(?:\u{e0065}\u{e006e}\u{e0067}|\u{e0073}\u{e0063}\u{e0074}|\u{e0077}\u{e006c}\u{e0073})\u{e007f}`,
      String.raw`\p{Extended_Pictographic}[\ufe0e\ufe0f]?\p{Emoji_Modifier}?(?:\u200d\p{Extended_Pictographic}[\ufe0e\ufe0f]?\p{Emoji_Modifier}?)*`,
      String.raw`[0-9#*]\ufe0f\u20e3`,
      String.raw`(?<=[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}])[\u200c\u200d](?=[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}])`,
    ].join('|'),
    ')|',
    invisible.source,
  ].join(''),
  'gu',
);

export interface Cleaned {
  text: string;
  /** How many characters were removed. */
  removed: number;
}

/** A text without its invisible characters, and how many there were. Line ends become `\n`, which does not count. */
export function removeInvisible(text: string): Cleaned {
  if (!/[^\n\t\x20-\x7e]/.test(text)) return { text, removed: 0 };
  const lines = text.replaceAll(/\r\n?|[\u2028\u2029\u0085]/g, '\n');
  if (!invisible.test(lines)) return { text: lines, removed: 0 };
  let removed = 0;
  const cleaned = lines.replaceAll(keptOrInvisible, (_all, kept: string | undefined) => {
    if (kept !== undefined) return kept;
    removed += 1;
    return '';
  });
  return { text: cleaned, removed };
}
