import { describe, expect, it } from 'vitest';
import { noteParameters } from '../../../src/pricing/estimate/note-parameters.ts';
import { asPublished, exact, noteTables, rounded } from '../../../src/pricing/estimate/note-tables.ts';
import { noteStorage } from '../../../src/pricing/estimate/published/figure.ts';

const sonnetInput = 3;
const published = noteTables(noteParameters, sonnetInput, noteStorage, asPublished);
const unrounded = noteTables(noteParameters, sonnetInput, noteStorage, exact);
const cents = (usd: number) => rounded(usd, 2);

describe('noteTables', () => {
  it('give the monthly costs as they were published', () => {
    expect(
      published.months.map(({ option, storageUsd, apiUsd, totalUsd, netUsd }) => [
        option,
        ...[storageUsd, apiUsd, totalUsd, netUsd].map(cents),
      ]),
    ).toEqual([
      ['none', 0, 157.2, 157.2, 0],
      ['B', 12, 151.5, 163.5, -6.3],
      ['D', 28, 66, 94, 63.2],
      ['E', 12, 151.5, 163.5, -6.3],
      ['G', 5, 66, 71, 86.2],
      ['H', 12, 148, 160, -2.8],
    ]);
  });

  it('give break-even and scale as they were published', () => {
    expect(
      published.breakEven.map(({ option, tickets, netUsd }) => [option, tickets, cents(netUsd)]),
    ).toEqual([
      ['D', 31, 63.2],
      ['G', 6, 86.2],
    ]);
    expect(
      published.atScale.map(({ storageUsd, savingsUsd, roi }) => [
        storageUsd,
        cents(savingsUsd),
        rounded(roi ?? 0, 2),
      ]),
    ).toEqual([
      [280, 912, 3.26],
      [50, 912, 18.24],
    ]);
  });

  it('give the token analysis of a task', () => {
    expect(unrounded.task.map(({ tokens, usd, share }) => [tokens, usd, rounded(100 * share, 1)])).toEqual([
      [6250, 0.01875, 4.8],
      [125_000, 0.375, 95.2],
      [131_250, 0.39375, 100],
    ]);
  });

  it('without rounding give what the parameters come to', () => {
    const of = (option: string) => unrounded.months.find((month) => month.option === option);
    expect(cents(of('none')?.apiUsd ?? 0)).toBe(157.5);
    expect(cents(of('B')?.storageUsd ?? 0)).toBe(12.41);
    expect(cents(of('G')?.storageUsd ?? 0)).toBe(4.4);
    expect(cents(of('H')?.apiUsd ?? 0)).toBe(150);
  });

  it('follow their parameters', () => {
    const twice = noteTables({ ...noteParameters, tickets: 200 }, sonnetInput, noteStorage);
    const api = (tables: typeof twice) => tables.months.map(({ apiUsd }) => apiUsd);
    api(twice).forEach((usd, index) => {
      expect(usd).toBeCloseTo(2 * (api(unrounded)[index] ?? 0), 9);
    });
    const dearer = noteTables(noteParameters, 5 * sonnetInput, noteStorage);
    expect(dearer.months[0]?.apiUsd).toBeCloseTo(5 * 157.5, 9);
    expect(noteTables({ ...noteParameters, repositoryGb: 6.2 }, 3, noteStorage).disk.gb).toBeCloseTo(700, 9);
  });

  it('have no break-even where nothing is saved, and no ratio where storage costs nothing', () => {
    const never = noteTables({ ...noteParameters, followUps: 0, restoresPerSession: 0 }, 3, noteStorage);
    expect(never.breakEven.map(({ tickets }) => tickets)).toEqual([null, null]);
    const free = { ...noteStorage.disk, rates: { 'GB-month': 0 } };
    const none = noteTables(noteParameters, 3, { ...noteStorage, disk: free });
    expect(none.atScale[0]?.roi).toBeNull();
    expect(none.breakEven[0]?.tickets).toBe(0);
  });
});

describe('rounded', () => {
  it.each([
    [0.345, 2, 0.35],
    [0.01875, 3, 0.019],
    [-6.305, 2, -6.31],
    [-0.001, 2, 0],
    [1.005, 2, 1.01],
  ])('%d to %d digits is %d', (value, decimals, expected) => {
    expect(rounded(value, decimals)).toBe(expected);
  });
});
