import { describe, expect, it } from 'vitest';
import { type CostFacts, expectedCost, requestsOf, usualRequests } from '../../src/pricing/expected-cost.ts';
import { findPrices } from '../../src/pricing/find-prices.ts';
import type { ModelPrices } from '../../src/pricing/model-prices.ts';

/** A dollar for a million input tokens, so that a result in millionths is in input tokens. */
const prices: ModelPrices = {
  model: 'one',
  input: 1,
  output: 5,
  cacheWrite5m: 1.25,
  cacheWrite1h: 2,
  cacheRead: 0.1,
  minimumCacheableTokens: 1024,
  source: 'test',
  date: '2026-01-01',
};
const facts: CostFacts = {
  prices,
  cacheLife: '5m',
  isWarm: false,
  baseTokens: 5_000,
  fullTokens: 140_000,
  compactedTokens: 15_000,
  requests: 4,
  start: { contextTokens: 105_000, requests: 20 },
};
const tokens = (way: Parameters<typeof expectedCost>[0], changed: Partial<CostFacts> = {}) =>
  expectedCost(way, { ...facts, ...changed }) * 1e6;

describe('expectedCost', () => {
  it('brings the whole conversation once and reads it with each later request', () => {
    expect(tokens('warm', { isWarm: true })).toBeCloseTo(4 * 14_000);
    expect(tokens('warm')).toBeCloseTo(175_000 + 3 * 14_000);
    expect(tokens('warm', { cacheLife: '1h' })).toBeCloseTo(280_000 + 3 * 14_000);
  });

  it('writes the copy and what is read again, with two requests more', () => {
    const later = 5 * 2_100 + 2 * 150 * 5;
    expect(tokens('compacted')).toBeCloseTo(1.25 * 27_000 + later);
    expect(tokens('compacted', { isWarm: true }), 'the base is in the cache').toBeCloseTo(
      500 + 1.25 * 22_000 + later,
    );
  });

  it('reads nothing again for a copy that is as long as the conversation', () => {
    expect(tokens('compacted', { compactedTokens: 140_000 })).toBeCloseTo(tokens('warm'));
    expect(tokens('compacted', { compactedTokens: undefined })).toBeCloseTo(tokens('warm'));
  });

  it('gathers a share of what the first run gathered, in as large a share of its requests', () => {
    // 70 % of 100,000 tokens in 14 requests, then three more.
    const later = 14 * 4_000 + 3 * 7_500 + 14 * 150 * 5;
    expect(tokens('fresh')).toBeCloseTo(1.25 * 75_000 + later);
    expect(tokens('fresh', { isWarm: true })).toBeCloseTo(500 + 1.25 * 70_000 + later);
  });

  it('comes near what the benchmark measured', () => {
    const sonnet = findPrices('claude-sonnet-4-5');
    if (sonnet === undefined) throw new Error('no prices');
    const measured = {
      ...facts,
      prices: sonnet,
      baseTokens: 12_200,
      start: { contextTokens: 140_000, requests: 30 },
    };
    // A new start for $0.92, the whole conversation for 82 % of it an hour later, for 23 % of $0.89 two minutes later;
    // the model leaves out what the instruction itself adds.
    expect(expectedCost('fresh', measured)).toBeGreaterThan(0.75);
    expect(expectedCost('fresh', measured)).toBeLessThan(0.95);
    expect(expectedCost('warm', measured)).toBeGreaterThan(0.6);
    expect(expectedCost('warm', measured)).toBeLessThan(0.78);
    expect(expectedCost('warm', { ...measured, isWarm: true })).toBeLessThan(0.21);
  });

  it('takes the prices of long prompts for them', () => {
    const longPrompt = { ...prices, input: 2, cacheWrite5m: 2.5, cacheRead: 0.2, aboveTokens: 100_000 };
    expect(tokens('warm', { prices: { ...prices, longPrompt } })).toBeCloseTo(2 * tokens('warm'));
    expect(tokens('compacted', { prices: { ...prices, longPrompt } })).toBeCloseTo(tokens('compacted'));
  });

  it.each([
    ['a negative size', { fullTokens: -1, compactedTokens: -1, baseTokens: -1 }],
    ['no number', { fullTokens: Number.NaN, requests: Number.NaN, baseTokens: Number.NaN }],
    ['no requests', { requests: 0 }],
    ['an infinite start', { start: { contextTokens: Number.POSITIVE_INFINITY, requests: -3 } }],
  ])('is finite and not negative for %s', (_name, changed) => {
    for (const way of ['warm', 'compacted', 'fresh'] as const) {
      const cost = tokens(way, changed);
      expect(Number.isFinite(cost)).toBe(true);
      expect(cost).toBeGreaterThanOrEqual(0);
    }
  });
});

describe('requestsOf', () => {
  it.each([
    [[], usualRequests],
    [[0, 0], usualRequests],
    [[3], 3],
    [[9, 3, 4], 4],
    [[2, 4], 3],
    [[0, 5, 7, 100], 7],
  ])('takes the median of %j', (followUps, expected) => {
    expect(requestsOf(followUps)).toBe(expected);
  });
});
