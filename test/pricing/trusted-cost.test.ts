import { describe, expect, it } from 'vitest';
import type { Usage } from '../../src/core/report.ts';
import { costOfUsage } from '../../src/pricing/cost-of-usage.ts';
import { findPrices } from '../../src/pricing/find-prices.ts';
import type { ModelPrices } from '../../src/pricing/model-prices.ts';
import { overridePrices } from '../../src/pricing/price-overrides.ts';
import { trustedCost } from '../../src/pricing/trusted-cost.ts';

const usage: Usage = {
  inputTokens: 10_000,
  cacheReadTokens: 200_000,
  cacheWriteTokens: 30_000,
  outputTokens: 5_000,
};
const sonnet = findPrices('claude-sonnet-4-5') as ModelPrices;
const haiku = findPrices('claude-haiku-5-5') as ModelPrices;
// 10k at 3, 200k at 0.30, 30k at 3.75 and 5k at 15 dollars for a million.
const reckoned = 0.03 + 0.06 + 0.1125 + 0.075;
const [override] = overridePrices({
  'claude-sonnet-4-5': { input: 30, cacheWrite5m: 37.5, cacheWrite1h: 60 },
});

describe('trustedCost', () => {
  it.each<[string, number, Parameters<typeof trustedCost>[2], ModelPrices | undefined, number | undefined]>([
    ['what the engine said when the list explains it', 0, { usd: reckoned, basis: 'list' }, sonnet, reckoned],
    ['its surcharge for a region', 0, { usd: reckoned * 1.1, basis: 'list' }, sonnet, reckoned * 1.1],
    ['what its searches cost', 3, { usd: reckoned + 0.03, basis: 'list' }, sonnet, reckoned + 0.03],
    ['the list for searches that it left out', 3, { usd: reckoned, basis: 'list' }, sonnet, reckoned + 0.03],
    ['the list when it said nothing', 0, undefined, sonnet, reckoned],
    ['the list when it guessed', 0, { usd: reckoned, basis: 'unknown' }, sonnet, reckoned],
    ['the list when its price is a later or an earlier one', 0, { usd: reckoned * 2 }, sonnet, reckoned],
    ['the list when it is too cheap', 0, { usd: 0 }, sonnet, reckoned],
    ["the organisation's own prices", 0, { usd: reckoned / 3, basis: 'managed' }, sonnet, reckoned / 3],
    [
      "the organisation's own prices of a model that is not listed",
      0,
      { usd: 1, basis: 'managed' },
      undefined,
      1,
    ],
    ['nothing of a model that is not listed', 0, { usd: 1, basis: 'unknown' }, undefined, undefined],
    ["the engine's list for a model that it alone knows", 0, { usd: 1, basis: 'list' }, undefined, 1],
    ['nothing where it does not say by what it reckoned', 0, { usd: 1 }, undefined, undefined],
  ])('takes %s', (_, searches, said, prices, expected) => {
    const cost = trustedCost(usage, searches, said, prices);
    if (expected === undefined) expect(cost).toBeUndefined();
    else expect(cost).toBeCloseTo(expected, 10);
  });

  it.each(['list', 'managed', 'unknown'])('takes an override over what the engine said by %s', (basis) => {
    const expected = 0.3 + 0.06 + 30_000 * 37.5e-6 + 0.075;
    expect(trustedCost(usage, 0, { usd: reckoned, basis }, override)).toBeCloseTo(expected, 10);
  });

  it('believes the engine how many of the prompts were long, where that matters', () => {
    const short = costOfUsage(usage, haiku);
    const some = short * 3;
    expect(trustedCost(usage, 0, { usd: some, basis: 'list' }, haiku)).toBe(some);
    expect(trustedCost(usage, 0, { usd: short * 6, basis: 'list' }, haiku)).toBeCloseTo(short, 12);
  });
});
