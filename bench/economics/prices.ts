import type { ModelPrices } from '../../src/pricing/model-prices.ts';

export const prices: ModelPrices = {
  model: 'claude-sonnet-4-5',
  input: 3,
  output: 15,
  cacheWrite5m: 3.75,
  cacheWrite1h: 6,
  cacheRead: 0.3,
  minimumCacheableTokens: 1024,
  source: 'https://platform.claude.com/docs/en/about-claude/pricing',
  date: '2026-11-02',
};
