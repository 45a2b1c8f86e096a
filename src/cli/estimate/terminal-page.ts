import { styleText } from 'node:util';
import { plain } from '../plain-text.ts';
import type { Block, Cell, Column, Page } from './page.ts';

export interface Look {
  colours: boolean;
  /** Columns of the terminal; undefined where there is none. */
  width: number | undefined;
}

/** Longer lines of text are hard to read. */
const mostColumns = 100;

/** The page as lines for a terminal. */
export function terminalPage(page: Page, look: Look): string[] {
  const style: Style = (format, value) =>
    look.colours ? styleText(format, value, { validateStream: false }) : value;
  const columns = Math.max(40, Math.min(mostColumns, look.width ?? mostColumns));

  const linesOf = (block: Block): string[] => {
    switch (block.kind) {
      case 'heading': {
        const title = spoken(block.text);
        return block.level === 2
          ? ['', style('bold', title), style('dim', '═'.repeat(title.length)), '']
          : ['', style('bold', title), ''];
      }
      case 'text':
        return [...wrapped(spoken(block.text), columns), ''];
      case 'table':
        return [...tableOf(block, style, look.width ?? Number.POSITIVE_INFINITY), ''];
      case 'notes': {
        const widest = Math.max(...block.notes.map(({ number }) => `[${number}]`.length));
        const notes = block.notes.flatMap(({ number, text }) =>
          wrapped(spoken(text), columns - widest - 1).map((line, index) => {
            const mark = index === 0 ? `[${number}]` : '';
            return `${style('cyan', mark.padStart(widest))} ${style('dim', line)}`;
          }),
        );
        return [...notes, ''];
      }
      case 'appendix':
        return [];
    }
  };
  const lines = page.flatMap(linesOf);
  return lines.filter((line, index) => line !== '' || (index > 0 && lines[index - 1] !== ''));
}

type Style = (format: 'bold' | 'dim' | 'cyan', value: string) => string;
type Table = Extract<Block, { kind: 'table' }>;
interface Shown {
  text: string;
  mark: string;
}

const indent = 2;
const between = 2;

/** Of what stands in a column of words. */
const narrowest = 12;

/**
 * As a table, with titles and words wrapped where it would be too wide; what is too wide even so is shown row by row.
 * Without a terminal nothing is too wide.
 */
function tableOf({ head, rows }: Table, style: Style, width: number): string[] {
  const texts = rows.map((row) => row.map(shown));
  // Marks hang to the right of their column, so that numbers stay below each other.
  const marks = head.map((_, column) => Math.max(0, ...texts.map((row) => row[column]?.mark.length ?? 0)));
  const room = width - indent - between * (head.length - 1) - sum(marks);
  const widths = widthsWithin(room, head, texts);
  if (widths === undefined) return rowByRow(head, texts, style, width);
  const linesOf = (cells: readonly Shown[], format?: 'dim'): string[] => {
    const wrappedCells = head.map((_, index) => wrapped(cells[index]?.text ?? '', widths[index] ?? 0));
    const height = Math.max(1, ...wrappedCells.map(({ length }) => length));
    return Array.from({ length: height }, (_, line) =>
      head
        .map((column, index) => {
          const own = wrappedCells[index] ?? [];
          // Titles stand on the rule; a mark belongs to the end of its cell.
          const at = format ? line - (height - own.length) : line;
          const mark = at === own.length - 1 ? (cells[index]?.mark ?? '') : '';
          const body = padded(own[at] ?? '', widths[index] ?? 0, column);
          return `${format ? style(format, body) : body}${style('cyan', mark)}${' '.repeat((marks[index] ?? 0) - mark.length)}`;
        })
        .join(' '.repeat(between))
        .trimEnd(),
    );
  };
  const rule = '─'.repeat(sum(widths) + sum(marks) + between * (head.length - 1));
  return [
    ...linesOf(
      head.map(({ title }) => ({ text: title, mark: '' })),
      'dim',
    ),
    style('dim', rule),
    ...texts.flatMap((row) => linesOf(row)),
  ].map((line) => `${' '.repeat(indent)}${line}`);
}

/** Widths of the columns that together take no more than `room`; undefined when no wrapping makes them fit. */
function widthsWithin(
  room: number,
  head: readonly Column[],
  rows: readonly (readonly Shown[])[],
): number[] | undefined {
  const cellsOf = (column: number) => rows.map((row) => row[column]?.text ?? '');
  const widths = head.map(({ title }, column) => longest([title, ...cellsOf(column)]));
  // Numbers stay whole; words may be wrapped, but not one by one.
  const least = head.map(({ title, align }, column) =>
    align === 'right'
      ? longest([...title.split(' '), ...cellsOf(column)])
      : Math.max(
          Math.min(longest(cellsOf(column)), narrowest),
          longest([title, ...cellsOf(column)].flatMap((text) => text.split(' '))),
        ),
  );
  for (let over = sum(widths) - room; over > 0; over -= 1) {
    // The widest of those that can be narrower: titles of numbers before words, which read worse in pieces.
    const [narrower] = widths
      .map((width, column) => ({ width, column, isWords: head[column]?.align !== 'right' }))
      .filter(({ width, column }) => width > (least[column] ?? 0))
      .sort((a, b) => Number(a.isWords) - Number(b.isWords) || b.width - a.width);
    if (narrower === undefined) return undefined;
    widths[narrower.column] = narrower.width - 1;
  }
  return widths;
}

/** Each row by itself: what it is about, and below it the titles with what stands below them. */
function rowByRow(
  head: readonly Column[],
  rows: readonly (readonly Shown[])[],
  style: Style,
  width: number,
): string[] {
  const titled = longest(head.slice(1).map(({ title }) => title)) + between;
  return rows.flatMap(([first, ...others]) => {
    const lines: { title: string; text: string; mark: string }[] = [];
    for (const [index, { text, mark }] of others.entries()) {
      const title = head[index + 1]?.title ?? '';
      const last = lines.at(-1);
      if (text === '') continue;
      // A column without a title goes with the one before it.
      if (title === '' && last) last.text += `  ${text}`;
      else lines.push({ title, text, mark });
    }
    const about = wrapped(first?.text ?? '', width - indent).map((line) => `${' '.repeat(indent)}${line}`);
    return [
      ...about,
      ...lines.flatMap(({ title, text, mark }) =>
        wrapped(text, Math.max(20, width - 2 * indent - titled)).map((line, index, all) => {
          const name = style('dim', (index === 0 ? title : '').padEnd(titled));
          return `${' '.repeat(2 * indent)}${name}${line}${style('cyan', index === all.length - 1 ? mark : '')}`;
        }),
      ),
    ];
  });
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
const longest = (texts: readonly string[]) => Math.max(0, ...texts.map(({ length }) => length));

function padded(text: string, width: number, { align }: Column): string {
  return align === 'right' ? text.padStart(width) : text.padEnd(width);
}

function shown(cell: Cell): Shown {
  if (typeof cell === 'string') return { text: spoken(cell), mark: '' };
  return {
    text: spoken(cell.text),
    mark: cell.notes.length > 0 ? ` [${cell.notes.join(',')}]` : '',
  };
}

/** Without the marks of Markdown, and safe for a terminal. */
function spoken(text: string): string {
  return plain(text.replaceAll('`', ''));
}

function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
