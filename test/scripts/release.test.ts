import { describe, expect, it } from 'vitest';
import { sectionOf, withVersion } from '../../scripts/release/changelog.ts';
import { actionPin, callerPins, pinned, pinOf } from '../../scripts/release/pins.ts';
import { isHigher, movingTag, wantedVersion } from '../../scripts/release/version.ts';

const repository = 'https://github.com/dexter-app/dexter';
const commit = 'c0ffee'.padEnd(40, '0');

describe('the version of a release', () => {
  it.each([
    ['major', '1.0.0'],
    ['minor', '0.2.0'],
    ['patch', '0.1.8'],
    ['0.1.9', '0.1.9'],
    ['v0.1.9', undefined],
    ['1.0', undefined],
    ['1.0.0-rc.1', undefined],
    ['01.0.0', undefined],
    ['', undefined],
    ['--force', undefined],
  ])('that is asked for as `%s` after 0.1.7 is %s', (asked, wanted) => {
    expect(wantedVersion('0.1.7', asked)).toBe(wanted);
  });

  it.each([
    ['1.0.0', '0.9.9', true],
    ['1.10.0', '1.9.9', true],
    ['1.0.1', '1.0.0', true],
    ['1.0.0', '1.0.0', false],
    ['1.9.9', '1.10.0', false],
    ['0.9.9', '1.0.0', false],
  ])('%s compared with %s: %s', (version, than, higher) => {
    expect(isHigher(version, than)).toBe(higher);
  });

  it.each([
    ['0.3.0', undefined],
    ['1.0.0', 'v1'],
    ['12.3.4', 'v12'],
  ])('%s moves the tag %s', (version, tag) => {
    expect(movingTag(version)).toBe(tag);
  });
});

describe('the changelog of a release', () => {
  const first = `# Changelog

Words.

## [Unreleased]

### Added

- One thing.
- Another [thing](docs/x.md).

[Unreleased]: ${repository}/commits/main
`;
  const one = { version: '1.0.0', date: '2026-11-22', previous: undefined, repository };

  it('gives what was unreleased the version and the day, and leaves an empty section above it', () => {
    expect(withVersion(first, one)).toEqual({
      outcome: 'released',
      section: '### Added\n\n- One thing.\n- Another [thing](docs/x.md).',
      text: `# Changelog

Words.

## [Unreleased]

## [1.0.0] - 2026-11-22

### Added

- One thing.
- Another [thing](docs/x.md).

[Unreleased]: ${repository}/compare/v1.0.0...main
[1.0.0]: ${repository}/releases/tag/v1.0.0
`,
    });
  });

  it('keeps earlier versions and their links, and compares with the one before', () => {
    const released = withVersion(first, one);
    const text = released.outcome === 'released' ? released.text : '';
    const more = text.replace('## [Unreleased]\n', '## [Unreleased]\n\n### Fixed\n\n- A fault.\n');
    const second = withVersion(more, { ...one, version: '1.0.1', previous: '1.0.0' });
    const after = second.outcome === 'released' ? second.text : '';
    expect(after.match(/^\[.*/gm)).toEqual([
      `[Unreleased]: ${repository}/compare/v1.0.1...main`,
      `[1.0.1]: ${repository}/compare/v1.0.0...v1.0.1`,
      `[1.0.0]: ${repository}/releases/tag/v1.0.0`,
    ]);
    expect(sectionOf(after, '1.0.1')).toBe('### Fixed\n\n- A fault.');
    expect(sectionOf(after, '1.0.0')).toBe('### Added\n\n- One thing.\n- Another [thing](docs/x.md).');
    expect(sectionOf(after, '1.0.2')).toBeUndefined();
    expect(sectionOf(after, 'Unreleased')).toBeUndefined();
  });

  it.each([
    ['nothing unreleased', first.replaceAll(/^- .*\n/gm, ''), 'nothing is listed'],
    ['no such heading', first.replace('[Unreleased]\n', '[Next]\n'), 'has no line'],
    ['a section of that version', first.replace('\n[Unr', '\n## [1.0.0] - 2020-01-01\n\n[Unr'), 'already'],
  ])('is refused with %s', (_, text, reason) => {
    expect(withVersion(text, one)).toEqual({ outcome: 'refused', reason: expect.stringContaining(reason) });
  });
});

describe('a pin', () => {
  const action = 'a:\n  - uses: dexter-app/dexter/action@main # soon\n    with: {}\n';
  const caller = 'uses: dexter-app/dexter/.github/workflows/dexter.yml@main\n';

  it('names the commit, and beside it the version', () => {
    const text = pinned(action, actionPin, commit, 'v1.2.3');
    expect(text).toBe(`a:\n  - uses: dexter-app/dexter/action@${commit} # v1.2.3\n    with: {}\n`);
    expect(pinned(text, actionPin, commit, 'v1.2.4')).toContain(`action@${commit} # v1.2.4\n`);
    expect(pinOf(text, actionPin)).toBe(commit);
    for (const pin of callerPins) expect(pinOf(pinned(caller, pin, commit, 'v1'), pin)).toBe(commit);
  });

  it('is put nowhere else', () => {
    expect(() => pinned(caller, actionPin, commit, 'v1')).toThrow('has 0 lines');
    expect(() => pinned(action + action, actionPin, commit, 'v1')).toThrow('has 2 lines');
    expect(() => pinned(action, actionPin, 'main', 'v1')).toThrow('no full commit id');
    expect(pinOf(action, actionPin)).toBeUndefined();
  });
});
