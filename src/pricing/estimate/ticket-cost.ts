import type { ResumeChoice } from '../../core/session.ts';
import { cacheLifeMs } from '../cache-life.ts';
import { cheapestWay, type WayCosts } from '../cheapest-way.ts';
import { compactionCost, defaultCompactAbove, doesCopyPay } from '../compaction-cost.ts';
import { type CostFacts, expectedCost, neededShare, rereadTokens } from '../expected-cost.ts';
import type { ModelPrices } from '../model-prices.ts';
import type { Gap } from './gaps.ts';

/** What a ticket's conversation comes to. All sizes are tokens; every run of a ticket counts. */
export interface SessionParameters {
  /** Follow-ups of each ticket; a mean need not be whole. */
  followUps: number;
  gaps: readonly Gap[];
  cacheLife: '5m' | '1h';
  /** Tools and system prompt. */
  baseTokens: number;
  /** What the first run reads: ticket and code. */
  taskTokens: number;
  /** A compacted copy with its base. */
  compactedTokens: number;
  /** What the model writes to make one. */
  summaryTokens: number;
  /** Requests of the first run, which finds its way. */
  firstRequests: number;
  /** Requests of a follow-up that knows its way. */
  requests: number;
  /** What each follow-up brings with it: the instruction, what changed, the files that are new to it. */
  newTokens: number;
  /** What the model writes in each run. */
  outputTokens: number;
}

/** `cold`: each run a new start; `full`: the whole conversation each time; `dexter`: what costs least, copies included. */
export const strategies = ['cold', 'full', 'dexter'] as const;
export type Strategy = (typeof strategies)[number];

/** Expected US dollars of one ticket. */
export interface TicketCost {
  firstUsd: number;
  /** All follow-ups together, without copies. */
  followUpsUsd: number;
  /** The compacted copies that were made at the end of runs, also of those that nobody came back to. */
  copiesUsd: number;
  totalUsd: number;
}

const perToken = 1e-6;

/** Picks the way to go on: as a run does (docs/resume-policy.md), unless told otherwise. */
export type PickWay = typeof cheapestWay;

/** What is kept of a ticket between its runs. */
interface Kept {
  fullTokens: number;
  compactedTokens?: number;
}

interface Step {
  usd: number;
  next: Kept;
}

/**
 * Expected cost of a ticket under a strategy. Each follow-up comes after one of the gaps, independently of the others.
 * A fraction of a follow-up is that share of the tickets having one more.
 */
export function ticketCost(
  strategy: Strategy,
  parameters: SessionParameters,
  prices: ModelPrices,
  pick: PickWay = cheapestWay,
): TicketCost {
  const without = meanTicketCost(false, strategy, parameters, prices, pick);
  if (strategy !== 'dexter') return without;
  const withThem = meanTicketCost(true, strategy, parameters, prices, pick);
  // Where copies do not pay, one switches them off for all tickets: `compact-above: 0`.
  return withThem.totalUsd < without.totalUsd ? withThem : without;
}

/**
 * Share of follow-ups that has to come after the cache's life for compacted copies to pay: 0 when they do without any,
 * null when they do not even where all come late.
 */
export function lateShareForCopies(
  parameters: SessionParameters,
  prices: ModelPrices,
  pick: PickWay = cheapestWay,
): number | null {
  const doPay = (share: number) => {
    const gaps = [
      { seconds: 0, share: 1 - share },
      { seconds: late, share },
    ];
    return ticketCost('dexter', { ...parameters, gaps }, prices, pick).copiesUsd > 0;
  };
  if (doPay(0)) return 0;
  if (!doPay(1)) return null;
  let [no, yes] = [0, 1];
  while (yes - no > 1e-4) {
    const middle = (no + yes) / 2;
    if (doPay(middle)) yes = middle;
    else no = middle;
  }
  return yes;
}

function meanTicketCost(
  makesCopies: boolean,
  strategy: Strategy,
  parameters: SessionParameters,
  prices: ModelPrices,
  pick: PickWay,
): TicketCost {
  const of = (followUps: number) =>
    costWithCopies(makesCopies, strategy, parameters, followUps, prices, pick);
  const whole = Math.floor(parameters.followUps);
  const less = of(whole);
  const share = parameters.followUps - whole;
  if (share === 0) return less;
  const more = of(whole + 1);
  const between = (name: keyof TicketCost) => (1 - share) * less[name] + share * more[name];
  return {
    firstUsd: between('firstUsd'),
    followUpsUsd: between('followUpsUsd'),
    copiesUsd: between('copiesUsd'),
    totalUsd: between('totalUsd'),
  };
}

function costWithCopies(
  makesCopies: boolean,
  strategy: Strategy,
  parameters: SessionParameters,
  followUps: number,
  prices: ModelPrices,
  pick: PickWay,
): TicketCost {
  const { gaps } = parameters;
  const firstUsd = firstRunUsd(parameters, prices);
  const begun: Kept = { fullTokens: parameters.baseTokens + parameters.taskTokens };
  const seen = new Map<string, { followUpsUsd: number; copiesUsd: number }>();

  const from = (done: number, kept: Kept): { followUpsUsd: number; copiesUsd: number } => {
    const key = `${done} ${kept.fullTokens} ${kept.compactedTokens ?? ''}`;
    const known = seen.get(key);
    if (known) return known;
    const copied = makesCopies ? withCopy(kept, parameters, prices) : { usd: 0, next: kept };
    const sum = { followUpsUsd: 0, copiesUsd: copied.usd };
    if (done < followUps) {
      for (const gap of gaps) {
        const step = followUp(strategy, copied.next, gap, parameters, prices, pick);
        const rest = from(done + 1, step.next);
        sum.followUpsUsd += gap.share * (step.usd + rest.followUpsUsd);
        sum.copiesUsd += gap.share * rest.copiesUsd;
      }
    }
    seen.set(key, sum);
    return sum;
  };

  const { followUpsUsd, copiesUsd } = from(0, begun);
  return { firstUsd, followUpsUsd, copiesUsd, totalUsd: firstUsd + followUpsUsd + copiesUsd };
}

export function isWarmAfter(seconds: number, cacheLife: SessionParameters['cacheLife']): boolean {
  return seconds * 1000 < cacheLifeMs[cacheLife];
}

/** The first run gathers all of what it needs, where a new start later gathers a share: so it is a larger new start. */
function firstRunUsd(parameters: SessionParameters, prices: ModelPrices): number {
  const { baseTokens, taskTokens, firstRequests, outputTokens } = parameters;
  const facts: CostFacts = {
    ...factsOf({ fullTokens: baseTokens + taskTokens }, false, parameters, prices),
    requests: 1,
    start: { contextTokens: baseTokens + taskTokens / neededShare, requests: firstRequests / neededShare },
  };
  return expectedCost('fresh', facts) + outputTokens * prices.output * perToken;
}

function factsOf(kept: Kept, isWarm: boolean, parameters: SessionParameters, prices: ModelPrices): CostFacts {
  const { cacheLife, baseTokens, taskTokens, requests, firstRequests } = parameters;
  return {
    prices,
    cacheLife,
    isWarm,
    baseTokens,
    ...kept,
    requests,
    start: { contextTokens: baseTokens + taskTokens, requests: firstRequests },
  };
}

/** What bringing the conversation back costs each way. */
function costsOf(kept: Kept, seconds: number, parameters: SessionParameters, prices: ModelPrices): WayCosts {
  const facts = factsOf(kept, isWarmAfter(seconds, parameters.cacheLife), parameters, prices);
  return {
    warm: expectedCost('warm', facts),
    compacted: kept.compactedTokens === undefined ? null : expectedCost('compacted', facts),
    fresh: expectedCost('fresh', facts),
  };
}

function followUp(
  strategy: Strategy,
  kept: Kept,
  { seconds }: Gap,
  parameters: SessionParameters,
  prices: ModelPrices,
  pick: PickWay,
): Step {
  const costs = costsOf(kept, seconds, parameters, prices);
  const way = {
    cold: () => 'fresh' as const,
    full: () => 'warm' as const,
    dexter: () => pick(costs, prices),
  }[strategy]();
  return {
    usd: (costs[way] ?? 0) + ownUsd(parameters, prices),
    next: keptAfter(way, kept, parameters),
  };
}

/** What the follow-up itself costs, however it goes on. */
function ownUsd(
  { newTokens, outputTokens, cacheLife }: SessionParameters,
  { cacheWrite1h, cacheWrite5m, output }: ModelPrices,
): number {
  const write = cacheLife === '1h' ? cacheWrite1h : cacheWrite5m;
  return (newTokens * write + outputTokens * output) * perToken;
}

/** The CLI compacts a conversation by itself before it is larger. */
function window({ baseTokens, taskTokens }: SessionParameters): number {
  return baseTokens + taskTokens <= 200_000 ? 200_000 : Math.max(1_000_000, baseTokens + taskTokens);
}

function keptAfter(way: ResumeChoice, kept: Kept, parameters: SessionParameters): Kept {
  const { newTokens, baseTokens, taskTokens } = parameters;
  const limit = window(parameters);
  const within = (tokens: number) => Math.min(limit, tokens);
  switch (way) {
    case 'warm':
      // What is new is appended to the copy too, word for word.
      return {
        fullTokens: within(kept.fullTokens + newTokens),
        ...(kept.compactedTokens === undefined
          ? {}
          : { compactedTokens: within(kept.compactedTokens + newTokens) }),
      };
    case 'compacted': {
      const copy = kept.compactedTokens ?? kept.fullTokens;
      const again = Math.min(rereadTokens, Math.max(0, kept.fullTokens - copy));
      return { fullTokens: within(copy + again + newTokens) };
    }
    case 'fresh':
      return { fullTokens: within(baseTokens + neededShare * taskTokens + newTokens) };
  }
}

/** Makes a copy where a run would, with the threshold of the action's default. */
function withCopy(kept: Kept, parameters: SessionParameters, prices: ModelPrices): Step {
  const nothing = { usd: 0, next: kept };
  if ((kept.compactedTokens ?? kept.fullTokens) <= defaultCompactAbove) return nothing;
  const { summaryTokens } = parameters;
  const usd = compactionCost({ contextTokens: kept.fullTokens, summaryTokens, prices });
  const compactedTokens = Math.min(kept.fullTokens, parameters.compactedTokens);
  const pays = doesCopyPay(usd, compactedTokens, factsOf(kept, false, parameters, prices));
  return pays ? { usd, next: { ...kept, compactedTokens } } : nothing;
}

/** After the life of any prompt cache. */
export const late = Number.MAX_SAFE_INTEGER;
