import { styleText } from 'node:util';
import { tableFor, wrapped } from './plain-text.ts';
import type { Look, Terminal } from './terminal.ts';

/** A terminal that says it is narrower folds the lines itself. */
const narrowest = 40;

export interface TableLook {
  /** Column from which on the cells stand below the others where the terminal is too narrow. */
  foldAt: number;
  /** Characters of the last column that say enough: it is cut down to them before anything stands below. */
  leastLast?: number;
  /** How many of the last columns are figures, which stand at the right. */
  figures?: number;
  /** The last row is a sum. */
  boldLast?: boolean;
  /** Colour of a row's first cell. */
  colourOf?: (cell: string) => Colour | undefined;
}

export type Colour = 'cyan' | 'green' | 'red' | 'yellow';

/** Prints text of others, which may hold anything, within the width of the terminal. */
export interface Printer {
  heading(line: string): void;
  text(line: string): void;
  /** In a colour where there are colours: it must mean the same without. */
  coloured(line: string, colour: Colour): void;
  /** The first row is the head. */
  table(head: string[], rows: string[][], look: TableLook): void;
}

export function printerFor({ colours, width }: Look, { print }: Pick<Terminal, 'print'>): Printer {
  const room = width ? Math.max(width, narrowest) : Number.POSITIVE_INFINITY;
  const styled = (style: 'bold' | Colour, line: string) =>
    colours ? styleText(style, line, { validateStream: false }) : line;
  const linesOf = (text: string) => (text === '' ? [''] : wrapped(text, room));
  const text = (line: string): void => {
    for (const part of linesOf(line)) print(part);
  };
  return {
    text,
    heading(line) {
      for (const part of linesOf(line)) print(styled('bold', part));
    },
    coloured(line, colour) {
      for (const part of linesOf(line)) print(styled(colour, part));
    },
    table(head, rows, { foldAt, leastLast, figures = 0, boldLast = false, colourOf }) {
      const all = [head, ...rows];
      const firstFigure = head.length - figures;
      const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
      const [first = [], ...others] = all.map((row) =>
        row.map((cell, column) => (column >= firstFigure ? cell.padStart(widths[column] ?? 0) : cell)),
      );
      for (const [index, lines] of tableFor({ room, foldAt, leastLast }, first, others).entries()) {
        const isBold = index === 0 || (boldLast && index === rows.length);
        const cell = rows[index - 1]?.[0] ?? '';
        const colour = index === 0 ? undefined : colourOf?.(cell);
        for (const [part, line] of lines.entries()) {
          const isFirst = part === 0 && colour !== undefined && line.startsWith(cell);
          const shown = isFirst ? styled(colour, cell) + line.slice(cell.length) : line;
          print(isBold ? styled('bold', shown) : shown);
        }
      }
    },
  };
}
