import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Viewer } from '../../../src/core/viewer.ts';
import { formTokens } from '../../../src/dashboard/actions/form-tokens.ts';

const maria: Viewer = { name: 'maria', id: 1, scope: [7], isAdministrator: false };
const rob: Viewer = { name: 'rob', id: 2, scope: [7], isAdministrator: false };
const open: Viewer = { name: 'this machine', scope: 'all', isAdministrator: true };

let at = Date.UTC(2026, 0, 29, 10);
const tokens = formTokens('secret', () => new Date(at));

it('is good for the viewer and the purpose that it was made for, in every process of the app', () => {
  const token = tokens.make(maria, 'retry:1');
  const other = formTokens('secret', () => new Date(at));
  expect(other.check(token, maria, 'retry:1')).toEqual({ outcome: 'good', id: expect.any(String) });
  expect(other.check(token, { ...maria, name: 'renamed', scope: [] }, 'retry:1').outcome).toBe('good');
  expect(tokens.check(tokens.make(open, 'ask'), open, 'ask').outcome).toBe('good');
});

it.each([
  ['another viewer', rob, 'retry:1'],
  ['nobody who signed in', open, 'retry:1'],
  ['another purpose', maria, 'retry:2'],
])('is wrong for %s', (_, viewer, purpose) => {
  expect(tokens.check(tokens.make(maria, 'retry:1'), viewer, purpose)).toEqual({ outcome: 'wrong' });
});

it('is wrong under another secret', () => {
  expect(formTokens('other').check(tokens.make(maria, 'ask'), maria, 'ask')).toEqual({ outcome: 'wrong' });
});

it('has an id of its own', () => {
  const ids = [tokens.make(maria, 'ask'), tokens.make(maria, 'ask')].map((token) =>
    tokens.check(token, maria, 'ask'),
  );
  expect(ids[0]).not.toEqual(ids[1]);
});

it('is old after a working day, and wrong when it comes from the future', () => {
  const token = tokens.make(maria, 'ask');
  const made = at;
  at = made + 8 * 3_600_000;
  expect(tokens.check(token, maria, 'ask').outcome).toBe('good');
  at += 1_000;
  expect(tokens.check(token, maria, 'ask')).toEqual({ outcome: 'old' });
  at = made - 6 * 60_000;
  expect(tokens.check(token, maria, 'ask')).toEqual({ outcome: 'wrong' });
  at = made;
});

it('is wrong with any one character changed, and for whatever is none', () => {
  const token = tokens.make(maria, 'ask');
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.';
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.constantFrom(...letters), (index, letter) => {
      fc.pre(token[index] !== letter);
      const changed = token.slice(0, index) + letter + token.slice(index + 1);
      return tokens.check(changed, maria, 'ask').outcome === 'wrong';
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => tokens.check(text, maria, 'ask').outcome === 'wrong'));
  expect(tokens.check(undefined, maria, 'ask')).toEqual({ outcome: 'wrong' });
});
