import { expect, it } from 'vitest';
import { sumMeasured } from '../../src/core/measure.ts';

it('sums up what was measured to the same figure in whatever order', () => {
  const values = Array.from({ length: 200 }, (_, index) => 0.1 + index / 7);
  const sumOf = (ordered: readonly number[]) =>
    sumMeasured(ordered.map((value) => ({ name: 'cache_read', label: 'context', value })))[0]?.values;
  const sorted = sumOf(values);
  expect(sumOf(values.toReversed())).toEqual(sorted);
  expect(sorted?.sum).toBeCloseTo(
    values.reduce((sum, value) => sum + value),
    0,
  );
  expect(sorted?.count).toBe(200);
});

it('sums up what was counted several times as often', () => {
  expect(sumMeasured([{ name: 'cache_read', label: 'context', value: 0.5, times: 3 }])).toMatchObject([
    { values: { count: 3, sum: 1.5 } },
  ]);
});
