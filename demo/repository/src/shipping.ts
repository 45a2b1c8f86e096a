import type { Cents } from './money.ts';

const flatRate: Cents = 490;
const freeFrom: Cents = 5000;

/** Shipping costs nothing from 50 euros on; what counts is what the customer pays for the goods. */
export function shippingFor(goods: Cents): Cents {
  return goods === 0 || goods >= freeFrom ? 0 : flatRate;
}
