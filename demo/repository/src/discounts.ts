import type { Coupon } from './coupons.ts';
import type { Cents } from './money.ts';

/** What one coupon takes off. */
export type Discount = { code: string; off: Cents };

/**
 * What coupons take off a subtotal, in the order in which they count. A coupon counts once, and together
 * they never take off more than there is.
 */
export function applyCoupons(subtotal: Cents, coupons: readonly Coupon[]): Discount[] {
  const discounts: Discount[] = [];
  let rest = subtotal;
  for (const coupon of coupons) {
    if (discounts.some((discount) => discount.code === coupon.code)) continue;
    const off = Math.min(coupon.off, rest);
    discounts.push({ code: coupon.code, off });
    rest -= off;
  }
  return discounts;
}
