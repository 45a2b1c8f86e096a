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
  const style = (format: 'bold' | 'dim' | 'cyan', value: string) =>
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
        return [...tableOf(block, style), ''];
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

function tableOf(
  { head, rows }: Extract<Block, { kind: 'table' }>,
  style: (format: 'bold' | 'dim' | 'cyan', value: string) => string,
): string[] {
  const texts = rows.map((row) => row.map(shown));
  const widths = head.map(({ title }, column) =>
    Math.max(title.length, ...texts.map((row) => row[column]?.text.length ?? 0)),
  );
  // Marks hang to the right of their column, so that numbers stay below each other.
  const marks = head.map((_, column) => Math.max(0, ...texts.map((row) => row[column]?.mark.length ?? 0)));
  const lineOf = (cells: readonly { text: string; mark: string }[], format?: 'dim') =>
    head
      .map((column, index) => {
        const { text, mark } = cells[index] ?? { text: '', mark: '' };
        const body = padded(text, widths[index] ?? 0, column);
        return `${format ? style(format, body) : body}${style('cyan', mark)}${' '.repeat((marks[index] ?? 0) - mark.length)}`;
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width, index) => '─'.repeat(width + (marks[index] ?? 0))).join('──');
  return [
    lineOf(
      head.map(({ title }) => ({ text: title, mark: '' })),
      'dim',
    ),
    style('dim', rule),
    ...texts.map((row) => lineOf(row)),
  ].map((line) => `  ${line}`);
}

function padded(text: string, width: number, { align }: Column): string {
  return align === 'right' ? text.padStart(width) : text.padEnd(width);
}

function shown(cell: Cell): { text: string; mark: string } {
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
