import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noUsage, type Report } from '../../src/core/report.ts';
import { comparison, costFacts } from '../../src/report/cost-facts.ts';
import { report, resumed } from './reports.ts';

const { session, saving } = resumed;
if (!session?.resumption || !session.compaction || !saving) throw new Error('the report tells all of it');
const { resumption, compaction } = session;

const withSession = (changes: Partial<NonNullable<Report['session']>>): Report => ({
  ...resumed,
  session: { ...session, ...changes },
});
const withSaving = (changes: Partial<NonNullable<Report['saving']>>): Report => ({
  ...resumed,
  saving: { ...saving, ...changes },
});
const noMoney = { baselineCostUsd: null, estimatedCostSaved: null };
const fresh = {
  ...withSession({ mode: 'fresh', resumption: { ...resumption, choice: 'fresh' } }),
  saving: { ...saving, estimatedCostSaved: -0.02, baselineCostUsd: 0.09 },
};

it('names the engine where it is not the one that everybody expects', () => {
  const rowsOf = (changes: Partial<Report>) =>
    costFacts({ ...resumed, ...changes }).rows.map(([name]) => name);
  expect(costFacts({ ...resumed, engine: 'anthropic-api' }).rows).toContainEqual([
    'Engine',
    `anthropic-api ${session.engineVersion}`,
  ]);
  expect(rowsOf({ engine: 'claude-code' })).not.toContain('Engine');
  expect(rowsOf({})).not.toContain('Engine');
});

describe('the headline of what a run cost', () => {
  it.each<[string, Report, string]>([
    ['a compacted copy', resumed, 'Resumed (compacted, 3 h old) · $0.11 · 71 % less than a cold start'],
    [
      'a warm cache',
      withSession({ ageSeconds: 120, resumption: { ...resumption, choice: 'warm', expectedCacheRead: 9 } }),
      'Resumed (warm, 2 min old) · $0.11 · 71 % less than a cold start',
    ],
    [
      'the whole conversation, whose age tells that the cache does not hold it any more',
      withSession({ resumption: { ...resumption, choice: 'warm' } }),
      'Resumed (warm, 3 h old) · $0.11 · 71 % less than a cold start',
    ],
    ['a run that compares with nothing', report, 'Resumed (3 h old) · $0.11'],
    [
      'a loss',
      withSaving({ baselineCostUsd: 0.1, estimatedCostSaved: -0.012 }),
      'Resumed (compacted, 3 h old) · $0.11 · 12 % more than a cold start',
    ],
    [
      'a draw',
      withSaving({ baselineCostUsd: 0.11, estimatedCostSaved: -0.0004 }),
      'Resumed (compacted, 3 h old) · $0.11 · about as much as a cold start',
    ],
    [
      'an unknown model',
      { ...withSaving(noMoney), costUsd: null },
      'Resumed (compacted, 3 h old) · 66,703 tokens · 44 % fewer tokens than a cold start',
    ],
    [
      'a run without prices or figures',
      { ...withSaving({ ...noMoney, baselineTokens: null, estimatedTokensSaved: null }), costUsd: null },
      'Resumed (compacted, 3 h old) · 66,703 tokens',
    ],
    ['a new session, whose copy is no loss of its own', fresh, 'New session · $0.11'],
    ['a run that never came to its session', { ...report, session: undefined }, '$0.11'],
    ['one that never asked', { ...report, session: undefined, usage: noUsage, costUsd: 0 }, ''],
    ['one of which nothing is known', { ...report, session: undefined, usage: noUsage, costUsd: null }, ''],
  ])('is right for %s', (_, told, headline) => {
    expect(costFacts(told).headline).toBe(headline);
  });

  it('never says that a run was free', () => {
    const all = {
      baselineCostUsd: 10,
      estimatedCostSaved: 9.999,
      baselineTokens: 1,
      estimatedTokensSaved: 1,
    };
    expect(comparison(all)).toBe('99 % less than a cold start');
    expect(comparison({ ...all, baselineCostUsd: 0 })).toBe('');
  });
});

describe('the rows of what a run cost', () => {
  const rowOf = (told: Report, name: string) => costFacts(told).rows.find(([shown]) => shown === name)?.[1];

  it.each<[string, Report, string]>([
    ['with the copy in it', resumed, '$0.11, of which $0.02 for the compacted copy for the next run'],
    [
      'with a copy that came to nothing',
      withSession({ compaction: { ...compaction, outcome: 'failed' } }),
      '$0.11, of which $0.02 for a compacted copy that failed',
    ],
    [
      'with a copy that was only appended to',
      withSession({ compaction: { ...compaction, outcome: 'appended' } }),
      '$0.11',
    ],
    ['without a price', { ...resumed, costUsd: null }, 'unknown'],
  ])('tell the cost %s', (_, told, cost) => {
    expect(rowOf(told, 'Cost')).toBe(cost);
  });

  it('hold what was expected against what it came to', () => {
    expect(rowOf(resumed, 'Going on with it')).toBe('$0.06 of that; $0.05 was expected before the run');
    const onlyOne = { ...resumption, expectedUsd: { warm: null, compacted: 0.05, fresh: null } };
    expect(rowOf({ ...withSession({ resumption: onlyOne }), saving: undefined }, 'Going on with it')).toBe(
      '$0.05 was expected before the run',
    );
    const unpriced = { ...resumption, expectedUsd: { warm: null, compacted: null, fresh: null } };
    expect(rowOf(withSession({ resumption: unpriced }), 'Going on with it')).toBe('$0.06 of that');
    expect(
      rowOf({ ...withSession({ resumption: unpriced }), saving: undefined }, 'Going on with it'),
    ).toBeUndefined();
    expect(rowOf(fresh, 'Going on with it')).toBeUndefined();
  });

  it('tell the baseline with the sum that it comes from, and what was saved of it', () => {
    const baseline = 'Cold start, estimated';
    expect(rowOf(resumed, baseline)).toBe(
      '$0.39 ($0.11 − $0.06 going on − $0.02 compacted copy + $0.36 gathering anew) · 940,000 input tokens',
    );
    expect(rowOf(resumed, 'Saved')).toBe('$0.28 · 410,000 input tokens');
    const loss = withSaving({
      baselineCostUsd: 0.1,
      estimatedCostSaved: -0.0134,
      estimatedTokensSaved: -5_000,
    });
    expect(rowOf(loss, 'Saved')).toBe('−$0.01 · −5,000 input tokens');
    expect(rowOf(withSaving(noMoney), baseline)).toBe('940,000 input tokens');
    expect(rowOf(withSaving(noMoney), 'Saved')).toBe('410,000 input tokens');
    expect(rowOf(report, baseline)).toBeUndefined();
    expect(rowOf(report, 'Saved')).toBeUndefined();
  });

  it('have one number of digits, so that the sum can be checked by hand', () => {
    const warm = {
      ...resumption,
      choice: 'warm' as const,
      expectedUsd: { ...resumption.expectedUsd, warm: 0.0065 },
    };
    const small: Report = {
      ...withSession({ resumption: warm, compaction: undefined }),
      costUsd: 0.03003,
      saving: { ...saving, goingOnCostUsd: 0.00487, baselineCostUsd: 0.07704, estimatedCostSaved: 0.04701 },
    };
    expect(costFacts(small).rows.slice(2)).toEqual([
      ['Cost', '$0.0300'],
      ['Going on with it', '$0.0049 of that; $0.0065 was expected before the run'],
      [
        'Cold start, estimated',
        '$0.0770 ($0.0300 − $0.0049 going on + $0.0519 gathering anew) · 940,000 input tokens',
      ],
      ['Saved', '$0.0470 · 410,000 input tokens'],
    ]);
    const cents = fc.double({ min: 0, max: 5, noNaN: true });
    fc.assert(
      fc.property(cents, cents, cents, (goingOn, own, gathering) => {
        const told: Report = {
          ...withSession({ resumption: warm, compaction: undefined }),
          costUsd: goingOn + own,
          saving: {
            ...saving,
            goingOnCostUsd: goingOn,
            baselineCostUsd: own + gathering,
            estimatedCostSaved: gathering - goingOn,
          },
        };
        const shown = rowOf(told, 'Cold start, estimated')?.replaceAll('less than $0.0001', '$0.0000') ?? '';
        const [sum = 0, cost = 0, less = 0, more = 0] = [...shown.matchAll(/\$(\d+\.\d+)/g)].map((found) =>
          Number(found[1]),
        );
        expect(shown.match(/\$\d+\.\d{4}\b/g)).toHaveLength(4);
        // Where nothing had to be gathered the last part cannot make up for how the others are rounded.
        expect(Math.abs(cost - less + more - sum)).toBeLessThan(more > 0 ? 0.00001 : 0.00021);
      }),
    );
  });

  it('tell the choice and its reason', () => {
    expect(rowOf(resumed, 'Session')).toBe(
      'compacted · 3 h old: the prompt cache has expired, and the copy is the cheapest way',
    );
    expect(rowOf(fresh, 'Session')).toMatch(/^new · 3 h old/);
    // In the same word as the headline.
    const late = withSession({ resumption: { ...resumption, choice: 'warm' } });
    expect(rowOf(late, 'Session')).toMatch(/^warm · 3 h old: the prompt cache has expired/);
    expect(rowOf(report, 'Session')).toBe('resumed (3 h old)');
  });

  it('tell what was written for five minutes and for an hour apart', () => {
    expect(rowOf(resumed, 'Tokens')).toBe(
      '65,469 input (34,567 read from the cache, 30,000 written to it for 5 minutes, 890 written to it for 1 hour, 12 uncached), 1,234 output',
    );
    const onlyHour = { ...resumed.usage, cacheWriteHourTokens: resumed.usage.cacheWriteTokens };
    expect(rowOf({ ...resumed, usage: onlyHour }, 'Tokens')).toBe(
      '65,469 input (34,567 read from the cache, 30,890 written to it for 1 hour, 12 uncached), 1,234 output',
    );
  });
});
