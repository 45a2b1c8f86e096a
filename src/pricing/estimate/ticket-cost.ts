import type { ResumeChoice } from '../../core/session.ts';
import { cacheLifeMs } from '../cache-life.ts';
import { type CostFacts, expectedCost, neededShare } from '../expected-cost.ts';
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

/** Picks the way to go on from the expected cost of each; null for one that there is not. */
export type PickWay = (
  costs: Readonly<Record<ResumeChoice, number | null>>,
  prices: Pick<ModelPrices, 'input'>,
) => ResumeChoice;

/** A copy and a new start know less, so a way that knows more may cost this much more, as a share or in input tokens. */
const wholeOverCopy = 0.5;
const conversationOverFresh = 0.25;
const smallTokens = 10_000;

/** As a run chooses (docs/resume-policy.md), where nothing but the cost speaks for one of them. */
export const asChosen: PickWay = ({ warm, compacted, fresh }, { input }) => {
  const limitOf = (cost: number | null, share: number) =>
    cost === null
      ? Number.POSITIVE_INFINITY
      : Math.max(cost * (1 + share), cost + smallTokens * input * perToken);
  const overFresh = limitOf(fresh, conversationOverFresh);
  if (warm !== null && warm <= Math.min(limitOf(compacted, wholeOverCopy), overFresh)) return 'warm';
  return compacted !== null && compacted <= overFresh ? 'compacted' : 'fresh';
};

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
  pick: PickWay = asChosen,
): TicketCost {
  const { followUps } = parameters;
  const whole = Math.floor(followUps);
  const less = wholeTicketCost(strategy, parameters, whole, prices, pick);
  const share = followUps - whole;
  if (share === 0) return less;
  const more = wholeTicketCost(strategy, parameters, whole + 1, prices, pick);
  const between = (name: keyof TicketCost) => (1 - share) * less[name] + share * more[name];
  return {
    firstUsd: between('firstUsd'),
    followUpsUsd: between('followUpsUsd'),
    copiesUsd: between('copiesUsd'),
    totalUsd: between('totalUsd'),
  };
}

function wholeTicketCost(
  strategy: Strategy,
  parameters: SessionParameters,
  followUps: number,
  prices: ModelPrices,
  pick: PickWay,
): TicketCost {
  const of = (makesCopies: boolean) =>
    costWithCopies(makesCopies, strategy, parameters, followUps, prices, pick);
  const without = of(false);
  if (strategy !== 'dexter') return without;
  const withThem = of(true);
  // Where copies do not pay, one switches them off: `compact-above: 0`.
  return withThem.totalUsd < without.totalUsd ? withThem : without;
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
function costsOf(
  kept: Kept,
  seconds: number,
  parameters: SessionParameters,
  prices: ModelPrices,
): Record<ResumeChoice, number | null> {
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

/** Read again after a compaction, as `expectedCost` has it. */
const rereadTokens = 12_000;

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

/** What a compaction adds to the prompt. */
const instructionTokens = 1900;

/** What a copy of a conversation costs while the conversation is in the prompt cache: it is read, and summed up. */
export function copyUsd(
  fullTokens: number,
  { summaryTokens }: Pick<SessionParameters, 'summaryTokens'>,
  { cacheRead, input, output }: Pick<ModelPrices, 'cacheRead' | 'input' | 'output'>,
): number {
  return (fullTokens * cacheRead + instructionTokens * input + summaryTokens * output) * perToken;
}

/** A conversation, or a copy that has grown, is compacted above this: `compact-above` of the action. */
const compactAbove = 40_000;

/** How likely a run takes the next follow-up to come late: it does not know the gaps. */
const likelyCold = 0.5;

/** Makes a copy where what it is expected to save a follow-up that comes late is more than its cost. */
function withCopy(kept: Kept, parameters: SessionParameters, prices: ModelPrices): Step {
  const nothing = { usd: 0, next: kept };
  if ((kept.compactedTokens ?? kept.fullTokens) <= compactAbove) return nothing;
  const next = { ...kept, compactedTokens: Math.min(kept.fullTokens, parameters.compactedTokens) };
  const usd = copyUsd(kept.fullTokens, parameters, prices);
  const costs = Object.values(costsOf(kept, late, parameters, prices)).filter((cost) => cost !== null);
  const withIt = costsOf(next, late, parameters, prices).compacted ?? 0;
  return likelyCold * (Math.min(...costs) - withIt) > usd ? { usd, next } : nothing;
}

/** After the life of any prompt cache. */
export const late = Number.MAX_SAFE_INTEGER;
