import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatAge,
  formatCost,
  formatCount,
  formatDuration,
  formatSession,
  formatUsage,
  plural,
} from '../../src/report/figures.ts';
import { report } from './reports.ts';

describe('figures', () => {
  it.each([
    [0, '0 s'],
    [499, '0 s'],
    [12_300, '12 s'],
    [59_499, '59 s'],
    [59_500, '1 min 00 s'],
    [200_000, '3 min 20 s'],
    [3_599_499, '59 min 59 s'],
    [3_599_500, '1 h 00 min'],
    [3_720_000, '1 h 02 min'],
    [90_000_000, '25 h 00 min'],
  ])('a duration of %d ms is %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  it.each([
    [0, '0 s'],
    [89, '89 s'],
    [90, '2 min'],
    [300, '5 min'],
    [5_399, '90 min'],
    [3 * 3600, '3 h'],
    [36 * 3600 - 1, '36 h'],
    [36 * 3600, '2 days'],
    [30 * 86_400, '30 days'],
  ])('an age of %d s is %s', (seconds, text) => {
    expect(formatAge(seconds)).toBe(text);
  });

  it.each([
    [null, 'unknown'],
    [0, '$0.00'],
    [0.00001, 'less than $0.0001'],
    [0.0001, '$0.0001'],
    [0.0042, '$0.0042'],
    [0.01, '$0.01'],
    [0.1134, '$0.11'],
    [12.5, '$12.50'],
    [1234.5, '$1,234.50'],
  ])('a cost of %s is %s', (cost, text) => {
    expect(formatCost(cost)).toBe(text);
  });

  it('a cost of more than nothing never looks like nothing', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 100, minExcluded: true, noNaN: true }), (cost) => {
        expect(formatCost(cost)).toMatch(/[1-9]/);
      }),
    );
  });

  it('a count has separators, and its word the right number', () => {
    expect(formatCount(1_234_567)).toBe('1,234,567');
    expect([plural(0, 'turn'), plural(1, 'turn'), plural(1_000, 'turn')]).toEqual([
      '0 turns',
      '1 turn',
      '1,000 turns',
    ]);
  });

  it('tokens are told by kind', () => {
    expect(formatUsage(report.usage)).toBe(
      '35,469 input (34,567 read from the cache, 890 written to it, 12 uncached), 1,234 output',
    );
    expect(formatUsage({ ...report.usage, inputTokens: 0 })).toBe(
      '35,457 input (34,567 read from the cache, 890 written to it), 1,234 output',
    );
  });

  it('a session says how the run came by it', () => {
    const session = report.session;
    if (!session) throw new Error('the report has a session');
    const { ageSeconds, ...rest } = session;
    expect(ageSeconds).toBe(10_800);
    expect(formatSession(undefined)).toBe('none');
    expect(formatSession({ ...session, mode: 'fresh' })).toBe('new');
    expect(formatSession(session)).toBe('resumed (3 h old)');
    expect(formatSession({ ...session, ageSeconds: 0 })).toBe('resumed (0 s old)');
    expect(formatSession(rest)).toBe('resumed');
  });
});
