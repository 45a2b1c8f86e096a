import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import type { RunFigures } from '../../bench/economics/cell.ts';
import { costChart } from '../../bench/economics/chart.ts';
import { figuresOf } from '../../bench/economics/figures.ts';
import { type CellSummary, summarize } from '../../bench/economics/summary.ts';
import { markdownTables } from '../../bench/economics/table.ts';
import { makeWorkload, ticketSize } from '../../bench/economics/workload.ts';
import { replacement } from '../../demo/model/replacement.ts';

function run(dollars: number, more: Partial<RunFigures> = {}): RunFigures {
  return {
    requests: 4,
    input: 0,
    read: 100_000,
    written: 10_000,
    writtenForAnHour: 2_000,
    output: 400,
    dollars,
    parts: { written: dollars, read: 0, uncached: 0, output: 0, compaction: 0 },
    reportedUsd: dollars,
    turns: 6,
    seconds: 2,
    choice: undefined,
    unfinished: [],
    readAgain: [],
    trace: '',
    ...more,
  };
}

const names = ['cold', 'cold, Dexter’s prefix', 'full resume', 'Dexter'] as const;

/** One cell for each strategy, whose follow-ups cost this much. */
function cells(costs: readonly [number, number, number, number]): CellSummary[] {
  return names.map((name, index) => summarize(name, '1d', [run(1), run(costs[index] ?? 0)]));
}

describe('the workload', () => {
  const { files, steps } = makeWorkload(ticketSize);

  it('is the same each time', () => {
    expect(makeWorkload(ticketSize)).toEqual({ files, steps });
  });

  it('has follow-ups that need what the first command read, a few new files, and edits in one place', () => {
    const [first, ...followUps] = steps;
    const known = new Set(first.task.needs);
    expect(known.size).toBe(55);
    expect(followUps).toHaveLength(3);
    const now = new Map(files);
    for (const { task } of steps) {
      for (const { path, content } of task.edits) {
        const edit = replacement(now.get(path) ?? '', content);
        expect(edit?.new_string.length).toBeLessThan(600);
        expect(content).not.toBe(now.get(path));
        now.set(path, content);
      }
    }
    for (const { task } of followUps) {
      expect(task.needs.filter((path) => known.has(path))).toHaveLength(38);
      expect(task.needs.filter((path) => !known.has(path))).toHaveLength(3);
      expect(task.edits).toHaveLength(2);
    }
  });
});

describe('a cell', () => {
  it('counts what the first command compacts as a cost of the follow-ups', () => {
    const parts = { written: 0.9, read: 0, uncached: 0, output: 0, compaction: 0.1 };
    const cell = summarize('Dexter', '1d', [run(1, { parts }), run(0.2, { choice: 'warm' }), run(0.4)]);
    expect(cell.ticketUsd).toBeCloseTo(1.6);
    expect(cell.followUp.usd).toBeCloseTo((0.1 + 0.2 + 0.4) / 2);
    const sum = Object.values(cell.followUp.parts).reduce((total, part) => total + part, 0);
    expect(sum).toBeCloseTo(cell.followUp.usd);
    expect(cell.followUp).toMatchObject({ written: 12_000, requests: 4 });
    expect(cell.choices).toEqual(['warm']);
  });

  it('tells the worst deviation of what was reported', () => {
    const runs = [run(1), run(2, { reportedUsd: 2.5 }), run(4, { reportedUsd: null })];
    expect(summarize('cold', '2m', runs).deviation).toBe(0.25);
  });

  it('needs a follow-up', () => {
    expect(() => summarize('cold', '2m', [run(1)])).toThrow('follow-ups');
  });
});

describe('the figures', () => {
  it('compare Dexter with each of the others', () => {
    const found = figuresOf(cells([1, 0.8, 0.5, 0.2])).map(({ figure, value }) => [figure, value]);
    expect(Object.fromEntries(found)).toEqual({
      followup_ratio_1d: 0.2,
      followup_ratio_same_prefix_1d: 0.25,
      followup_vs_full_resume_1d: 0.4,
      ticket_ratio_1d: 0.6,
      ticket_vs_full_resume_1d: expect.closeTo(0.8),
      unfinished_files: 0,
      files_read_again: 0,
      cli_cost_deviation: 0,
      reported_cost_deviation: 0,
    });
  });

  it('tell what was left undone anywhere, and what a resumed conversation read again', () => {
    const readAgain = ['a.ts'];
    const some = [
      ...cells([1, 1, 1, 1]),
      ...names.map((name) => summarize(name, '2m', [run(1), run(1, { unfinished: ['b.ts'], readAgain })])),
    ];
    expect(figuresOf(some)).toContainEqual(expect.objectContaining({ figure: 'unfinished_files', value: 1 }));
    expect(figuresOf(some)).toContainEqual(expect.objectContaining({ figure: 'files_read_again', value: 1 }));
    const onlyCold = some.map((cell) =>
      cell.strategy.startsWith('cold') ? cell : { ...cell, readAgain: 0 },
    );
    expect(figuresOf(onlyCold)).toContainEqual(
      expect.objectContaining({ figure: 'files_read_again', value: 0 }),
    );
  });
});

describe('what is published', () => {
  const shown = cells([0.9, 0.8, 0.45, 0.18]);

  it('is a table of the costs with the share of the baseline, and one of what was done', () => {
    const [costs = '', sentence, work = '', ...others] = markdownTables(shown, 'cold').split('\n\n');
    expect(costs.split('\n')).toHaveLength(2 + names.length);
    expect(costs.split('\n').at(-1)).toBe('| 1 day | Dexter | $0.18 | 20 % | $1.18 | 62 % |');
    expect(sentence).toMatch(/^An average follow-up .*\.$/);
    expect(work.split('\n').at(-1)).toBe('| 1 day | Dexter | 100k | 12k | 0 | 400 | 4 | 6 | 2 |');
    expect(others).toEqual([]);
  });

  it('fits the width of a page on GitHub', () => {
    // What the runs came to at their longest, with the average of a letter of its tables and the room of a cell.
    const choices = ['compacted', 'compacted', 'compacted'];
    const long = cells([1234.56, 1234.56, 1234.56, 1234.56]).map((cell) => ({ ...cell, gap: 'mix' }));
    const [ours] = long.splice(-1);
    if (ours) long.push({ ...ours, choices });
    for (const table of markdownTables(long, 'cold')
      .split('\n\n')
      .filter((block) => block.startsWith('|'))) {
      const rows = table.split('\n').map((row) =>
        row
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim().length),
      );
      const widths = rows[0]?.map(
        (_, column) => 7.6 * Math.max(...rows.map((row, at) => (at === 1 ? 0 : (row[column] ?? 0)))) + 27,
      );
      expect(widths?.reduce((total, width) => total + width, 0)).toBeLessThan(838);
    }
  });

  it('is a picture by itself, with a bar and a label for each strategy', () => {
    const svg = costChart(shown, 'cold');
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" /);
    expect(svg.trimEnd()).toMatch(/<\/svg>$/);
    expect(svg).not.toMatch(/(?:href|url\()\s*=?\s*["']?http/);
    const { document } = parseHTML(svg);
    const texts = [...document.querySelectorAll('text')].map(({ textContent }) => textContent);
    for (const name of names) expect(texts).toContain(name);
    expect(texts).toEqual(
      expect.arrayContaining(['1 day', '$0.90', '$0.18 · 20 %', 'written to the prompt cache']),
    );
    expect(texts, 'nothing was spent on it').not.toContain('compaction');
    expect(svg).toContain('prefers-color-scheme: dark');
  });
});
