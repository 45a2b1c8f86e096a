import { expect, it } from 'vitest';
import { figuresOf } from '../../bench/economics/figures.ts';
import { measureCells } from '../../bench/economics.ts';

/** The whole benchmark on a repository of a few small files: it cannot reach the goals, but every part of it works. */
it('measures every strategy with the real CLI and the real action', async () => {
  await using leftovers = new AsyncDisposableStack();
  const size = { files: 12, lines: 20, firstReads: 5, needed: 3, newReads: 1, edits: 1, followUps: 1 };
  const cells = await measureCells({ only: ['1d'], log: () => undefined, leftovers }, size);

  const figures = Object.fromEntries(figuresOf(cells).map(({ figure, value }) => [figure, value]));
  expect(figures).toMatchObject({ unfinished_files: 0, files_read_again: 0 });
  expect(figures.cli_cost_deviation).toBeLessThan(0.01);
  expect(figures.reported_cost_deviation).toBeLessThan(0.01);
  const followUps = Object.fromEntries(cells.map(({ strategy, followUp }) => [strategy, followUp]));
  expect(Object.keys(followUps)).toEqual(['cold', 'cold, Dexter’s prefix', 'full resume', 'Dexter']);
  // 4 files to read, an edit, the answer; a conversation that knows 3 of them reads one.
  expect(followUps.cold?.requests).toBe(4);
  expect(followUps.Dexter?.requests).toBeLessThan(followUps.cold?.requests ?? 0);
  for (const { usd, parts } of Object.values(followUps)) {
    expect(usd).toBeGreaterThan(0);
    expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBeCloseTo(usd, 6);
  }
});
