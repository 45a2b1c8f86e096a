import { describe, expect, it } from 'vitest';
import { judge } from '../../bench/figure.ts';
import { median, medians } from '../../bench/rounds.ts';

describe('medians', () => {
  it('lets the contestants take turns, and counts every round but the first', async () => {
    const order: string[] = [];
    const contestant = (name: string, times: number[]) => ({
      prepare: async () => void order.push(`prepare ${name}`),
      run: async () => {
        order.push(name);
        return times.shift();
      },
    });
    const result = await medians(
      { ours: contestant('ours', [900, 1, 5, 3]), theirs: contestant('theirs', [900, 40, 10, 20]) },
      3,
      () => undefined,
    );
    expect(result).toEqual({ ours: 3, theirs: 20 });
    const round = ['prepare ours', 'ours', 'prepare theirs', 'theirs'];
    expect(order).toEqual([...round, ...round, ...round, ...round]);
  });

  it('measures from outside what does not measure itself', async () => {
    const { only } = await medians({ only: { run: async () => undefined } }, 1, () => undefined);
    expect(only).toBeGreaterThanOrEqual(0);
  });
});

describe('median', () => {
  it.each([
    [[7], 7],
    [[9, 1], 5],
    [[3, 100, 1], 3],
    [[10, 9, 2, 1], 5.5],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it('fails when nothing was measured', () => {
    expect(() => median([])).toThrow('Nothing was measured');
  });
});

describe('judge', () => {
  it.each([
    [1.304, '<=1.3', 1.3, true],
    [1.306, '<=1.3', 1.31, false],
    [14.96, '>=15', 15, true],
    [14.9, '>=15', 14.9, false],
    [1, '<1', 1, false],
    [0.9994, '<1', 0.999, true],
  ] as const)('of %d against %s', (value, goal, printed, holds) => {
    expect(judge('b', { figure: 'f', value, unit: 'ratio', goal })).toEqual({
      bench: 'b',
      figure: 'f',
      value: printed,
      unit: 'ratio',
      goal,
      holds,
    });
  });
});
