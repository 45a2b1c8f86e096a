import { describe, expect, it } from 'vitest';
import { formatSince, plain, plainJson, table } from '../../src/cli/plain-text.ts';

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
