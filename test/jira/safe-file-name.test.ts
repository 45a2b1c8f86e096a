import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeFileName } from '../../src/jira/safe-file-name.ts';

describe('safeFileName', () => {
  it.each([
    ['an ordinary name', 'error log (2).txt', 'error log (2).txt'],
    ['letters of other scripts', 'журнал-日本.log', 'журнал-日本.log'],
    ['a way up', '../../etc/passwd', 'passwd'],
    ['a way up on Windows', '..\\..\\boot.ini', 'boot.ini'],
    ['an absolute path', '/root/.ssh/id_rsa', 'id_rsa'],
    ['only dots', '..', 'attachment'],
    ['a hidden file', '.npmrc', 'npmrc'],
    ['an option', '--config=x.json', 'config=x.json'],
    ['nothing', '', 'attachment'],
    ['control characters', 'a\u0000b\nc\u001b.md', 'ab_c.md'],
    ['a name that reads backwards', 'invoice\u202egnp.exe', 'invoicegnp.exe'],
    ['characters of shells', 'a;rm -rf $HOME`x`|y&z.txt', 'a_rm -rf _HOME_x__y_z.txt'],
    ['a device', 'NUL.txt', '_NUL.txt'],
    ['dots and spaces at the end', 'a.txt. . ', 'a.txt'],
  ])('makes a file name of %s', (_name, given, expected) => {
    expect(safeFileName(given)).toBe(expected);
  });

  it('gives a second file of the same name a number, whatever the case of its letters', () => {
    expect(safeFileName('Log.txt', ['log.txt', 'LOG-2.TXT'])).toBe('Log-3.txt');
  });

  it('cuts a long name before its extension', () => {
    const name = safeFileName(`${'я'.repeat(400)}.json`);
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
    expect(name).toMatch(/^я+\.json$/);
  });

  it('never leaves its directory, and never takes a name twice', () => {
    const piece = fc.constantFrom('..', '/', '\\', '.', '-', ' ', 'a', 'CON', '\u202e', '\u0000', '😀', ':');
    const name = fc.array(fc.oneof(piece, fc.string({ unit: 'binary' }))).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(name, { maxLength: 6 }), (names) => {
        const taken: string[] = [];
        for (const one of names) taken.push(safeFileName(one, taken));
        expect(new Set(taken.map((one) => one.toLowerCase())).size).toBe(names.length);
        for (const one of taken) {
          expect(one).toMatch(/^[^/\\\p{C}:*?"<>|.~-][^/\\\p{C}:*?"<>|]*$/u);
          expect(Buffer.byteLength(one)).toBeLessThan(255);
        }
      }),
    );
  });
});
