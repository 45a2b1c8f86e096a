import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { costChart } from './chart.ts';
import type { CellSummary } from './summary.ts';
import { markdownTables } from './table.ts';

const docs = join(import.meta.dirname, '../../docs');
const [open, close] = ['<!-- measured:economics -->', '<!-- /measured:economics -->'];

/** Puts the tables and the plot into docs/economics.md. Throws when the page has no place for them. */
export async function publish(cells: readonly CellSummary[], baseline: string): Promise<void> {
  const page = join(docs, 'economics.md');
  const text = await readFile(page, 'utf8');
  const [start, end] = [text.indexOf(open), text.indexOf(close)];
  if (start < 0 || end < start) throw new Error(`${page} has no place between ${open} and ${close}`);
  const tables = markdownTables(cells, baseline);
  await writeFile(page, `${text.slice(0, start + open.length)}\n${tables}\n${text.slice(end)}`);
  await writeFile(join(docs, 'economics.svg'), costChart(cells, baseline));
}
