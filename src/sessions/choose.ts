import type { Resumption } from '../core/report.ts';
import type { ResumeChoice } from '../core/session.ts';
import { cacheLifeMs } from '../pricing/cache-life.ts';
import { cheapestWay, type WayCosts } from '../pricing/cheapest-way.ts';
import { expectedCost } from '../pricing/expected-cost.ts';
import type { ModelPrices } from '../pricing/model-prices.ts';
import { priceRatios } from '../pricing/price-ratios.ts';
import { costDigits, formatAge, formatCost, formatCount } from '../report/figures.ts';
import type { SessionSize } from './resume-facts.ts';

/** What the choice is made from. */
export interface ResumeFacts {
  /** The person asked for a new conversation. */
  wantsFresh: boolean;
  /** What there is to go on with; undefined where there is nothing yet. */
  earlier?: Earlier | undefined;
  /** Why an earlier conversation cannot be continued, in words. */
  lost?: string | undefined;
  /** Model that is going to be asked, null for the engine's own choice. */
  model: string | null;
  prices?: ModelPrices | undefined;
}

/** An earlier conversation that was restored. */
export interface Earlier extends Omit<SessionSize, 'lastRequestAt' | 'fullTokens'> {
  /** Absent when the whole transcript cannot be used, as `compactedTokens` is without a copy. */
  fullTokens?: number | undefined;
  /** Milliseconds since its last request; undefined when unknown. */
  ageMs?: number | undefined;
  /** What is another than in its requests, in words: see `pinsMoved`. */
  moved: readonly string[];
  /** `rewritten`: largely another text than the conversation was told. */
  ticket: 'same' | 'rewritten';
  /** `gone`: most of what the conversation did to the branch is not there any more. */
  branch: 'kept' | 'gone' | 'unknown';
}

export interface Choice {
  resumption: Resumption;
  /** The prompt cache is expected to hold the earlier requests. */
  isWarm: boolean;
  /** Since the last request of what there is to go on with, as the reason tells it; absent where nobody knows. */
  ageSeconds?: number;
}

/** The first request is made so long after the choice: the engine has to start. */
export const startMs = 15_000;

/** Clocks of two runners may be so far apart without being wrong. */
export const clockSkewMs = 60_000;

const longestReason = 500;

/** Dollars for a million tokens; above it somebody has mistaken the unit. */
const highestPrice = 1_000_000;

const asked = 'a new conversation was asked for';

/**
 * Chooses how to go on. What the person asked for counts first; then what cannot or should not be continued is not;
 * else the cheapest way is taken, with some preference for the one that remembers more.
 */
export function choose(facts: ResumeFacts): Choice {
  const { earlier, wantsFresh } = facts;
  if (earlier === undefined)
    return begun(wantsFresh ? asked : (facts.lost ?? 'there is no earlier conversation'));
  const state = cacheState(earlier);
  const prices = usable(facts.prices);
  const costs = costsOf(earlier, state.isWarm, prices ?? priceRatios);
  const reasons = { facts, state, costs, isInDollars: prices !== undefined };
  const given = (choice: ResumeChoice, reason: string): Choice => ({
    resumption: {
      choice,
      reason: shortened(reason),
      expectedUsd: prices === undefined ? { warm: null, compacted: null, fresh: null } : costs,
      expectedCacheRead: expectedRead(choice, { earlier, isWarm: state.isWarm, prices: facts.prices }),
    },
    isWarm: state.isWarm,
    ...(state.ageMs === undefined ? {} : { ageSeconds: state.ageMs / 1000 }),
  });
  if (wantsFresh) return given('fresh', asked);
  const against = whyNotContinued(earlier);
  if (against !== undefined) return given('fresh', against);
  if (earlier.fullTokens !== undefined && !(earlier.fullTokens > 0)) {
    const choice = !state.isWarm && costs.compacted !== null ? 'compacted' : 'warm';
    return given(choice, `${state.says}, and how long the conversation is was not noted`);
  }
  const choice = cheapestWay(costs, prices ?? priceRatios);
  return given(choice, reasonFor(choice, reasons));
}

/** The first run of a session, or one that cannot continue it: nothing is known that a cost could be told from. */
function begun(reason: string): Choice {
  const expectedUsd = { warm: null, compacted: null, fresh: null };
  return {
    resumption: { choice: 'fresh', reason: shortened(reason), expectedUsd, expectedCacheRead: 0 },
    isWarm: false,
  };
}

/** The same run after the engine has refused what was chosen: it goes on another way, whatever that costs. */
export function afterRefusal(
  before: Resumption,
  choice: 'warm' | 'fresh',
  { why, expectedCacheRead }: { why: string; expectedCacheRead: number },
): Resumption {
  const refused = `could not be continued (${why.replace(/\.$/, '')})`;
  const reason =
    choice === 'warm'
      ? `the compacted copy ${refused}, so the whole conversation is`
      : `the earlier conversation ${refused}`;
  return { ...before, choice, reason: shortened(reason), expectedCacheRead };
}

function whyNotContinued({ ticket, branch, fullTokens, compactedTokens }: Earlier): string | undefined {
  if (fullTokens === undefined && compactedTokens === undefined)
    return 'nothing of the earlier conversation can be used';
  if (ticket === 'rewritten')
    return 'the ticket was rewritten: the earlier conversation is about another text';
  if (branch === 'gone') return 'the branch does not hold any more what the earlier conversation did';
  return undefined;
}

interface CacheState {
  isWarm: boolean;
  /** Undefined when unknown. */
  ageMs?: number;
  /** In words. */
  says: string;
}

function cacheState({ ageMs, cacheLife, moved }: Earlier): CacheState {
  const cold = (says: string, known?: number) => ({
    isWarm: false,
    says,
    ...(known === undefined ? {} : { ageMs: known }),
  });
  if (ageMs === undefined || !Number.isFinite(ageMs))
    return cold('it is not known when the conversation ended, so the prompt cache counts as expired');
  if (ageMs < -clockSkewMs)
    return cold(
      `the clock of this runner is ${formatAge(-ageMs / 1000)} behind the end of the conversation, so the prompt cache counts as expired`,
    );
  const known = Math.max(0, ageMs);
  const age = formatAge(known / 1000);
  if (ageMs + startMs >= cacheLifeMs[cacheLife])
    return cold(`${age} old: the prompt cache has expired`, known);
  if (moved.length > 0)
    return cold(`${moved.join(', ')}, so the prompt cache does not hold the conversation`, known);
  return { isWarm: true, says: `the prompt cache still holds the conversation (${age} old)`, ageMs: known };
}

function costsOf(earlier: Earlier, isWarm: boolean, prices: ModelPrices): WayCosts {
  const { fullTokens, compactedTokens } = earlier;
  const known = fullTokens ?? Math.max(compactedTokens ?? 0, earlier.start.contextTokens);
  const facts = { ...earlier, prices, isWarm, fullTokens: known };
  return {
    warm: fullTokens === undefined ? null : expectedCost('warm', facts),
    compacted: compactedTokens === undefined ? null : expectedCost('compacted', facts),
    fresh: expectedCost('fresh', facts),
  };
}

interface Reasons {
  facts: ResumeFacts;
  state: CacheState;
  costs: WayCosts;
  isInDollars: boolean;
}

const named = {
  warm: 'the whole conversation',
  compacted: 'the compacted copy',
  fresh: 'a new start',
} as const satisfies Record<ResumeChoice, string>;

function reasonFor(choice: ResumeChoice, { facts, state, costs, isInDollars }: Reasons): string {
  // While it is warm there is nothing to compare, unless something else was taken.
  const isPlain = choice === 'warm' && state.isWarm;
  const notes = [
    ...(isInDollars ? [] : [`no prices are known for ${facts.model ?? 'the model'}`]),
    ...(facts.earlier?.isEstimated && !isPlain ? ['sizes are estimated'] : []),
  ];
  const comparison = compared(choice, costs, isInDollars);
  const link = choice !== 'warm' && state.isWarm ? ', but' : ', and';
  const reason = isPlain ? state.says : `${state.says}${link} ${comparison}`;
  return notes.length === 0 ? reason : `${reason} (${notes.join('; ')})`;
}

/** What the chosen way costs, beside the one that a person would think of first. */
function compared(choice: ResumeChoice, costs: WayCosts, isInDollars: boolean): string {
  const other = besides(choice, costs);
  const cost = costs[choice];
  const otherCost = other && costs[other];
  if (cost === null || other === undefined || typeof otherCost !== 'number')
    return `${named[choice]} is what there is`;
  const digits = costDigits([cost, otherCost]);
  const shown = (value: number) =>
    isInDollars ? formatCost(value, digits) : `${formatCount(Math.round(value * 1e6))} input tokens`;
  const verb = `is expected to ${isInDollars ? 'cost' : 'come to'}`;
  return cost < otherCost
    ? `${named[choice]} ${verb} ${shown(cost)} instead of ${shown(otherCost)}${other === 'warm' ? '' : ` for ${named[other]}`}`
    : `${named[choice]} ${verb} ${shown(cost)} and remembers more than ${named[other]} (${shown(otherCost)})`;
}

/** Everybody knows the whole conversation; that one itself is compared with the cheapest of the others. */
function besides(choice: ResumeChoice, costs: WayCosts): ResumeChoice | undefined {
  const others = (['warm', 'compacted', 'fresh'] as const).filter(
    (way) => way !== choice && costs[way] !== null,
  );
  if (others[0] === 'warm') return 'warm';
  return others.sort((a, b) => (costs[a] ?? 0) - (costs[b] ?? 0))[0];
}

/**
 * Tokens that the first request is sure to read from the prompt cache if nothing went wrong. A copy and a new start
 * share tools and system prompt with the conversation, but nobody measured these: what is known as the base holds the
 * instructions of the repository as well, which come after the last marker that all have in common.
 */
export function expectedRead(
  choice: ResumeChoice,
  { earlier, isWarm, prices }: { earlier: Earlier; isWarm: boolean; prices: ModelPrices | undefined },
): number {
  if (!isWarm || choice !== 'warm') return 0;
  const tokens = Math.round(earlier.fullTokens ?? 0);
  return Number.isSafeInteger(tokens) && tokens > 0 && tokens >= (prices?.minimumCacheableTokens ?? 0)
    ? tokens
    : 0;
}

/** A price that is none would make any way look cheap. */
function usable(prices: ModelPrices | undefined): ModelPrices | undefined {
  if (prices === undefined) return undefined;
  const { input, output, cacheWrite5m, cacheWrite1h, cacheRead } = prices;
  const all = [input, output, cacheWrite5m, cacheWrite1h, cacheRead];
  return all.every((price) => price >= 0 && price <= highestPrice) ? prices : undefined;
}

function shortened(reason: string): string {
  return reason.length <= longestReason ? reason : `${reason.slice(0, longestReason - 1).toWellFormed()}…`;
}
