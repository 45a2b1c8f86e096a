import type { Block, Cell, Page } from './page.ts';

/** The page as GitHub Markdown. */
export function markdown(page: Page): string {
  return page.map(blockOf).join('\n\n');
}

function blockOf(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `${'#'.repeat(block.level)} ${escaped(block.text)}`;
    case 'text':
      return escaped(block.text);
    case 'table':
      return [
        row(block.head.map(({ title }) => title)),
        `| ${block.head.map(({ align }) => (align === 'right' ? '---:' : '---')).join(' | ')} |`,
        ...block.rows.map(row),
      ].join('\n');
    case 'notes':
      return block.notes.map(({ number, text }) => `${mark([number])} ${escaped(text)}`).join('<br>\n');
    case 'appendix':
      return markdown(block.blocks);
  }
}

function row(cells: readonly Cell[]): string {
  return `| ${cells.map(cellOf).join(' | ')} |`;
}

function cellOf(cell: Cell): string {
  return typeof cell === 'string'
    ? escaped(cell)
    : `${escaped(cell.text)}${cell.notes.length > 0 ? ` ${mark(cell.notes)}` : ''}`;
}

function mark(notes: readonly number[]): string {
  return `<sup>${notes.join(', ')}</sup>`;
}

/** Text of others may hold what Markdown would obey; between backticks it says what it is. */
function escaped(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part, index) =>
      index % 2 === 1 ? part.replaceAll('|', '\\|') : part.replace(/[\\<>*_[\]|]|(?<=\s)~|^~/g, '\\$&'),
    )
    .join('');
}
