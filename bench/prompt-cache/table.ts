import { type Cell, dollarsOf } from './cell.ts';
import { strategyNames } from './contestants.ts';
import { lengths } from './figures.ts';
import { type Reading, sum } from './measure.ts';

const lookBacks: Record<Reading, string> = { rows: 'rows are one', blocks: 'each block counts' };

/** Markdown: each conversation with each strategy, and one of them in detail. */
export function markdownTables(cells: readonly Cell[]): string {
  const detailed = cells.find(({ conversation }) => conversation === '3 blocks') ?? cells[0];
  const all = table(['conversation', 'look-back'], [...strategyNames], rowsOf(cells));
  return detailed === undefined ? all : `${all}\n\n${detailTable(detailed)}`;
}

/** Where both readings come to the same, one row is enough. */
function rowsOf(cells: readonly Cell[]): string[][] {
  const rows = cells.map((cell) => {
    const dollars = dollarsOf(cell);
    const best = Math.min(...dollars.values());
    return [
      cell.conversation,
      lookBacks[cell.reading],
      ...strategyNames.map((name) => costText(dollars.get(name) ?? Number.NaN, best)),
    ];
  });
  const isSame = (row: string[], other: string[] | undefined) =>
    other?.every((text, index) => index === 1 || text === row[index]) ?? false;
  return rows.flatMap((row, index) => {
    if (isSame(row, rows[index - 1])) return [];
    return [isSame(row, rows[index + 1]) ? row.with(1, 'either') : row];
  });
}

function costText(dollars: number, best: number): string {
  const share = (dollars / best).toFixed(2);
  return `$${dollars.toFixed(2)}${share === '1.00' ? '' : ` (${share} ×)`}`;
}

function detailTable({ conversation, measured }: Cell): string {
  const rows = [...measured].map(([name, each]) => {
    const { read, written, uncached, missed } = sum(each);
    return [
      name,
      ...lengths.map((turns) => `$${sum(each, turns).dollars.toFixed(2)}`),
      ...[read, written, uncached].map((tokens) => `${(tokens / 1_000_000).toFixed(1)}M`),
      String(missed),
    ];
  });
  const columns = [...lengths.map((turns) => `${turns} turns`), 'read', 'written', 'uncached', 'missed'];
  return table([conversation], columns, rows);
}

function table(words: string[], numbers: string[], rows: string[][]): string {
  const rule = [...words.map(() => '---'), ...numbers.map(() => '---:')];
  return [[...words, ...numbers], rule, ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
