import type { ResumeChoice } from '../core/session.ts';
import type { ModelPrices } from './model-prices.ts';

/**
 * A way that remembers more may cost so much more, as a share. A copy does not know everything, and a new start nothing
 * of what people said and what was tried: what it takes to say that again is in no figure. Nor are the figures better
 * than this, as nobody knows how much of a conversation the next instruction needs.
 */
export const preference = 0.5;

/** Nobody would give up a conversation for less than what reading two or three files costs: input tokens. */
export const smallTokens = 10_000;

/** Expected US dollars of each way to go on; null for one that there is not. */
export type WayCosts = Readonly<Record<ResumeChoice, number | null>>;

/** The cheapest way to go on, with some preference for the one that remembers more. A run and an estimate choose by it. */
export function cheapestWay(
  { warm, compacted, fresh }: WayCosts,
  { input }: Pick<ModelPrices, 'input'>,
): ResumeChoice {
  const small = (smallTokens * input) / 1_000_000;
  // The most that a way may cost which remembers more than one of that cost.
  const limitOf = (cost: number | null) =>
    cost === null ? Number.POSITIVE_INFINITY : Math.max(cost * (1 + preference), cost + small);
  const overFresh = limitOf(fresh);
  if (warm !== null && warm <= Math.min(limitOf(compacted), overFresh)) return 'warm';
  return compacted !== null && compacted <= overFresh ? 'compacted' : 'fresh';
}
