import type { Cents } from './money.ts';

/** Takes a fixed amount off. */
export type Coupon = { code: string; kind: 'amount'; off: Cents };

const coupons: readonly Coupon[] = [
  { code: 'WELCOME5', kind: 'amount', off: 500 },
  { code: 'SORRY20', kind: 'amount', off: 2000 },
];

/** Finds a coupon by what the customer typed: upper or lower case, with spaces around it. */
export function findCoupon(typed: string): Coupon | undefined {
  const code = typed.trim().toUpperCase();
  return coupons.find((coupon) => coupon.code === code);
}
