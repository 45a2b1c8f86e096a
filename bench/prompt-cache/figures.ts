import { defaultStrategy, type MarkerStrategy } from '../../src/prompt-cache/strategies.ts';
import type { Goal, Result } from '../figure.ts';
import { type Cell, dollarsOf } from './cell.ts';
import { strategyNames } from './contestants.ts';
import { readings, sum } from './measure.ts';

/** Turns after which the dollars are looked at. */
export const lengths = [50, 100, 200, 400] as const;

/** What the default is held to, and how much dearer each of the others is where it fits worst. */
export function figuresOf(cells: readonly Cell[]): Result[] {
  return readings.flatMap((reading) => {
    const read = cells.filter((cell) => cell.reading === reading);
    const most = (of: (cell: Cell) => number) => Math.max(...read.map(of));
    const others = strategyNames.filter((name) => name !== defaultStrategy);
    return [
      ratio(
        `default_vs_best_${reading}`,
        most((cell) => Math.max(...lengths.map((turns) => againstBest(cell, defaultStrategy, turns)))),
        '<=1',
      ),
      ...leastRatios(read).map((value) => ratio(`default_vs_least_${reading}`, value, '<=1.01')),
      {
        figure: `default_missed_${reading}`,
        value: most(({ measured }) => sum(measured.get(defaultStrategy) ?? []).missed),
        unit: 'calls',
        goal: '<=0' as const,
      },
      ...others.map((name) =>
        ratio(
          `${name.replaceAll('-', '_')}_vs_best_${reading}`,
          most((cell) => againstBest(cell, name)),
          '>=1',
        ),
      ),
    ];
  });
}

/** At its worst; nothing where nobody knows the least. */
function leastRatios(cells: readonly Cell[]): number[] {
  const ratios = cells.flatMap((cell) =>
    cell.least === undefined ? [] : [(dollarsOf(cell).get(defaultStrategy) ?? 0) / cell.least],
  );
  return ratios.length === 0 ? [] : [Math.max(...ratios)];
}

function againstBest(cell: Cell, name: MarkerStrategy, turns?: number): number {
  const dollars = dollarsOf(cell, turns);
  return (dollars.get(name) ?? Number.NaN) / Math.min(...dollars.values());
}

function ratio(figure: string, value: number, goal: Goal): Result {
  return { figure, value, unit: 'ratio', goal };
}
