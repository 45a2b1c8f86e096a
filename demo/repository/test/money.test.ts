import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatMoney, sum } from '../src/money.ts';

test('writes cents as euros', () => {
  assert.equal(formatMoney(1250), '€12.50');
  assert.equal(formatMoney(5), '€0.05');
  assert.equal(formatMoney(-500), '-€5.00');
  assert.equal(formatMoney(0), '€0.00');
});

test('the sum of nothing is nothing', () => {
  assert.equal(sum([]), 0);
  assert.equal(sum([1299, 899]), 2198);
});
