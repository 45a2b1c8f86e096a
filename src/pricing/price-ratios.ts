import type { ModelPrices } from './model-prices.ts';

/**
 * Ratios that all of Anthropic's prices have in common: enough to compare one way with the other, where what it comes to
 * in dollars is not known. https://platform.claude.com/docs/en/about-claude/pricing
 */
export const priceRatios: ModelPrices = {
  model: 'ratios',
  input: 1,
  output: 5,
  cacheWrite5m: 1.25,
  cacheWrite1h: 2,
  cacheRead: 0.1,
  minimumCacheableTokens: 1_024,
  source: 'https://platform.claude.com/docs/en/about-claude/pricing',
  date: '2026-11-01',
};
