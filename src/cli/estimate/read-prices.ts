import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { AppError, whyUnreadable } from '../../core/errors.ts';
import type { ModelPrices } from '../../pricing/model-prices.ts';
import { overridePrices, PriceOverrides } from '../../pricing/price-overrides.ts';
import { type StoragePrice, type StorageUnit, storagePrices } from '../../pricing/storage-prices.ts';

/** The price lists with what a file says instead. */
export interface OverriddenPrices {
  models: ModelPrices[];
  storage: readonly StoragePrice[];
}

export const noOverrides: OverriddenPrices = { models: [], storage: storagePrices };

const wanted = 'must be a number from 0 to 1000000, in US dollars';
const usd = z.number(wanted).min(0, wanted).max(1_000_000, wanted);

const units = [
  'GB-month',
  '1,000 PUT',
  '1,000 GET',
  'GB out',
  'month',
  'hour',
  'IOPS-month',
  'ECU-hour',
  '100,000 commands',
] as const satisfies readonly StorageUnit[];

const StorageRates = z
  .partialRecord(z.enum(units), usd)
  .refine((rates) => Object.keys(rates).length > 0, 'must have at least one price');

const storageIds = storagePrices.map(({ id }) => id);

const PricesFile = z.strictObject({
  models: PriceOverrides.default({}),
  storage: z.partialRecord(z.enum(storageIds), StorageRates).default({}),
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
    throw invalid(parsed.error.issues.flatMap(problemsOf).join('; '));
  }
  const { models, storage } = parsed.data;
  return {
    models: overridePrices(models).map((row) => ({ ...row, source: `your own (${path})` })),
    storage: storagePrices.map((price) => {
      const rates = storage[price.id];
      if (!rates) return price;
      const { remark: _, ...rest } = price;
      return { ...rest, rates: { ...price.rates, ...rates }, source: `your own (${path})`, date: '' };
    }),
  };
}

/** In our words, where the library has only its own. */
function problemsOf(issue: z.core.$ZodIssue): string[] {
  const { path, message } = issue;
  const at = path.length === 0 ? '' : `\`${path.join('.')}\`: `;
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => `${at}\`${key}\` is not ${knownAt(path)}`);
    case 'invalid_type':
      return [`${at}${isList(issue.expected) ? 'must be a list of prices by their names' : message}`];
    default:
      return [`${at}${message}`];
  }
}

const isList = (expected: string) => expected === 'record' || expected === 'object';

function knownAt([list, ...within]: readonly PropertyKey[]): string {
  if (list === 'models') return 'a price';
  if (list !== 'storage') return '`models` or `storage`';
  return within.length === 0 ? `one of ${storageIds.join(', ')}` : `one of ${units.join('; ')}`;
}
