import { z } from 'zod';
import { listPrices } from './find-prices.ts';
import type { ModelPrices, TokenPrices } from './model-prices.ts';

/** The dearest price that is believed: four times that of the dearest model there was. A slip of the comma is more. */
const mostUsd = 1_000;

const range = `must be a number from 0 to ${mostUsd}, in US dollars for a million tokens`;
const Usd = z.number(range).min(0, range).max(mostUsd, range);

function price(description: string) {
  return Usd.optional().meta({ description });
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

/** The longest minimum that the provider documents: nothing is taken for cached that may not be. */
const longestMinimum = 4_096;

/** Before anybody knows that it is prices. */
const Anything = z.record(z.string(), z.unknown());
type Anything = z.infer<typeof Anything>;

const kinds = ['input', 'output', 'cacheWrite5m', 'cacheWrite1h', 'cacheRead'] as const;

/** Which of two prices is never the higher one, and what it would mean if it were. */
const orders: readonly (readonly [keyof TokenPrices, keyof TokenPrices])[] = [
  ['cacheRead', 'input'],
  ['cacheRead', 'cacheWrite5m'],
  ['cacheWrite5m', 'cacheWrite1h'],
];

const modelName = /^[A-Za-z0-9][\w.:@/[\]-]{0,199}$/;

/** Prices by the name of the model, in US dollars for a million tokens. */
export const PriceOverrides = z
  .record(z.string().meta({ pattern: modelName.source }), PriceOverride)
  .superRefine(
    (overrides: unknown, context) => {
      for (const [model, given] of Object.entries(Anything.safeParse(overrides).data ?? {})) {
        if (!modelName.test(model)) {
          context.addIssue({
            code: 'custom',
            path: [model],
            message: 'is not the name of a model, such as `claude-sonnet-4-5`',
          });
        }
        for (const { field, message } of problemsOf(model, Anything.safeParse(given).data)) {
          context.addIssue({ code: 'custom', path: [model, field], message });
        }
      }
    },
    // Also where something else is wrong, so that all is told at once: what is looked at may be anything.
    { when: () => true },
  )
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

/** What is wrong with the prices of a model as they stand to each other; one that is wrong by itself is not compared. */
function problemsOf(model: string, given: Anything | undefined): { field: string; message: string }[] {
  if (given === undefined) return [];
  const prices: Anything = { ...listPrices(model), ...set(given) };
  const lacking = kinds
    .filter((kind) => prices[kind] === undefined)
    .map((field) => ({ field, message: 'is not set, and the price list does not know this model' }));
  const disordered = orders.flatMap(([lower, higher]) => {
    const [low, high] = [Usd.safeParse(prices[lower]).data, Usd.safeParse(prices[higher]).data];
    if (low === undefined || high === undefined || low <= high) return [];
    const [field, is, other, than] =
      given[lower] === undefined ? [higher, 'is below', lower, low] : [lower, 'is above', higher, high];
    const where = given[other] === undefined ? ' of the price list' : '';
    return [{ field, message: `${is} \`${other}\`${where}, which is ${than}` }];
  });
  return [...lacking, ...disordered];
}

function set<Value>(given: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function isComplete<Row extends Partial<TokenPrices>>(row: Row): row is Row & TokenPrices {
  return kinds.every((kind) => row[kind] !== undefined);
}
