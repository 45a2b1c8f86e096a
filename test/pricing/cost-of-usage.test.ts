import { describe, expect, it } from 'vitest';
import { noUsage } from '../../src/core/report.ts';
import { costOfRequest, costOfUsage, pricesOfPrompt } from '../../src/pricing/cost-of-usage.ts';
import { findPrices } from '../../src/pricing/find-prices.ts';

function pricesOf(model: string) {
  const prices = findPrices(model);
  if (prices === undefined) throw new Error(`${model} has no price`);
  return prices;
}

describe('costOfUsage', () => {
  it('is nothing for nothing', () => {
    expect(costOfUsage(noUsage, pricesOf('claude-sonnet-4-5'))).toBe(0);
  });

  // A million of each kind costs what the list says.
  it.each([
    ['inputTokens', 3],
    ['outputTokens', 15],
    ['cacheReadTokens', 0.3],
    ['cacheWriteTokens', 3.75],
  ] as const)('prices %s', (kind, dollars) => {
    const usage = { ...noUsage, [kind]: 1_000_000 };
    expect(costOfUsage(usage, pricesOf('claude-sonnet-4-5'))).toBeCloseTo(dollars, 12);
  });

  it('prices what is written for an hour apart from what is written for five minutes', () => {
    const usage = { ...noUsage, cacheWriteTokens: 1_000_000, cacheWriteHourTokens: 400_000 };
    expect(costOfUsage(usage, pricesOf('claude-sonnet-4-5'))).toBeCloseTo(0.6 * 3.75 + 0.4 * 6, 12);
  });

  it('counts no token twice when more is said to be for an hour than was written', () => {
    const usage = { ...noUsage, cacheWriteTokens: 1_000, cacheWriteHourTokens: 5_000 };
    expect(costOfUsage(usage, pricesOf('claude-sonnet-4-5'))).toBeCloseTo(0.006, 12);
  });

  it('reckons a run of the real CLI as the CLI did', () => {
    // Said by 2.1.330 of a run with one-hour entries: costUSD 0.2013306.
    const usage = {
      inputTokens: 0,
      outputTokens: 43,
      cacheReadTokens: 21_552,
      cacheWriteTokens: 32_370,
      cacheWriteHourTokens: 32_370,
    };
    expect(costOfUsage(usage, pricesOf('claude-sonnet-4-5'))).toBeCloseTo(0.2013306, 10);
  });

  it('does not round', () => {
    expect(costOfUsage({ ...noUsage, cacheReadTokens: 1 }, pricesOf('claude-haiku-5-5'))).toBeCloseTo(
      1e-8,
      15,
    );
  });
});

describe('costOfRequest', () => {
  const haiku = pricesOf('claude-haiku-5-5');
  const usage = (cacheReadTokens: number) => ({
    inputTokens: 10_000,
    cacheReadTokens,
    cacheWriteTokens: 10_000,
    outputTokens: 1_000,
  });

  it('takes the prices of long prompts for all tokens of a request above the limit, its output too', () => {
    const short = costOfRequest(usage(80_000), haiku);
    expect(short).toBeCloseTo((10_000 * 0.1 + 80_000 * 0.01 + 10_000 * 0.125 + 1_000 * 0.5) / 1e6, 12);
    const long = costOfRequest(usage(80_001), haiku);
    expect(long).toBeCloseTo((10_000 * 0.5 + 80_001 * 0.05 + 10_000 * 0.625 + 1_000 * 2.5) / 1e6, 12);
  });

  it('is the same at every length for the other models', () => {
    const sonnet = pricesOf('claude-sonnet-4-5');
    expect(costOfRequest(usage(900_000), sonnet)).toBe(costOfUsage(usage(900_000), sonnet));
    expect(pricesOfPrompt(sonnet, 900_000)).toBe(sonnet);
  });
});
