import type { Usage } from '../core/report.ts';
import { expectedCost } from '../pricing/expected-cost.ts';
import type { ModelPrices } from '../pricing/model-prices.ts';
import { cacheLifeMs, startMs } from './choose.ts';

/** How the engine's work came to its end, as far as it matters for what can still be done. */
export type EndOfRun =
  /** It was done, or had used up its turns. */
  | 'ended'
  /** It, or what it talks to, failed. */
  | 'failed'
  /** Somebody or something ended it, its time for example. */
  | 'stopped';

export interface CompactionFacts {
  end: EndOfRun;
  /** Tokens from which on a conversation is compacted; 0 for never. */
  threshold: number;
  /** Tokens of the whole conversation, and of the base that every request begins with. */
  contextTokens: number;
  baseTokens: number;
  /** The copy that there is already, as large as it will be with what this run added to it. */
  copy?: { contextTokens: number } | undefined;
  /** Absent for a model whose prices are not known. */
  prices?: ModelPrices | undefined;
  cacheLife: '5m' | '1h';
  /** Milliseconds since the last request. */
  idleMs: number;
  /** Requests that a follow-up of this session takes. */
  requests: number;
  /** The run that began the conversation. */
  start: { contextTokens: number; requests: number };
  /** US dollars that this run may still spend; absent where there is no limit. */
  budgetLeftUsd?: number | undefined;
}

export type CompactionPlan =
  | { action: 'none'; reason: string }
  /** What it is expected to cost is null without prices. */
  | { action: 'compact'; expectedUsd: number | null }
  | { action: 'append' };

/**
 * Tokens above which a copy can pay at all. With Anthropic's ratios of prices it does from about 45,000 on; the reckoning
 * below decides, and spares small conversations of expensive models the trouble.
 */
export const defaultCompactAbove = 40_000;

/**
 * How likely the next instruction comes when the cache has forgotten the conversation. Of the follow-ups in issues and
 * pull requests most come hours later, but a good part of the issues sees no follow-up at all.
 */
const likelyCold = 0.5;

/** What a compaction adds to the prompt: the CLI's own instructions and ours. */
const instructionTokens = 1_900;

/** Most tokens that `compactionInstructions` let a summary have. */
const summaryTokens = 3_000;

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

/** What is done at the end of a run so that a follow-up that comes late is cheap. */
export function planCompaction(facts: CompactionFacts): CompactionPlan {
  const { copy, contextTokens, threshold, prices, budgetLeftUsd, end } = facts;
  if (threshold === 0) return none('it is switched off');
  // Costs nothing, whatever became of the run: without it the copy would not know what was said last.
  const otherwise: CompactionPlan = copy === undefined ? none('') : { action: 'append' };
  const unless = (reason: string): CompactionPlan => (copy === undefined ? none(reason) : otherwise);
  if (end === 'stopped') return unless('the run was ended');
  if (end === 'failed') return unless('the run failed');
  const present = copy?.contextTokens ?? contextTokens;
  if (present <= threshold) return unless(`the conversation is not above ${threshold} tokens`);
  // All of the conversation would be written once more: at its price a late follow-up is not any dearer.
  if (facts.idleMs + startMs >= cacheLifeMs[facts.cacheLife]) {
    return unless('the prompt cache does not hold it any more');
  }
  if (prices === undefined && budgetLeftUsd !== undefined) {
    return unless('the run has a budget, and the prices of the model are not known');
  }
  const cost = compactionCost(facts);
  if (budgetLeftUsd !== undefined && cost > budgetLeftUsd) return unless('the budget of the run is used up');
  if (likelyCold * gainWhenCold(facts) <= cost)
    return unless('it would cost more than it is expected to save');
  return { action: 'compact', expectedUsd: prices === undefined ? null : cost };
}

function none(reason: string): CompactionPlan {
  return { action: 'none', reason };
}

/** Dollars of the request that makes the copy: the whole conversation is read from the cache for it. */
export function compactionCost({ contextTokens, prices = priceRatios }: CompactionFacts): number {
  const { cacheRead, input, output } = prices;
  return (contextTokens * cacheRead + instructionTokens * input + summaryTokens * output) / 1_000_000;
}

/** Dollars that a new copy saves a follow-up that comes late, against the best way that there is without it. */
function gainWhenCold(facts: CompactionFacts): number {
  const { prices = priceRatios, copy, contextTokens, baseTokens } = facts;
  const now = {
    ...facts,
    prices,
    isWarm: false,
    fullTokens: contextTokens,
    compactedTokens: copy?.contextTokens,
  };
  const ways = [
    expectedCost('warm', now),
    ...(copy === undefined ? [] : [expectedCost('compacted', now)]),
    ...(facts.start.contextTokens > 0 ? [expectedCost('fresh', now)] : []),
  ];
  const compactedTokens = baseTokens + summaryTokens;
  return Math.min(...ways) - expectedCost('compacted', { ...now, compactedTokens });
}
