import fc from 'fast-check';
import { expect, it } from 'vitest';
import { returnPath } from '../../../src/dashboard/sign-in/return-path.ts';

it.each(['/', '/commands/1', '/commands?page=2&q=a%20b', '/sessions/', '/sign-ins'])(
  'leads to %s',
  (path) => {
    expect(returnPath(path)).toBe(path);
  },
);

it.each([
  undefined,
  '',
  'commands',
  'https://elsewhere.example/',
  'javascript:alert(1)',
  '//elsewhere.example',
  '/\\elsewhere.example',
  '\\\\elsewhere.example',
  '/\t/elsewhere.example',
  '/\n/elsewhere.example',
  '/.//elsewhere.example',
  '/a/..//elsewhere.example',
  ' //elsewhere.example',
  '/sign-in',
  '/sign-in/github?to=/',
  '/sign-out',
  `/${'a'.repeat(3_000)}`,
])('leads to the first page, not to %j', (asked) => {
  expect(returnPath(asked)).toBe('/');
});

it('never leads away from the app', () => {
  const piece = fc.constantFrom(
    '/',
    '\\',
    '.',
    '..',
    '\t',
    '\n',
    '\r',
    ':',
    '@',
    '%2f',
    '%5c',
    'http:',
    'evil.example',
    '?',
    '#',
    ' ',
    'a',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const { origin } = new URL(returnPath(pieces.join('')), 'https://dexter.example/sign-in/callback');
      expect(origin).toBe('https://dexter.example');
    }),
    { numRuns: 5_000 },
  );
});
