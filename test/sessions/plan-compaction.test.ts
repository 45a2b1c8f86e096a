import { describe, expect, it } from 'vitest';
import { compactionCost, defaultCompactAbove } from '../../src/pricing/compaction-cost.ts';
import { priceRatios } from '../../src/pricing/price-ratios.ts';
import { type CompactionFacts, planCompaction } from '../../src/sessions/plan-compaction.ts';

const sonnet = {
  ...priceRatios,
  model: 'claude-sonnet-4-5',
  input: 3,
  output: 15,
  cacheWrite5m: 3.75,
  cacheWrite1h: 6,
  cacheRead: 0.3,
};

const large: CompactionFacts = {
  end: 'ended',
  threshold: defaultCompactAbove,
  contextTokens: 140_000,
  baseTokens: 5_000,
  prices: sonnet,
  cacheLife: '5m',
  idleMs: 0,
  requests: 4,
  start: { contextTokens: 140_000, requests: 23 },
};

const copyOf = (contextTokens: number) => ({ copy: { contextTokens } });

describe('planCompaction', () => {
  it.each<[string, Partial<CompactionFacts>, string]>([
    ['a large conversation', {}, 'compact'],
    ['one that is large, with unknown prices', { prices: undefined }, 'compact'],
    [
      'one that is large, of an old archive that knows no start',
      { start: { contextTokens: 0, requests: 0 } },
      'compact',
    ],
    ['one that the cache keeps for an hour', { cacheLife: '1h' }, 'compact'],
    ['one that the cache may forget while the engine starts', { idleMs: 290_000 }, 'none'],
    ['one that the cache still holds', { idleMs: 280_000 }, 'compact'],
    ['one that is idle, with an hour of cache', { idleMs: 290_000, cacheLife: '1h' }, 'compact'],
    ['one that the cache forgot, with a large copy', { idleMs: 600_000, ...copyOf(120_000) }, 'append'],
    ['one at the threshold', { contextTokens: defaultCompactAbove }, 'none'],
    ['one that is above it and too small to pay', { contextTokens: defaultCompactAbove + 1 }, 'none'],
    ['one that is not large, with a low threshold', { contextTokens: 60_000, threshold: 10_000 }, 'compact'],
    ['one that is large, with a higher threshold', { threshold: 200_000 }, 'none'],
    ['one that is large, switched off', { threshold: 0 }, 'none'],
    ['one with a copy, switched off', { threshold: 0, ...copyOf(20_000) }, 'none'],
    ['one with a copy', copyOf(12_000), 'append'],
    ['one with a copy that has grown large again', copyOf(120_000), 'compact'],
    ['one with a copy that has grown, but not enough to pay', copyOf(42_000), 'append'],
    ['a run that was ended', { end: 'stopped' }, 'none'],
    ['a run that was ended, with a copy', { end: 'stopped', ...copyOf(12_000) }, 'append'],
    ['a run that was ended, with a large copy', { end: 'stopped', ...copyOf(120_000) }, 'append'],
    ['a run that failed', { end: 'failed' }, 'none'],
    ['a run that failed, with a copy', { end: 'failed', ...copyOf(12_000) }, 'append'],
    ['a budget that is used up', { budgetLeftUsd: 0 }, 'none'],
    ['a budget that is overdrawn', { budgetLeftUsd: -1 }, 'none'],
    ['a budget that is not enough', { budgetLeftUsd: 0.05 }, 'none'],
    ['a budget that is enough', { budgetLeftUsd: 0.2 }, 'compact'],
    ['a budget that is used up, with a copy', { budgetLeftUsd: 0, ...copyOf(120_000) }, 'append'],
    ['a budget, with unknown prices', { budgetLeftUsd: 5, prices: undefined }, 'none'],
    ['nothing said', { contextTokens: 0, start: { contextTokens: 0, requests: 0 } }, 'none'],
  ])('for %s', (_, facts, action) => {
    expect(planCompaction({ ...large, ...facts })).toMatchObject({ action });
  });

  it('says why there is no copy', () => {
    expect(planCompaction({ ...large, threshold: 0 })).toEqual({
      action: 'none',
      reason: 'it is switched off',
    });
    expect(planCompaction({ ...large, budgetLeftUsd: 0 })).toMatchObject({
      reason: expect.stringContaining('budget'),
    });
  });

  it('says what it is expected to cost, where the prices are known', () => {
    // 140,000 read at 0.30, 1,900 of instructions at 3, 3,000 of summary at 15, for a million each.
    expect(compactionCost(large)).toBeCloseTo(0.0927);
    expect(planCompaction(large)).toEqual({ action: 'compact', expectedUsd: compactionCost(large) });
    expect(planCompaction({ ...large, prices: undefined })).toEqual({ action: 'compact', expectedUsd: null });
  });

  it('comes to the same without prices as with those of any model that has their ratios', () => {
    for (let contextTokens = 40_000; contextTokens <= 200_000; contextTokens += 2_000) {
      const facts = { ...large, contextTokens, start: { contextTokens, requests: 20 } };
      expect(planCompaction({ ...facts, prices: undefined }).action).toBe(planCompaction(facts).action);
    }
  });
});
