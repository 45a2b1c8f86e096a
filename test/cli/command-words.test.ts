import { expect, it } from 'vitest';
import { colourOf } from '../../src/cli/command-words.ts';

it.each([
  ['running', 'cyan'],
  ['queued', 'yellow'],
  ['waiting', 'yellow'],
  ['done', 'green'],
  ['expired', 'red'],
  ['cancelled', undefined],
  ['constructor', undefined],
])('%s is shown in %s', (state, colour) => {
  expect(colourOf(state)).toBe(colour);
});
