import { findStoragePrice, type StoragePrice } from '../../storage-prices.ts';
import type { NoteStorage } from '../note-tables.ts';

/** How a figure of the note comes about. The values are in the order of the numbers in its text. */
export type Origin =
  /** Measured, assumed or read off a price list: a parameter here, or a price of `storagePrices`. */
  | { status: 'given'; values: number[] }
  /** It follows from the others, rounded as it is printed. */
  | { status: 'reproduced'; values: number[]; how: string; remark?: string }
  /** It does not: `values` is what the arithmetic gives, `fit` what would have to be put in to get the figure. */
  | { status: 'explained'; values: number[]; why: string; fit?: { values: number[]; how: string } };

export interface PublishedFigure {
  /** Heading of the table or of the example. */
  table: string;
  /** First cell of the row, or the whole line of an example. */
  row: string;
  /** Heading of the column; empty for an example. */
  column: string;
  /** As it is printed in the note. */
  published: string;
  origin: Origin;
}

export type Cell = readonly [column: string, published: string, origin: Origin];

export const given = (...values: number[]): Origin => ({ status: 'given', values });
export const reproduced = (value: number | number[], how: string, remark?: string): Origin => ({
  status: 'reproduced',
  values: [value].flat(),
  how,
  ...(remark === undefined ? {} : { remark }),
});
export const explained = (
  value: number | number[],
  why: string,
  fit?: { values: number[]; how: string },
): Origin => ({
  status: 'explained',
  values: [value].flat(),
  why,
  ...(fit ? { fit } : {}),
});

export const rowOf = (table: string, row: string, ...cells: Cell[]): PublishedFigure[] =>
  cells.map(([column, published, origin]) => ({ table, row, column, published, origin }));

export const example = (table: string, line: string, ...parts: [published: string, origin: Origin][]) =>
  parts.map(([published, origin]) => ({ table, row: line, column: '', published, origin }));

/** The price list's own row: a wrong id is a mistake in this file. */
export function listed(id: string): StoragePrice {
  const found = findStoragePrice(id);
  if (!found) throw new Error(`No storage price ${id}.`);
  return found;
}

/** Where the note keeps what. */
export const noteStorage: NoteStorage = {
  redis: listed('elasticache-t3-micro'),
  disk: listed('ebs-gp3'),
  object: listed('s3-standard'),
  also: listed('s3-standard-ia'),
};

/** Numbers in a text, in their order. */
export function numbersIn(text: string): number[] {
  const sign = text.startsWith('-') ? -1 : 1;
  return [...text.replaceAll(/\/\d+K/g, '').matchAll(/\d[\d,]*(?:\.\d+)?/g)].map(
    ([number]) => sign * Number(number.replaceAll(',', '')),
  );
}
