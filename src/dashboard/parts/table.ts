import { html } from 'hono/html';
import { type Html, nothing, type Text } from '../html.ts';
import { emptyState } from './empty-state.ts';

export interface Column {
  label: string;
  /** Figures stand at the end of their cells, one under the other. */
  isNumeric?: boolean;
  /** Long text that may be broken anywhere; other cells stay on one line where there is room. */
  isLong?: boolean;
}

export interface Table {
  /** Says what the rows are. */
  caption: string;
  /** The caption is read out alone: a heading above the table says the same. */
  isCaptionHidden?: boolean;
  columns: readonly (string | Column)[];
  /** One cell per column. */
  rows: readonly (readonly Text[])[];
  /** Which cell names its row. */
  rowHeader?: number;
  /** Said in place of a table without rows. */
  empty: Text;
  /** On a phone: rows become cards (for lists to be read), or the table scrolls aside (for figures to compare). */
  narrow?: 'cards' | 'scroll';
}

/**
 * A table that stays readable on a phone. Cards take away what its elements mean, so that roles and the names of the
 * columns are said again in each cell.
 */
export function table({
  caption,
  isCaptionHidden = false,
  columns,
  rows,
  rowHeader = 0,
  empty,
  narrow = 'scroll',
}: Table): Html {
  if (rows.length === 0) return emptyState(empty);
  const heads = columns.map((column): Column => (typeof column === 'string' ? { label: column } : column));
  const role = (name: string) => (narrow === 'cards' ? html` role="${name}"` : nothing);
  const cell = (text: Text, index: number) => {
    const { label = '', ...column } = heads[index] ?? {};
    const more = html`${classes(column)}${narrow === 'cards' ? html` data-label="${label}"` : nothing}`;
    return index === rowHeader
      ? html`<th scope="row"${role('rowheader')}${more}>${text}</th>`
      : html`<td${role('cell')}${more}>${text}</td>`;
  };
  return html`<div class="table ${narrow}" role="region" aria-label="${caption}: table" tabindex="0"><table${role('table')}>
    <caption${isCaptionHidden ? html` class="hidden"` : nothing}>${caption}</caption>
    <thead${role('rowgroup')}><tr${role('row')}>${heads.map((column) => html`<th scope="col"${role('columnheader')}${classes(column)}>${column.label}</th>`)}</tr></thead>
    <tbody${role('rowgroup')}>${rows.map((row) => html`<tr${role('row')}>${row.map(cell)}</tr>`)}</tbody>
  </table></div>`;
}

function classes({ isNumeric, isLong }: Partial<Column>): Html {
  if (isNumeric) return html` class="number"`;
  return isLong ? html` class="long"` : nothing;
}
