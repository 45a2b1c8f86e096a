import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { docs, publishTable } from '../publish.ts';
import { costChart } from './chart.ts';
import type { CellSummary } from './summary.ts';
import { markdownTables } from './table.ts';

/** Puts the tables and the plot into docs/economics.md. Throws when the page has no place for them. */
export async function publish(cells: readonly CellSummary[], baseline: string): Promise<void> {
  await publishTable('economics.md', 'economics', markdownTables(cells, baseline));
  await writeFile(join(docs, 'economics.svg'), costChart(cells, baseline));
}
