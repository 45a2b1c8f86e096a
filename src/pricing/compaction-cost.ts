import { type CostFacts, expectedCost } from './expected-cost.ts';
import type { ModelPrices } from './model-prices.ts';
import { priceRatios } from './price-ratios.ts';

/**
 * Tokens above which a copy can pay at all. With Anthropic's ratios of prices it does from about 45,000 on; the reckoning
 * below decides, and spares small conversations of expensive models the trouble.
 */
export const defaultCompactAbove = 40_000;

/** Most tokens that the instructions of a compaction let a summary have. */
export const summaryTokens = 3_000;

/**
 * How likely the next instruction comes when the cache has forgotten the conversation. Of the follow-ups in issues and
 * pull requests most come hours later, but a good part of the issues sees no follow-up at all.
 */
const likelyCold = 0.5;

/** What a compaction adds to the prompt: the CLI's own instructions and ours. */
const instructionTokens = 1_900;

export interface CopyFacts {
  /** Tokens of the whole conversation. */
  contextTokens: number;
  /** What the model writes. */
  summaryTokens?: number | undefined;
  prices?: Pick<ModelPrices, 'cacheRead' | 'input' | 'output'> | undefined;
}

/** Dollars of the request that makes the copy: the whole conversation is read from the cache for it. */
export function compactionCost(facts: CopyFacts): number {
  const { cacheRead, input, output } = facts.prices ?? priceRatios;
  const written = facts.summaryTokens ?? summaryTokens;
  return (facts.contextTokens * cacheRead + instructionTokens * input + written * output) / 1_000_000;
}

/**
 * Whether a copy of so many tokens is expected to save a follow-up that comes late more than it costs, against the best
 * way that there is without it.
 */
export function doesCopyPay(costUsd: number, copyTokens: number, facts: CostFacts): boolean {
  const now = { ...facts, isWarm: false };
  const ways = [
    expectedCost('warm', now),
    ...(now.compactedTokens === undefined ? [] : [expectedCost('compacted', now)]),
    ...(now.start.contextTokens > 0 ? [expectedCost('fresh', now)] : []),
  ];
  const gain = Math.min(...ways) - expectedCost('compacted', { ...now, compactedTokens: copyTokens });
  return likelyCold * gain > costUsd;
}
