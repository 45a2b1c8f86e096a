import { formatAge } from '../report/figures.ts';

/** What a terminal or a log would obey instead of showing: controls, text direction, half characters. */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Text of others for one line of a terminal: what could move the cursor or hide something is written as `\u{…}`. */
export function plain(text: string): string {
  return text.replace(unsafe, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** `3 h ago`; a clock of somebody else that runs ahead is `0 s ago`. */
export function formatSince(when: Date, now: Date): string {
  return `${formatAge(Math.max(0, (now.getTime() - when.getTime()) / 1000))} ago`;
}

/** Lines with aligned columns, `head` first; the last column is not padded. */
export function table(head: string[], rows: string[][]): string[] {
  const cells = [head, ...rows].map((row) => row.map(plain));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** JSON in one line that holds no character that a terminal would obey; it means the same. */
export function plainJson(value: unknown): string {
  return JSON.stringify(value).replace(unsafe, (characters) =>
    // Beyond the first 65,536 characters JSON writes two escapes.
    [...Array(characters.length).keys()]
      .map((index) => `\\u${characters.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
