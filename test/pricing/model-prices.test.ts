import { describe, expect, it } from 'vitest';
import { type ModelPrices, modelPrices, type TokenPrices } from '../../src/pricing/model-prices.ts';

/** Exceptions to a tenth of the input, in the words of the price list's footnotes. */
const readShares: Record<string, number> = {
  'claude-fable-5-2': 0.025,
  'claude-fable-5-1': 0.025,
  'claude-mythos-5-2': 0.025,
  'claude-mythos-5-1': 0.025,
  'claude-opus-5-5': 0.05,
  'claude-sonnet-5-5': 0.05,
};

const tiers = modelPrices.flatMap((row): [string, TokenPrices, ModelPrices][] => [
  [row.model, row, row],
  ...(row.longPrompt
    ? [[`${row.model}, long prompts`, row.longPrompt, row] as [string, TokenPrices, ModelPrices]]
    : []),
]);

describe('the price table', () => {
  it.each(tiers)(
    '%s has every price, and they stand to each other as the provider says',
    (_, prices, row) => {
      const { input, output, cacheWrite5m, cacheWrite1h, cacheRead } = prices;
      for (const price of [input, output, cacheWrite5m, cacheWrite1h, cacheRead]) {
        expect(price).toBeGreaterThan(0);
        expect(price).toBeLessThan(1000);
      }
      expect(output / input).toBeCloseTo(5, 10);
      expect(cacheWrite5m / input).toBeCloseTo(1.25, 10);
      expect(cacheWrite1h / input).toBeCloseTo(2, 10);
      expect(cacheRead / input).toBeCloseTo(readShares[row.model] ?? 0.1, 10);
    },
  );

  it.each(modelPrices)('$model says where it is from and since when', ({ model, source, date, ...row }) => {
    expect(model).toMatch(/^claude-[a-z0-9-]+$/);
    expect(model).not.toMatch(/\d{8}/);
    expect(source).toMatch(/^https:\/\//);
    expect(new Date(`${date}T00:00:00Z`).toISOString()).toBe(`${date}T00:00:00.000Z`);
    expect([512, 1024, 2048, 4096]).toContain(row.minimumCacheableTokens);
  });

  it('has each model once', () => {
    const names = modelPrices.map(({ model }) => model);
    expect(new Set(names).size).toBe(names.length);
  });

  // The three rows of the list as of January 2026, which the first estimates were made with.
  it.each([
    ['claude-sonnet-4-5', 3, 15, 3.75, 6, 0.3],
    ['claude-opus-4-5', 5, 25, 6.25, 10, 0.5],
    ['claude-haiku-4-5', 1, 5, 1.25, 2, 0.1],
  ])('%s costs what it did', (model, input, output, cacheWrite5m, cacheWrite1h, cacheRead) => {
    expect(modelPrices.find((row) => row.model === model)).toMatchObject({
      input,
      output,
      cacheWrite5m,
      cacheWrite1h,
      cacheRead,
    });
  });
});
