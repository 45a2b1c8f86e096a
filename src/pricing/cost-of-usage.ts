import type { Usage } from '../core/report.ts';
import type { ModelPrices, TokenPrices } from './model-prices.ts';

const perToken = 1 / 1_000_000;

/** US dollars of tokens, not rounded. For tokens of several requests together the prices of short prompts are meant. */
export function costOfUsage(usage: Usage, prices: TokenPrices): number {
  const hour = Math.min(usage.cacheWriteHourTokens ?? 0, usage.cacheWriteTokens);
  const dollarsOfMillion =
    usage.inputTokens * prices.input +
    usage.cacheReadTokens * prices.cacheRead +
    (usage.cacheWriteTokens - hour) * prices.cacheWrite5m +
    hour * prices.cacheWrite1h +
    usage.outputTokens * prices.output;
  return dollarsOfMillion * perToken;
}

/** US dollars of one request, which is dearer with some models when its prompt is long. */
export function costOfRequest(usage: Usage, prices: ModelPrices): number {
  const prompt = usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;
  return costOfUsage(usage, pricesOfPrompt(prices, prompt));
}

/** What the tokens of a request cost whose prompt has so many, cached or not. */
export function pricesOfPrompt(prices: ModelPrices, promptTokens: number): TokenPrices {
  const { longPrompt } = prices;
  return longPrompt !== undefined && promptTokens > longPrompt.aboveTokens ? longPrompt : prices;
}
