import type { MessagesRequest } from '../../demo/model/messages.ts';
import { createPromptCache, type InputUsage } from '../../demo/model/prompt-cache.ts';
import type { Usage } from '../../src/core/report.ts';
import { costOfRequest } from '../../src/pricing/cost-of-usage.ts';
import type { ModelPrices } from '../../src/pricing/model-prices.ts';
import { usageOfMessages } from '../../src/prompt-cache/provider-usage.ts';
import type { Conversation } from './conversation.ts';

/** What counts as one position of the provider's look-back: a row of calls or results, or each block. */
export type Reading = 'rows' | 'blocks';
export const readings: readonly Reading[] = ['rows', 'blocks'];

/** One request after its markers were placed. */
export interface Measured {
  usage: Usage;
  /** US dollars of the input: the output costs the same, whatever is marked. */
  dollars: number;
  /** It read less than an earlier one had written of its beginning. */
  missed: boolean;
}

export interface MeasureOptions {
  reading: Reading;
  prices: ModelPrices;
  /** As the meter's own form of usage is told to whoever asked. */
  toUsage?: (usage: InputUsage) => Usage;
}

/** Between two requests, so that no entry grows too old. */
const pauseMs = 10_000;

/** Sends a conversation, marked by a strategy, to an empty prompt cache. Throws where the provider would refuse it. */
export function measure(
  { requests }: Pick<Conversation, 'requests'>,
  mark: (request: MessagesRequest) => MessagesRequest,
  { reading, prices, toUsage = usageOfMessages }: MeasureOptions,
): Measured[] {
  let time = 0;
  const cache = createPromptCache({
    now: () => time,
    rowsAreOne: reading === 'rows',
    blocksAreKept: true,
  });
  let longest = 0;
  return requests.map((request) => {
    time += pauseMs;
    const counted = cache.account(mark(request));
    if ('problem' in counted) throw new Error(counted.problem);
    counted.begin();
    const usage = toUsage(counted.usage);
    const missed = usage.cacheReadTokens < longest;
    longest = Math.max(longest, usage.cacheReadTokens + usage.cacheWriteTokens);
    return { usage, dollars: costOfRequest(usage, prices), missed };
  });
}

/** The first so many requests together. */
export function sum(measured: readonly Measured[], requests = measured.length) {
  const part = measured.slice(0, requests);
  const total = (of: (each: Measured) => number) => part.reduce((all, each) => all + of(each), 0);
  return {
    dollars: total(({ dollars }) => dollars),
    read: total(({ usage }) => usage.cacheReadTokens),
    written: total(({ usage }) => usage.cacheWriteTokens),
    uncached: total(({ usage }) => usage.inputTokens),
    missed: total(({ missed }) => Number(missed)),
  };
}

/**
 * What no placement of markers goes below: all that the request before held is read, all that is new is written, since it
 * is sent again, but for the last request's. For a conversation that only grows.
 */
export function leastDollars(measured: readonly Measured[], prices: ModelPrices): number {
  const million = 1_000_000;
  let before = 0;
  return measured.reduce((dollars, { usage }, index) => {
    const prompt = usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;
    const fresh = prompt - before;
    const price = index === measured.length - 1 ? prices.input : prices.cacheWrite5m;
    const cost = (before * prices.cacheRead + fresh * price) / million;
    before = prompt;
    return dollars + cost;
  }, 0);
}
