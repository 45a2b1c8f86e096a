import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { AppError, whyUnreadable } from '../../core/errors.ts';
import type { ModelPrices } from '../../pricing/model-prices.ts';
import { type StoragePrice, storagePrices } from '../../pricing/storage-prices.ts';

/** The price lists with what a file says instead. */
export interface OverriddenPrices {
  models: ModelPrices[];
  storage: readonly StoragePrice[];
}

export const noOverrides: OverriddenPrices = { models: [], storage: storagePrices };

const wanted = 'a number from 0 to 1000000, in US dollars';
const usd = z.number(wanted).min(0, wanted).max(1_000_000, wanted);

const StorageRates = z
  .partialRecord(
    z.enum(
      [
        'GB-month',
        '1,000 PUT',
        '1,000 GET',
        'GB out',
        'month',
        'hour',
        'IOPS-month',
        'ECU-hour',
        '100,000 commands',
      ],
      'one of `GB-month`, `1,000 PUT`, `1,000 GET`, `GB out`, `month`, `hour`, `IOPS-month`, `ECU-hour`, `100,000 commands`',
    ),
    usd,
  )
  .refine((rates) => Object.keys(rates).length > 0, 'at least one price');

const ModelRates = z.strictObject({
  input: usd,
  output: usd,
  cacheWrite5m: usd,
  cacheWrite1h: usd,
  cacheRead: usd,
});

const PricesFile = z.strictObject({
  models: z.record(z.string().min(1).max(200), ModelRates).default({}),
  storage: z.record(z.string(), StorageRates).default({}),
});

/**
 * Reads prices of models, in US dollars for a million tokens, and of storage, by its id and what is charged for.
 * @throws AppError `input-invalid` that names everything that is wrong with the file.
 */
export async function readPrices(path: string): Promise<OverriddenPrices> {
  const invalid = (what: string, cause?: unknown) =>
    new AppError('input-invalid', {
      message: `--prices ${path}: ${what}`,
      hint: 'Write it like this:\nmodels:\n  claude-sonnet-4-5: { input: 3, output: 15, cacheWrite5m: 3.75, cacheWrite1h: 6, cacheRead: 0.3 }\nstorage:\n  s3-standard: { GB-month: 0.021, GB out: 0 }',
      cause,
    });
  let content: unknown;
  try {
    content = parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw invalid(whyUnreadable(error), error);
  }
  const parsed = PricesFile.safeParse(content ?? {});
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path: at, message }) => `\`${at.join('.')}\`: ${message}`);
    throw invalid(problems.join('; '));
  }
  const { models, storage } = parsed.data;
  const unknown = Object.keys(storage).filter((id) => !storagePrices.some((price) => price.id === id));
  if (unknown.length > 0)
    throw invalid(
      `there is no storage ${unknown.map((id) => `\`${id}\``).join(', ')}. Known: ${storagePrices.map(({ id }) => id).join(', ')}.`,
    );
  return {
    models: Object.entries(models).map(([model, rates]) => ({
      model,
      ...rates,
      minimumCacheableTokens: 4096,
      source: `your own (${path})`,
      date: '',
      isOverride: true as const,
    })),
    storage: storagePrices.map((price) => {
      const rates = storage[price.id];
      if (!rates) return price;
      const { remark: _, ...rest } = price;
      return { ...rest, rates: { ...price.rates, ...rates }, source: `your own (${path})`, date: '' };
    }),
  };
}
