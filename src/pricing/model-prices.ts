/** What a model's tokens cost, in US dollars for a million tokens, and from how many on a prefix is cached. */
export interface ModelPrices {
  /** Name as the API takes it, without a date: `claude-sonnet-4-5`. */
  model: string;
  input: number;
  output: number;
  /** Writing to the prompt cache for five minutes. */
  cacheWrite5m: number;
  /** Writing to the prompt cache for an hour. */
  cacheWrite1h: number;
  cacheRead: number;
  /** A shorter prefix is not cached, without an error. */
  minimumCacheableTokens: number;
  /** Where the figures stand, and the day on which they were read there. */
  source: string;
  date: string;
}
