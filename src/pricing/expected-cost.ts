import type { ResumeChoice } from '../core/session.ts';
import type { ModelPrices, TokenPrices } from './model-prices.ts';

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
export const rereadTokens = 12_000;
export const rereadRequests = 2;

/** What the model writes to read one thing more: a tool call, and a sentence before some of them. */
const outputPerReading = 150;

/** Requests of a follow-up that knows its way, where the session has none to tell of: as on the benchmark. */
export const usualRequests = 4;

const perToken = 1 / 1_000_000;

/**
 * Expected US dollars of what differs between the ways to go on: bringing the context back, and reading it again with
 * each request. What the instruction itself adds, its output for example, is the same for all and left out.
 *
 * With `w` for writing a token to the cache and `r` for reading it, `R` requests, the base `B`, and `f = r` while the
 * cache holds the earlier requests, else `w`:
 * - `warm`: the whole conversation `N` is brought once and read by each later request: `N f + (R - 1) N r`.
 * - `compacted`: the base, which the copy `S` shares with the conversation, is brought once. The rest of it is written,
 *   and so is what is read again, `A`: `B f + (S - B + A) w + (R + 1) (S + A / 2) r` with two more requests, because
 *   the files come in one after another.
 * - `fresh`: a share of what the first run gathered is gathered again, `G`, in as large a share `E` of its requests:
 *   `B f + G w + E (B + G / 2) r + (R - 1) (B + G) r`.
 *
 * Each further reading costs its output as well. A size that is no size (negative, not finite) counts as 0.
 */
export function expectedCost(way: ResumeChoice, facts: CostFacts): number {
  const full = size(facts.fullTokens);
  const requests = Math.max(1, size(facts.requests));
  switch (way) {
    case 'warm': {
      const { brought, read } = ratesOf(facts, full);
      return full * brought + (requests - 1) * full * read;
    }
    case 'compacted': {
      const copy = size(facts.compactedTokens ?? full);
      const base = Math.min(copy, size(facts.baseTokens));
      const again = Math.min(rereadTokens, Math.max(0, full - copy));
      const more = again > 0 ? rereadRequests : 0;
      const { brought, read, write, reading } = ratesOf(facts, copy + again);
      const later = (requests + more - 1) * (copy + again / 2) * read;
      return base * brought + (copy - base + again) * write + later + more * reading;
    }
    case 'fresh': {
      const base = size(facts.baseTokens);
      const gathered = neededShare * Math.max(0, size(facts.start.contextTokens) - base);
      const exploring = Math.max(1, neededShare * size(facts.start.requests));
      const { brought, read, write, reading } = ratesOf(facts, base + gathered);
      const later = (exploring * (base + gathered / 2) + (requests - 1) * (base + gathered)) * read;
      return base * brought + gathered * write + later + exploring * reading;
    }
  }
}

interface Rates {
  /** Of a token that the conversation's earlier requests held. */
  brought: number;
  read: number;
  write: number;
  /** Of what the model writes to read one thing more. */
  reading: number;
}

/** US dollars; `tokens` are those of the longest request. */
function ratesOf({ prices, cacheLife, isWarm }: CostFacts, tokens: number): Rates {
  const { longPrompt } = prices;
  const of: TokenPrices = longPrompt && tokens > longPrompt.aboveTokens ? longPrompt : prices;
  const read = of.cacheRead * perToken;
  const write = (cacheLife === '1h' ? of.cacheWrite1h : of.cacheWrite5m) * perToken;
  return { brought: isWarm ? read : write, read, write, reading: outputPerReading * of.output * perToken };
}

/** The median of what the session's follow-ups took; runs that got no answer say nothing. */
export function requestsOf(followUps: readonly number[]): number {
  const sorted = followUps.filter((count) => size(count) > 0).sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return low === undefined || high === undefined ? usualRequests : (low + high) / 2;
}

function size(tokens: number): number {
  return Number.isFinite(tokens) ? Math.max(0, tokens) : 0;
}
