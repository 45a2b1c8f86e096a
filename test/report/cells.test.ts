import { expect, it } from 'vitest';
import { codeInCell } from '../../src/report/cells.ts';

it.each([
  ['|', '`\\|`'],
  ['a\\|b', '`a\\ \\|b`'],
  ['a\\\\|b', '`a\\\\ \\|b`'],
  // What is not shown stands between them no more.
  ['a\\\u0000|b', '`a\\ \\|b`'],
  ['a\\\u200b|b', '`a\\ \\|b`'],
])('writes %j so that it ends no cell', (text, cell) => {
  expect(codeInCell(text)).toBe(cell);
});
