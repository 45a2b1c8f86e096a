/** A page of text and tables, to be shown on a terminal or as Markdown. `code` stands between backticks. */
export type Block =
  | { kind: 'heading'; level: 2 | 3; text: string }
  | { kind: 'text'; text: string }
  | { kind: 'table'; head: readonly Column[]; rows: readonly (readonly Cell[])[] }
  | { kind: 'notes'; notes: readonly Note[] }
  /** Shown only where there is room for everything. */
  | { kind: 'appendix'; blocks: readonly Block[] };

export interface Column {
  title: string;
  /** Numbers stand to the right. */
  align?: 'right';
}

/** A cell may point to notes below its table. */
export type Cell = string | { text: string; notes: readonly number[] };

/** What is to be known of figures of the table above, by its number. */
export interface Note {
  number: number;
  text: string;
}

export type Page = readonly Block[];

export const heading = (level: 2 | 3, text: string): Block => ({ kind: 'heading', level, text });
export const text = (...sentences: string[]): Block => ({ kind: 'text', text: sentences.join(' ') });
export const left = (title: string): Column => ({ title });
export const right = (title: string): Column => ({ title, align: 'right' });
