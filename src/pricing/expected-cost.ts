import type { ResumeChoice } from '../core/session.ts';
import type { ModelPrices } from './model-prices.ts';

/** What is known of a session when it is asked what going on with it would cost. All sizes are tokens. */
export interface CostFacts {
  prices: ModelPrices;
  /** How long the prompt cache keeps what is written. */
  cacheLife: '5m' | '1h';
  /** The earlier requests are still in the prompt cache, for the same prefix. */
  isWarm: boolean;
  /** Tools and system prompt, which every request begins with. */
  baseTokens: number;
  /** The whole conversation with the base. */
  fullTokens: number;
  /** The compacted copy with the base; absent when there is none. */
  compactedTokens?: number | undefined;
  /** Requests that the session's follow-ups take when they know what the conversation knows. */
  requests: number;
  /** What the run that began the conversation came to: a new start would gather a share of it again. */
  start: { contextTokens: number; requests: number };
}

/** Share of what a conversation knows that its next instruction needs: 38 of 55 files on the benchmark. */
export const neededShare = 0.7;

/** Files that are to be edited are read again after a compaction; so are a few more. */
const rereadTokens = 12_000;
export const rereadRequests = 2;

const perToken = 1 / 1_000_000;

/**
 * Expected US dollars of what differs between the ways to go on: bringing the context back, and reading it again with
 * each request. What the instruction itself adds, its output for example, is the same for all and left out.
 */
export function expectedCost(way: ResumeChoice, facts: CostFacts): number {
  const { prices, isWarm, baseTokens, fullTokens, requests, start } = facts;
  const write = (facts.cacheLife === '1h' ? prices.cacheWrite1h : prices.cacheWrite5m) * perToken;
  const read = prices.cacheRead * perToken;
  switch (way) {
    case 'warm':
      return fullTokens * (isWarm ? read : write) + (requests - 1) * fullTokens * read;
    case 'compacted': {
      const tokens = facts.compactedTokens ?? fullTokens;
      const again = Math.min(rereadTokens, Math.max(0, fullTokens - tokens));
      const more = again > 0 ? rereadRequests : 0;
      return (tokens + again) * write + (requests + more - 1) * (tokens + again / 2) * read;
    }
    case 'fresh': {
      const gathered = neededShare * Math.max(0, start.contextTokens - baseTokens);
      const exploring = Math.max(1, neededShare * start.requests);
      const end = baseTokens + gathered;
      return end * write + (exploring * (baseTokens + gathered / 2) + (requests - 1) * end) * read;
    }
  }
}
