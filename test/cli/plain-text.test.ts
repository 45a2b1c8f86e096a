import { describe, expect, it } from 'vitest';
import { formatSince, plain, plainJson, table, tableFor } from '../../src/cli/plain-text.ts';

describe('plain', () => {
  it.each([
    ['DXTR-1', 'DXTR-1'],
    ['Grüße 🎉', 'Grüße 🎉'],
    ['\u001b[2J', '\\u{1b}[2J'],
    ['a\nb\r', 'a\\u{a}b\\u{d}'],
    ['\u009b31m', '\\u{9b}31m'],
    ['safe\u202etxt.exe', 'safe\\u{202e}txt.exe'],
    ['a\u2028b', 'a\\u{2028}b'],
    ['a\u{e0041}', 'a\\u{e0041}'],
    ['\ud800x', '\\u{d800}x'],
  ])('shows %j as %j', (text, shown) => {
    expect(plain(text)).toBe(shown);
    expect(plain(shown)).toBe(shown);
  });
});

describe('plainJson', () => {
  it('means the same and holds nothing that a terminal obeys', () => {
    const value = { a: 'x\u001b[2J\u202e\u{e0041}\u009b\n', b: [1, 'Grüße 🎉'] };
    const json = plainJson(value);
    expect(JSON.parse(json)).toEqual(value);
    expect(plain(json)).toBe(json);
  });
});

describe('formatSince', () => {
  it('says how long ago something was, and never that it is to come', () => {
    const now = new Date('2026-11-21T12:00:00Z');
    expect(formatSince(new Date('2026-11-21T09:00:00Z'), now)).toBe('3 h ago');
    expect(formatSince(new Date('2026-11-22T09:00:00Z'), now)).toBe('0 s ago');
  });
});

describe('table', () => {
  it('aligns columns by what is shown', () => {
    expect(
      table(
        ['A', 'BB'],
        [
          ['long', '1'],
          ['\t', '22'],
        ],
      ),
    ).toEqual(['A      BB', 'long   1', '\\u{9}  22']);
  });
});

describe('tableFor', () => {
  const head = ['WHEN', 'WHO', 'WHAT', 'SESSION', 'COST'];
  const rows = [
    ['2026-05-04', 'maria', 'add tests for the rounding and for several coupons', 'warm', '$0.03'],
    ['All', '', '2 runs', '', '$12.03'],
  ];

  it('is the table where there is room for it', () => {
    const wide = table(head, rows);
    const room = Math.max(...wide.map((line) => line.length));
    expect(tableFor({ room, foldAt: 3 }, head, rows)).toEqual(wide.map((line) => [line]));
    expect(tableFor({ room: Number.POSITIVE_INFINITY, foldAt: 3 }, head, rows).flat()).toEqual(wide);
    expect(tableFor({ room: room - 1, foldAt: 3 }, head, rows).flat()).not.toEqual(wide);
  });

  it('folds each row where there is not, with the last columns aligned', () => {
    expect(tableFor({ room: 40, foldAt: 3 }, head, rows)).toEqual([
      ['WHEN  WHO  WHAT', '  SESSION  COST'],
      ['2026-05-04  maria  add tests for the', '    rounding and for several coupons', '  warm     $0.03'],
      ['All  2 runs', '           $12.03'],
    ]);
  });

  it('cuts the last column before it folds, as long as enough of it remains', () => {
    const commands = [
      ['done', 'add tests for the rounding 🎉'],
      ['failed', 'stop'],
    ];
    const at = (room: number) => tableFor({ room, foldAt: 1, leastLast: 10 }, ['ENDED', 'WHAT'], commands);
    expect(at(18)).toEqual([['ENDED   WHAT'], ['done    add tests…'], ['failed  stop']]);
    expect(at(36)[1]).toEqual(['done    add tests for the rounding…']);
    expect(at(17)[1]).toEqual(['done', '  add tests for the rounding 🎉']);
  });

  it('shows nothing that a terminal obeys, and lets nobody begin a line', () => {
    const [, row] = tableFor({ room: 10, foldAt: 1 }, ['WHO', 'COST'], [['a\n\u001b[2Jb', '$1']]);
    expect(row).toEqual(['a\\u{a}\\u{1b}[2Jb', '  $1']);
  });
});
