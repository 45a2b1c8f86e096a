import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sameSecret } from '../../src/core/same-secret.ts';

test('secrets are the same exactly when their characters are, whatever their lengths', () => {
  const text = fc.string({ unit: 'grapheme' });
  fc.assert(
    fc.property(text, text, (one, other) => {
      expect(sameSecret(one, one)).toBe(true);
      expect(sameSecret(one, other)).toBe(one === other);
      expect(sameSecret(`${one}x`, one)).toBe(false);
    }),
  );
});

test.each([
  ['', 'secret'],
  ['Secret', 'secret'],
  ['secret ', 'secret'],
  ['secret\0', 'secret'],
  ['ｓecret', 'secret'],
])('%j is not %j', (given, expected) => {
  expect(sameSecret(given, expected)).toBe(false);
});
