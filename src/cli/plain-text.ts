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

/** Text of others as safe lines of at most so many characters; a longer word, such as an address, stays whole. */
export function wrapped(text: string, room: number): string[] {
  const told = text.split('\n').filter((line) => line.trim() !== '');
  return told.flatMap((line) => {
    const lines: string[] = [];
    let current = '';
    const start = /^ */.exec(line)?.[0] ?? '';
    for (const word of plain(line).trim().split(' ')) {
      if (current !== '' && start.length + current.length + 1 + word.length > room) {
        lines.push(start + current);
        current = word;
      } else {
        current = current === '' ? word : `${current} ${word}`;
      }
    }
    return [...lines, start + current];
  });
}

/**
 * The same for a terminal of so many columns, row by row. Where it is too narrow the last column is cut, if `leastLast`
 * characters of it remain. Otherwise each row begins with its first cells as text, and those from `foldAt` on stand below
 * them, aligned.
 */
export function tableFor(
  { room, foldAt, leastLast }: { room: number; foldAt: number; leastLast?: number | undefined },
  head: string[],
  rows: string[][],
): string[][] {
  const wide = table(head, rows);
  if (wide.every((line) => line.length <= room)) return wide.map((line) => [line]);
  const others = table(
    [...head.slice(0, -1), '|'],
    rows.map((row) => [...row.slice(0, -1), '|']),
  );
  if (leastLast !== undefined && room - (others[0]?.length ?? 0) + 1 >= leastLast) {
    return wide.map((line) => [
      line.length <= room
        ? line
        : `${line
            .slice(0, room - 1)
            .toWellFormed()
            .trimEnd()}…`,
    ]);
  }
  const below = table(
    head.slice(foldAt),
    rows.map((row) => row.slice(foldAt)),
  );
  const indent = '    ';
  return [head, ...rows].map((row, index) => {
    const cells = row.slice(0, foldAt).filter((cell) => cell !== '');
    const text = wrapped(plain(cells.join('  ')), room - indent.length);
    return [
      ...text.map((line, part) => (part === 0 ? line : `${indent}${line}`)),
      `  ${below[index] ?? ''}`,
    ].map((line) => line.trimEnd());
  });
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
