import type { Usage } from '../core/report.ts';
import { costOfUsage } from './cost-of-usage.ts';
import { type ModelPrices, webSearchUsd } from './model-prices.ts';

/** What an engine says that a model cost. */
export interface SaidCost {
  usd: number;
  /** `list`: its own price list; `managed`: prices that the organisation gave it; `unknown`: a guess. */
  basis?: string | undefined;
}

/** The provider's surcharge for a region of one's own, https://platform.claude.com/docs/en/about-claude/pricing */
const regionFactor = 1.1;

/** Figures of two programs for the same tokens differ by rounding alone. */
const tolerance = 1e-6;

/**
 * US dollars of a model's tokens in a run, undefined when nobody knows. Prices that people gave win, to the engine or
 * to Dexter. Otherwise the engine's figure counts as long as the price list explains it: it alone has seen how long
 * each prompt was and what region it went to. One that is outside of that is of an engine that does not know the
 * model, or an earlier price of it. For a model that only the engine's list has, there is no better figure.
 */
export function trustedCost(
  usage: Usage,
  searches: number,
  said: SaidCost | undefined,
  prices: ModelPrices | undefined,
): number | undefined {
  if (said?.basis === 'managed' && prices?.isOverride === undefined) return said.usd;
  if (prices === undefined) return said?.basis === 'list' ? said.usd : undefined;
  const fees = searches * webSearchUsd;
  const least = costOfUsage(usage, prices) + fees;
  if (said === undefined || prices.isOverride || said.basis === 'unknown') return least;
  const most = costOfUsage(usage, prices.longPrompt ?? prices) * regionFactor + fees;
  const isExplained = said.usd >= least * (1 - tolerance) && said.usd <= most * (1 + tolerance);
  return isExplained ? said.usd : least;
}
