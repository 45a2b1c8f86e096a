import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench, BenchOptions } from './bench.ts';
import { measureCell } from './economics/cell.ts';
import { coldDexter, dexter } from './economics/dexter.ts';
import { figuresOf } from './economics/figures.ts';
import { cold, fullResume } from './economics/plain-cli.ts';
import { publish } from './economics/publish.ts';
import { type CellSummary, summarize } from './economics/summary.ts';
import { markdownTables } from './economics/table.ts';
import { makeWorkload, ticketSize, type WorkloadSize } from './economics/workload.ts';
import { judge } from './figure.ts';

const minute = 60_000;
const [hour, day] = [60 * minute, 24 * 60 * minute];

/** What passes before each of the three follow-ups. */
const gaps: Record<string, readonly number[]> = {
  '2m': [2 * minute, 2 * minute, 2 * minute],
  '1h': [hour, hour, hour],
  '1d': [day, day, day],
  mix: [2 * minute, hour, day],
};

const strategies = [cold, coldDexter, fullResume, dexter];

/** A run of the CLI is one busy processor. */
const cellsAtOnce = 2;

export const economics: Bench = {
  description: 'what a ticket with three follow-ups costs: cold, fully resumed, and as Dexter does it',
  parts: Object.keys(gaps),

  async *run(options) {
    const cells = await measureCells(options, ticketSize);
    options.log(`\n${markdownTables(cells, cold.name)}`);
    if (options.write) await publish(cells, cold.name);
    for (const result of figuresOf(cells)) yield judge('economics', result);
  },
};

/** Every strategy at every distance, in the order of the table. */
export async function measureCells(
  { only, log, leftovers }: Pick<BenchOptions, 'only' | 'log' | 'leftovers'>,
  size: WorkloadSize,
): Promise<CellSummary[]> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'dexter-bench-')));
  leftovers.defer(() => rm(root, { recursive: true, force: true, maxRetries: 5 }));
  const wanted = Object.entries(gaps).filter(([gap]) => only.length === 0 || only.includes(gap));
  const cells = wanted.flatMap(([gap, waits]) => strategies.map((strategy) => ({ gap, waits, strategy })));
  const workload = makeWorkload(size);
  const stopping = new AbortController();
  const measured = inTurns(cells, cellsAtOnce, async ({ gap, waits, strategy }) => {
    const runs = await measureCell({ strategy, gaps: waits, workload, root, signal: stopping.signal });
    const told = runs.map(({ dollars, choice = '', trace }) => `$${dollars.toFixed(3)} ${choice}\n${trace}`);
    log(`${gap}, ${strategy.name}: ${told.join('\n')}`);
    return summarize(strategy.name, gap, runs);
  });
  leftovers.defer(async () => {
    stopping.abort();
    await measured.catch(() => undefined);
  });
  return await measured;
}

/** The answers in the order of the questions, so many at a time. */
async function inTurns<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const waiting = [...items.entries()];
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) results[next[0]] = await work(next[1]);
  };
  const ended = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
  return results;
}
