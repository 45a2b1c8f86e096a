import { findPrices } from '../../src/pricing/find-prices.ts';
import type { ModelPrices } from '../../src/pricing/model-prices.ts';
import { modelName } from './names.ts';

/** What the meter's tokens cost. Throws when the price list has lost the model. */
export function benchPrices(): ModelPrices {
  const prices = findPrices(modelName);
  if (prices === undefined) throw new Error(`The price list has no ${modelName}`);
  return prices;
}
