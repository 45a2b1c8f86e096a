import type { Cart } from './cart.ts';
import { type Cents, formatMoney } from './money.ts';

const width = 40;

/** The receipt of a cart, one line of text for each item, discount and sum. */
export function receipt(cart: Cart): string {
  const { subtotal, discounts, shipping, total } = cart.totals();
  return [
    ...cart.lines.map(({ product, quantity }) => row(`${quantity} x ${product.name}`, product.price * quantity)),
    row('Subtotal', subtotal),
    ...discounts.map(({ code, off }) => row(`Coupon ${code}`, -off)),
    row('Shipping', shipping),
    row('Total', total),
  ].join('\n');
}

function row(label: string, amount: Cents): string {
  const price = formatMoney(amount);
  return label.padEnd(width - price.length) + price;
}
