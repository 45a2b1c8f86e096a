import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { branchName, issueKeyInBranch } from '../../src/commands/choose-target.ts';

const git = promisify(execFile);

describe('branchName', () => {
  it.each([
    ['Coupons for the cart', 'dexter/DX-1-coupons-for-the-cart'],
    ['  --Weird.. @{title}~^:?*[\\ .lock', 'dexter/DX-1-weird-title-lock'],
    ['Über Größe & Ångström', 'dexter/DX-1-uber-gro-e-angstrom'],
    ['クーポン', 'dexter/DX-1'],
    ['', 'dexter/DX-1'],
    [`${'a'.repeat(39)} b`, `dexter/DX-1-${'a'.repeat(39)}`],
    ['x'.repeat(100), `dexter/DX-1-${'x'.repeat(40)}`],
  ])('of %j is %s', (title, name) => {
    expect(branchName('DX-1', title)).toBe(name);
  });

  it('is a name that git accepts, whatever the title', async () => {
    const pieces = fc.constantFrom(
      '@{',
      '..',
      '.lock',
      '/',
      '//',
      '~',
      '^',
      ':',
      '\\',
      '-',
      ' ',
      '\u0000',
      'HEAD',
      '@',
    );
    const title = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.array(fc.oneof(pieces, fc.string({ unit: 'grapheme' }))).map((parts) => parts.join('')),
    );
    const key = fc.constantFrom(
      'DX-1',
      `${'A'.repeat(30)}-9999999999`,
      'A_B-1',
      `gh-${'9'.repeat(16)}-9999999999`,
    );
    const names = new Set(fc.sample(fc.tuple(key, title), 400).map(([one, other]) => branchName(one, other)));
    for (const name of names) {
      expect(name).toMatch(/^dexter\/[A-Za-z0-9_-]{1,150}$/);
    }
    const some = [...names].slice(0, 150);
    const accepted = await Promise.all(
      some.map(async (name) => (await git('git', ['check-ref-format', '--branch', name])).stdout.trim()),
    );
    expect(accepted).toEqual(some);
  });
});

describe('issueKeyInBranch', () => {
  const key = fc.oneof(
    fc
      .tuple(fc.stringMatching(/^[A-Z][A-Z0-9_]{1,29}$/), fc.integer({ min: 1 }))
      .map((pair) => pair.join('-')),
    fc.tuple(fc.nat(), fc.nat()).map(([repository, number]) => `gh-${repository}-${number}`),
  );

  it('finds the key of every branch that Dexter names, whatever the title', () => {
    const check = fc.property(
      key,
      fc.string(),
      fc.constantFrom('', '-after-7'),
      (issueKey, title, suffix) => {
        expect(issueKeyInBranch(`${branchName(issueKey, title)}${suffix}`)).toBe(issueKey);
      },
    );
    fc.assert(check);
  });

  it.each(['main', 'DX-1', 'feature/DX-1', 'dexter/coupons', 'dexter/DX-1x', 'dexter/dx-1', 'x/dexter/DX-1'])(
    'finds none in %s',
    (branch) => {
      expect(issueKeyInBranch(branch)).toBeUndefined();
    },
  );
});
