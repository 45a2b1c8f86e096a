import { cacheLifeMs } from '../pricing/cache-life.ts';
import { compactionCost, doesCopyPay, summaryTokens } from '../pricing/compaction-cost.ts';
import type { ModelPrices } from '../pricing/model-prices.ts';
import { priceRatios } from '../pricing/price-ratios.ts';
import { startMs } from './choose.ts';

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
  if (!pays(cost, facts)) return unless('it would cost more than it is expected to save');
  return { action: 'compact', expectedUsd: prices === undefined ? null : cost };
}

function none(reason: string): CompactionPlan {
  return { action: 'none', reason };
}

function pays(cost: number, facts: CompactionFacts): boolean {
  const { prices = priceRatios, copy, contextTokens, baseTokens } = facts;
  return doesCopyPay(cost, baseTokens + summaryTokens, {
    ...facts,
    prices,
    isWarm: false,
    fullTokens: contextTokens,
    compactedTokens: copy?.contextTokens,
  });
}
