import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cart } from '../src/cart.ts';
import { receipt } from '../src/receipt.ts';

test('adding a product again raises its quantity', () => {
  const cart = new Cart();
  cart.add('TEA');
  cart.add('TEA', 2);
  assert.deepEqual(
    cart.lines.map((line) => [line.product.sku, line.quantity]),
    [['TEA', 3]],
  );
});

test('unknown products and odd quantities are refused', () => {
  const cart = new Cart();
  assert.throws(() => cart.add('CAR'), /unknown product: CAR/);
  assert.throws(() => cart.add('TEA', 0), RangeError);
  assert.throws(() => cart.add('TEA', 1.5), RangeError);
});

test('an empty cart costs nothing', () => {
  assert.equal(new Cart().totals().total, 0);
});

test('shipping is free from 50 euros on, after coupons', () => {
  const cart = new Cart();
  cart.add('POT');
  cart.add('MUG', 2);
  assert.equal(cart.totals().shipping, 0);
  cart.enter('SORRY20');
  assert.deepEqual(cart.totals(), {
    subtotal: 6048,
    discounts: [{ code: 'SORRY20', off: 2000 }],
    shipping: 490,
    total: 4538,
  });
});

test('coupons are found however they are typed', () => {
  const cart = new Cart();
  assert.equal(cart.enter(' welcome5 '), true);
  assert.equal(cart.enter('NOPE'), false);
  assert.deepEqual(
    cart.coupons.map((coupon) => coupon.code),
    ['WELCOME5'],
  );
});

test('the receipt lists items, coupons and the total', () => {
  const cart = new Cart();
  cart.add('MUG', 2);
  cart.enter('WELCOME5');
  assert.equal(
    receipt(cart),
    [
      '2 x Mug                           €25.98',
      'Subtotal                          €25.98',
      'Coupon WELCOME5                   -€5.00',
      'Shipping                           €4.90',
      'Total                             €25.88',
    ].join('\n'),
  );
});
