import { describe, expect, it } from 'vitest';
import { type Block, left, right } from '../../../src/cli/estimate/page.ts';
import { terminalPage } from '../../../src/cli/estimate/terminal-page.ts';

const table: Block = {
  kind: 'table',
  head: [left('Way'), right('Price of a month'), right(''), left('Kept in')],
  rows: [
    ['New start', { text: '$1,234.50', notes: [1] }, '', ''],
    ['Full resume each time', '$400.00', '32 %', 'a bucket'],
  ],
};

const shown = (width: number | undefined) => terminalPage([table], { colours: false, width }).slice(0, -1);

describe('a table on a terminal', () => {
  it('is as wide as it needs, where there is room or no terminal', () => {
    const whole = [
      '  Way                    Price of a month            Kept in',
      '  ───────────────────────────────────────────────────────────',
      '  New start                     $1,234.50 [1]',
      '  Full resume each time           $400.00      32 %  a bucket',
    ];
    expect(shown(61)).toEqual(whole);
    expect(shown(undefined)).toEqual(whole);
  });

  it('wraps titles first, then words, and never a number', () => {
    expect(shown(54)).toEqual([
      '                          Price of',
      '  Way                      a month            Kept in',
      '  ────────────────────────────────────────────────────',
      '  New start              $1,234.50 [1]',
      '  Full resume each time    $400.00      32 %  a bucket',
    ]);
    expect(shown(45)).toEqual([
      '                 Price of',
      '  Way             a month            Kept in',
      '  ───────────────────────────────────────────',
      '  New start     $1,234.50 [1]',
      '  Full resume     $400.00      32 %  a bucket',
      '  each time',
    ]);
  });

  it('is shown row by row where no wrapping helps', () => {
    expect(shown(38)).toEqual([
      '  New start',
      '    Price of a month  $1,234.50 [1]',
      '  Full resume each time',
      '    Price of a month  $400.00  32 %',
      '    Kept in           a bucket',
    ]);
  });
});
