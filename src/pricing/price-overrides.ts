import { z } from 'zod';
import { listPrices } from './find-prices.ts';
import type { ModelPrices, TokenPrices } from './model-prices.ts';

/** The dearest price that is believed: four times that of the dearest model there was. A slip of the comma is more. */
const mostUsd = 1_000;

/** Nothing is said of how prices stand to each other before each of them is one. */
const range = {
  error: `must be a number from 0 to ${mostUsd}, in US dollars for a million tokens`,
  abort: true,
};

function price(description: string) {
  return z.number(range.error).min(0, range).max(mostUsd, range).optional().meta({ description });
}

const tokenCount = 'must be a whole number from 1 to 1000000';

const PriceOverride = z.strictObject({
  input: price('Input that is neither read from the prompt cache nor written to it'),
  output: price('Output, thinking included'),
  cacheWrite5m: price('Writing to the prompt cache for five minutes'),
  cacheWrite1h: price('Writing to the prompt cache for an hour'),
  cacheRead: price('Reading from the prompt cache'),
  minimumCacheableTokens: z
    .int(tokenCount)
    .min(1, tokenCount)
    .max(1_000_000, tokenCount)
    .optional()
    .meta({ description: 'Shortest prefix that is cached' }),
});
type PriceOverride = z.infer<typeof PriceOverride>;

/** The longest minimum that the provider documents: nothing is taken for cached that may not be. */
const longestMinimum = 4_096;

const kinds = ['input', 'output', 'cacheWrite5m', 'cacheWrite1h', 'cacheRead'] as const;

/** Which of two prices is never the higher one, and what it would mean if it were. */
const orders: readonly (readonly [keyof TokenPrices, keyof TokenPrices])[] = [
  ['cacheRead', 'input'],
  ['cacheRead', 'cacheWrite5m'],
  ['cacheWrite5m', 'cacheWrite1h'],
];

/** Prices by the name of the model, in US dollars for a million tokens. */
export const PriceOverrides = z
  .record(
    z.string().regex(/^[A-Za-z0-9][\w.:@/[\]-]{0,199}$/, 'the name of a model, such as `claude-sonnet-4-5`'),
    PriceOverride,
  )
  .superRefine((overrides, context) => {
    for (const [model, given] of Object.entries(overrides)) {
      for (const { field, message } of problemsOf(model, given)) {
        context.addIssue({ code: 'custom', path: [model, field], message });
      }
    }
  })
  .meta({
    description:
      'Prices by the name of the model, in US dollars for a million tokens, where they are other than the price list of docs/prices.md: what is left out is as listed there, and a model that is not listed needs all five',
  });
export type PriceOverrides = z.infer<typeof PriceOverrides>;

/** The same as rows of the price table. They say one price for prompts of all lengths. */
export function overridePrices(overrides: PriceOverrides): ModelPrices[] {
  return Object.entries(overrides).flatMap(([model, given]) => {
    const { longPrompt: _, note: __, ...listed } = listPrices(model) ?? {};
    const row = { minimumCacheableTokens: longestMinimum, ...listed, ...set(given) };
    if (!isComplete(row)) return [];
    return [{ ...row, model, source: 'prices', date: '', isOverride: true as const }];
  });
}

function problemsOf(model: string, given: PriceOverride): { field: string; message: string }[] {
  const listed = listPrices(model);
  const prices: Partial<TokenPrices> = { ...listed, ...set(given) };
  const lacking = kinds.filter((kind) => prices[kind] === undefined);
  if (lacking.length > 0) {
    return lacking.map((field) => ({
      field,
      message: 'is not set, and the price list does not know this model',
    }));
  }
  return orders.flatMap(([lower, higher]) => {
    const [low = 0, high = 0] = [prices[lower], prices[higher]];
    if (low <= high) return [];
    const [field, is, other, than] =
      given[lower] === undefined ? [higher, 'is below', lower, low] : [lower, 'is above', higher, high];
    const where = given[other] === undefined ? ' of the price list' : '';
    return [{ field, message: `${is} \`${other}\`${where}, which is ${than}` }];
  });
}

function set(given: PriceOverride): PriceOverride {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function isComplete<Row extends Partial<TokenPrices>>(row: Row): row is Row & TokenPrices {
  return kinds.every((kind) => row[kind] !== undefined);
}
