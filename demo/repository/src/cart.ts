import { findProduct, type Product } from './catalogue.ts';
import { type Coupon, findCoupon } from './coupons.ts';
import { applyCoupons, type Discount } from './discounts.ts';
import { type Cents, sum } from './money.ts';
import { shippingFor } from './shipping.ts';

export type Line = { product: Product; quantity: number };

export type Totals = {
  subtotal: Cents;
  discounts: Discount[];
  shipping: Cents;
  total: Cents;
};

export class Cart {
  readonly lines: Line[] = [];
  readonly coupons: Coupon[] = [];

  /** Adds a product; adding it again raises the quantity. */
  add(sku: string, quantity = 1): void {
    if (!Number.isInteger(quantity) || quantity < 1) throw new RangeError(`not a quantity: ${quantity}`);
    const product = findProduct(sku);
    const line = this.lines.find((candidate) => candidate.product.sku === sku);
    if (line) line.quantity += quantity;
    else this.lines.push({ product, quantity });
  }

  /** Enters a coupon; false when there is no such one. */
  enter(code: string): boolean {
    const coupon = findCoupon(code);
    if (coupon) this.coupons.push(coupon);
    return coupon !== undefined;
  }

  totals(): Totals {
    const subtotal = sum(this.lines.map((line) => line.product.price * line.quantity));
    const discounts = applyCoupons(subtotal, this.coupons);
    const goods = subtotal - sum(discounts.map((discount) => discount.off));
    const shipping = shippingFor(goods);
    return { subtotal, discounts, shipping, total: goods + shipping };
  }
}
