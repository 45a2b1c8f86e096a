import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { githubIssueKey, githubNumberOf, IssueKey, isJiraKey } from '../../src/core/issue-key.ts';

describe('IssueKey', () => {
  it.each(['DX-1', 'DXTR-123', 'A_B2-9', 'gh-1-1', `gh-${'9'.repeat(16)}-9999999999`])(
    'accepts %s',
    (key) => {
      expect(IssueKey.parse(key)).toBe(key);
    },
  );

  it.each([
    '',
    'D-1',
    'dx-1',
    'DX-0',
    'DX-01',
    'DX-',
    'DX-1\n',
    ' DX-1',
    'DX-1-2',
    '1DX-1',
    `${'A'.repeat(31)}-1`,
    'DX-12345678901',
    'DX-1/../../etc',
    'gh-0-1',
    'gh-1-0',
    'gh-1',
    'GH-1-1',
    'gh-01-1',
    'gh-1-1\n',
    'gh-1.5-1',
    'ÄÖ-1',
  ])('refuses %j', (key) => {
    expect(IssueKey.safeParse(key).success).toBe(false);
  });

  it('files the numbers of GitHub under keys of their own', () => {
    const positive = fc.integer({ min: 1, max: 2_147_483_647 });
    fc.assert(
      fc.property(positive, positive, positive, positive, (repository, number, other, another) => {
        const key = githubIssueKey(repository, number);
        expect(isJiraKey(key)).toBe(false);
        expect(githubNumberOf(key)).toBe(number);
        const same = repository === other && number === another;
        expect(key === githubIssueKey(other, another)).toBe(same);
      }),
    );
  });

  it.each([
    [0, 1],
    [1, 0],
    [-1, 1],
    [1, 1.5],
    [Number.NaN, 1],
  ])('has no key for repository %s and number %s', (repository, number) => {
    expect(() => githubIssueKey(repository, number)).toThrow();
  });

  it('tells keys of JIRA from those of GitHub', () => {
    expect(isJiraKey('DX-1')).toBe(true);
    expect(isJiraKey('gh-1-1')).toBe(false);
    expect(githubNumberOf('DX-1')).toBeUndefined();
  });
});
