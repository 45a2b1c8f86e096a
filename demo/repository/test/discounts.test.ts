import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Coupon } from '../src/coupons.ts';
import { applyCoupons } from '../src/discounts.ts';

const five: Coupon = { code: 'FIVE', kind: 'amount', off: 500 };
const twenty: Coupon = { code: 'TWENTY', kind: 'amount', off: 2000 };

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
