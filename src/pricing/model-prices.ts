/** US dollars for a million tokens, by kind. */
export interface TokenPrices {
  input: number;
  output: number;
  /** Writing to the prompt cache for five minutes. */
  cacheWrite5m: number;
  /** Writing to the prompt cache for an hour. */
  cacheWrite1h: number;
  cacheRead: number;
}

/** What a model's tokens cost, and from how many on a prefix is cached. */
export interface ModelPrices extends TokenPrices {
  /** Name as the API takes it, without a date: `claude-sonnet-4-5`. */
  model: string;
  /** What all tokens of a request cost instead whose prompt, cached or not, is longer than this. */
  longPrompt?: TokenPrices & { aboveTokens: number };
  /** A shorter prefix is not cached, without an error. */
  minimumCacheableTokens: number;
  /** Where the figures stand, and the day on which they were read there. */
  source: string;
  date: string;
  /** What is not as sure as the rest. */
  note?: string;
  /** Given by whoever runs Dexter, and not a list price. */
  isOverride?: true;
}

/** The provider's price list and, for the minimum lengths, https://platform.claude.com/docs/en/build-with-claude/prompt-caching */
const priceList = {
  source: 'https://platform.claude.com/docs/en/about-claude/pricing',
  date: '2026-10-09',
} as const;

/** The list that the CLI brings along and reckons with, for what the price list has no more or not yet. */
const cliList = {
  source: 'https://www.npmjs.com/package/@anthropic-ai/claude-code/v/2.1.330',
  date: '2026-11-22',
} as const;

/** Writing costs 1.25 times the input for five minutes and twice for an hour; reading differs by model. */
function tokenPrices(input: number, output: number, cacheRead: number): TokenPrices {
  return { input, output, cacheWrite5m: 1.25 * input, cacheWrite1h: 2 * input, cacheRead };
}

const minimumOfFable51 = 'Minimum of Fable 5.1: its own is not documented yet.';

/** Newest first within each family. A model whose price is not known for sure is left out, and so unknown. */
export const modelPrices: readonly ModelPrices[] = [
  {
    model: 'claude-fable-5-2',
    ...tokenPrices(8, 40, 0.2),
    minimumCacheableTokens: 512,
    ...cliList,
    note: minimumOfFable51,
  },
  { model: 'claude-fable-5-1', ...tokenPrices(10, 50, 0.25), minimumCacheableTokens: 512, ...priceList },
  { model: 'claude-fable-5', ...tokenPrices(10, 50, 1), minimumCacheableTokens: 512, ...priceList },
  {
    model: 'claude-mythos-5-2',
    ...tokenPrices(8, 40, 0.2),
    minimumCacheableTokens: 512,
    ...cliList,
    note: minimumOfFable51,
  },
  { model: 'claude-mythos-5-1', ...tokenPrices(10, 50, 0.25), minimumCacheableTokens: 512, ...priceList },
  { model: 'claude-mythos-5', ...tokenPrices(10, 50, 1), minimumCacheableTokens: 512, ...priceList },

  { model: 'claude-opus-5-5', ...tokenPrices(4, 20, 0.2), minimumCacheableTokens: 512, ...priceList },
  { model: 'claude-opus-5', ...tokenPrices(5, 25, 0.5), minimumCacheableTokens: 512, ...priceList },
  { model: 'claude-opus-4-8', ...tokenPrices(5, 25, 0.5), minimumCacheableTokens: 1024, ...priceList },
  { model: 'claude-opus-4-7', ...tokenPrices(5, 25, 0.5), minimumCacheableTokens: 2048, ...priceList },
  { model: 'claude-opus-4-6', ...tokenPrices(5, 25, 0.5), minimumCacheableTokens: 4096, ...priceList },
  { model: 'claude-opus-4-5', ...tokenPrices(5, 25, 0.5), minimumCacheableTokens: 4096, ...priceList },
  { model: 'claude-opus-4-1', ...tokenPrices(15, 75, 1.5), minimumCacheableTokens: 1024, ...priceList },
  { model: 'claude-opus-4', ...tokenPrices(15, 75, 1.5), minimumCacheableTokens: 1024, ...priceList },

  { model: 'claude-sonnet-5-5', ...tokenPrices(2, 10, 0.1), minimumCacheableTokens: 512, ...priceList },
  { model: 'claude-sonnet-5', ...tokenPrices(2, 10, 0.2), minimumCacheableTokens: 1024, ...priceList },
  { model: 'claude-sonnet-4-6', ...tokenPrices(3, 15, 0.3), minimumCacheableTokens: 1024, ...priceList },
  { model: 'claude-sonnet-4-5', ...tokenPrices(3, 15, 0.3), minimumCacheableTokens: 1024, ...priceList },
  { model: 'claude-sonnet-4', ...tokenPrices(3, 15, 0.3), minimumCacheableTokens: 1024, ...priceList },
  { model: 'claude-3-7-sonnet', ...tokenPrices(3, 15, 0.3), minimumCacheableTokens: 1024, ...cliList },
  { model: 'claude-3-5-sonnet', ...tokenPrices(3, 15, 0.3), minimumCacheableTokens: 1024, ...cliList },

  {
    model: 'claude-haiku-5-5',
    ...tokenPrices(0.1, 0.5, 0.01),
    longPrompt: { aboveTokens: 100_000, ...tokenPrices(0.5, 2.5, 0.05) },
    minimumCacheableTokens: 512,
    ...priceList,
  },
  { model: 'claude-haiku-4-5', ...tokenPrices(1, 5, 0.1), minimumCacheableTokens: 4096, ...priceList },
  { model: 'claude-3-5-haiku', ...tokenPrices(0.8, 4, 0.08), minimumCacheableTokens: 2048, ...priceList },
];

/** US dollars for each search that the provider makes for the model, with the source of the price list. */
export const webSearchUsd = 0.01;
