import type { Task } from '../model/task.ts';

/** What people write in the story, without the name of the bot. */
export const instructions = {
  plan: 'plan',
  onTicket: 'implement this',
  onPullRequest: 'add tests for the rounding and for several coupons in one cart',
} as const;

const coupons = `import type { Cents } from './money.ts';

/** Takes a fixed amount off, or a part of what is left: whole percent, from 1 to 100. */
export type Coupon =
  | { code: string; kind: 'amount'; off: Cents }
  | { code: string; kind: 'percentage'; percent: number };

const coupons: readonly Coupon[] = [
  { code: 'WELCOME5', kind: 'amount', off: 500 },
  { code: 'SORRY20', kind: 'amount', off: 2000 },
  { code: 'SUMMER10', kind: 'percentage', percent: 10 },
];

/** Finds a coupon by what the customer typed: upper or lower case, with spaces around it. */
export function findCoupon(typed: string): Coupon | undefined {
  const code = typed.trim().toUpperCase();
  return coupons.find((coupon) => coupon.code === code);
}
`;

const discounts = `import type { Coupon } from './coupons.ts';
import type { Cents } from './money.ts';

/** What one coupon takes off. */
export type Discount = { code: string; off: Cents };

/**
 * What coupons take off a subtotal, in the order in which they count: first those with an amount, then the
 * percentages, each of what is left. A coupon counts once, and together they never take off more than there
 * is.
 */
export function applyCoupons(subtotal: Cents, coupons: readonly Coupon[]): Discount[] {
  const amounts = coupons.filter((coupon) => coupon.kind === 'amount');
  const percentages = coupons.filter((coupon) => coupon.kind === 'percentage');
  const discounts: Discount[] = [];
  let rest = subtotal;
  for (const coupon of [...amounts, ...percentages]) {
    if (discounts.some((discount) => discount.code === coupon.code)) continue;
    const off = coupon.kind === 'amount' ? Math.min(coupon.off, rest) : percentOf(rest, coupon.percent);
    discounts.push({ code: coupon.code, off });
    rest -= off;
  }
  return discounts;
}

/** A part of an amount in whole cents; half a cent goes to the customer. */
function percentOf(amount: Cents, percent: number): Cents {
  return Math.round((amount * percent) / 100);
}
`;

const discountTests = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Coupon } from '../src/coupons.ts';
import { applyCoupons } from '../src/discounts.ts';

const five: Coupon = { code: 'FIVE', kind: 'amount', off: 500 };
const twenty: Coupon = { code: 'TWENTY', kind: 'amount', off: 2000 };
const tenPercent: Coupon = { code: 'TEN', kind: 'percentage', percent: 10 };

test('a coupon takes its amount off', () => {
  assert.deepEqual(applyCoupons(3998, [five]), [{ code: 'FIVE', off: 500 }]);
});

test('coupons never take off more than there is', () => {
  assert.deepEqual(applyCoupons(2300, [twenty, five]), [
    { code: 'TWENTY', off: 2000 },
    { code: 'FIVE', off: 300 },
  ]);
});

test('a coupon counts once', () => {
  assert.deepEqual(applyCoupons(3998, [five, five]), [{ code: 'FIVE', off: 500 }]);
});

test('a percentage is taken of what is left after the amounts, whatever was entered first', () => {
  assert.deepEqual(applyCoupons(3497, [tenPercent, five]), [
    { code: 'FIVE', off: 500 },
    { code: 'TEN', off: 300 },
  ]);
});
`;

const moreDiscountTests = `${discountTests}
const percentage = (percent: number): Coupon => ({ code: String(percent), kind: 'percentage', percent });

const roundings = [
  { subtotal: 2994, percent: 10, off: 299, why: 'less than half a cent is dropped' },
  { subtotal: 2995, percent: 10, off: 300, why: 'half a cent goes to the customer' },
  { subtotal: 2996, percent: 10, off: 300, why: 'more than half a cent is rounded up' },
  { subtotal: 1, percent: 10, off: 0, why: 'a tenth of a cent is nothing' },
  { subtotal: 1, percent: 50, off: 1, why: 'half of a cent is a cent' },
  { subtotal: 3498, percent: 100, off: 3498, why: 'everything is everything' },
  { subtotal: 0, percent: 10, off: 0, why: 'nothing stays nothing' },
];

for (const { subtotal, percent, off, why } of roundings) {
  test(percent + ' % of ' + subtotal + ' cents: ' + why, () => {
    assert.deepEqual(applyCoupons(subtotal, [percentage(percent)]), [{ code: String(percent), off }]);
  });
}

test('several percentages are taken one after the other, each of what is left', () => {
  assert.deepEqual(applyCoupons(10_000, [percentage(10), percentage(50)]), [
    { code: '10', off: 1000 },
    { code: '50', off: 4500 },
  ]);
});

test('a percentage of nothing left is nothing', () => {
  assert.deepEqual(applyCoupons(500, [tenPercent, five]), [
    { code: 'FIVE', off: 500 },
    { code: 'TEN', off: 0 },
  ]);
});
`;

const couponTests = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cart } from '../src/cart.ts';
import { findCoupon } from '../src/coupons.ts';

test('SUMMER10 takes ten percent off', () => {
  assert.deepEqual(findCoupon(' summer10 '), { code: 'SUMMER10', kind: 'percentage', percent: 10 });
});

test('a cart with an amount and a percentage costs what the ticket says', () => {
  const cart = new Cart();
  cart.add('MUG', 2);
  cart.add('TEA');
  cart.enter('SUMMER10');
  cart.enter('WELCOME5');
  assert.deepEqual(cart.totals(), {
    subtotal: 3497,
    discounts: [
      { code: 'WELCOME5', off: 500 },
      { code: 'SUMMER10', off: 300 },
    ],
    shipping: 490,
    total: 3187,
  });
});

test('the same coupon entered twice counts once', () => {
  const cart = new Cart();
  cart.add('POT');
  cart.enter('SUMMER10');
  cart.enter('summer10');
  assert.deepEqual(cart.totals().discounts, [{ code: 'SUMMER10', off: 345 }]);
});
`;

/**
 * What the simulated model does for the two commands of the story. The code is real: the tests apply it to
 * the repository of the demo and run what is in there.
 */
export const tasks: Task[] = [
  {
    match: /^Make a plan\b/,
    needs: ['README.md', 'src/coupons.ts', 'src/discounts.ts', 'src/cart.ts', 'test/discounts.test.ts'],
    edits: [],
    run: [],
    answer: `1. \`src/coupons.ts\`: a coupon takes off either an amount or a percentage; \`SUMMER10\` becomes one of 10 %.
2. \`src/discounts.ts\`: amounts count first, then the percentages, each of what is left, rounded to whole cents.
3. \`test/discounts.test.ts\`: the order of the two kinds, and the rounding of half a cent.

The receipt and the shipping need no change. Nothing has to be decided first.`,
  },
  {
    match: /\bimplement\b/i,
    needs: ['README.md', 'src/coupons.ts', 'src/discounts.ts', 'src/cart.ts', 'test/discounts.test.ts'],
    edits: [
      { path: 'src/coupons.ts', content: coupons },
      { path: 'src/discounts.ts', content: discounts },
      { path: 'test/discounts.test.ts', content: discountTests },
    ],
    run: ['npm test'],
    answer: `Coupons can now take a percentage off, and \`SUMMER10\` does.

- \`src/coupons.ts\`: a coupon takes off either an amount or a percentage.
- \`src/discounts.ts\`: amounts count first, then percentages, each of what is left; half a cent goes to the customer.
- \`test/discounts.test.ts\`: a test for the order of the two kinds.

The receipt needed no change: it prints what the discounts say. {tests}`,
  },
  {
    match: /\badd\b.*\btests?\b/is,
    needs: ['src/coupons.ts', 'src/discounts.ts', 'src/cart.ts', 'test/discounts.test.ts'],
    edits: [
      { path: 'test/discounts.test.ts', content: moreDiscountTests },
      { path: 'test/coupons.test.ts', content: couponTests },
    ],
    run: ['npm test'],
    answer: `I added tests for what you asked about; the code did not have to change.

- \`test/discounts.test.ts\`: seven cases of rounding, several percentages in a row, and a percentage of nothing.
- \`test/coupons.test.ts\`: the example of the ticket, and a coupon that is entered twice.

{tests}`,
  },
];
