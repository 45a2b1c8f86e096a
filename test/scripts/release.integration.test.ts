import { spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { actionPin, callerPins, pinOf } from '../../scripts/release/pins.ts';
import { pathForTools } from '../fakes/real-claude.ts';
import { git } from '../fakes/repository.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

const script = join(import.meta.dirname, '../../scripts/release.ts');
const someCommit = 'a'.repeat(40);

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
let clone: string;

beforeEach(async () => {
  place = await temporaryDirectory();
  clone = join(place.path, 'clone');
  const files = {
    'package.json': JSON.stringify({
      name: 'dexter',
      version: '0.1.0',
      scripts: { generate: 'node generate.js', preversion: 'exit 1' },
    }),
    'package-lock.json': JSON.stringify({
      name: 'dexter',
      version: '0.1.0',
      lockfileVersion: 3,
      packages: { '': { name: 'dexter', version: '0.1.0' } },
    }),
    'generate.js': "require('node:fs').writeFileSync('bundle.js', require('./package.json').version);\n",
    'CHANGELOG.md': '# Changelog\n\n## [Unreleased]\n\n- All of it.\n\n[Unreleased]: x\n',
    '.github/workflows/dexter.yml': `steps:\n  - uses: dexter-app/dexter/action@${someCommit} # before\n`,
    ...Object.fromEntries(
      callerPins.map(({ file, path }) => [file, `uses: dexter-app/dexter/${path}@${someCommit} # before\n`]),
    ),
  };
  for (const [file, text] of Object.entries(files)) await write(file, text);
  await git(clone, 'init', '--quiet', '--initial-branch=main');
  // What the script runs is a person's git: it has a name there.
  await git(clone, 'config', 'user.name', 'Releaser');
  await git(clone, 'config', 'user.email', 'releaser@example.com');
  await git(clone, 'add', '.');
  await git(clone, 'commit', '--quiet', '--message', 'Begin');
});

afterEach(() => place.remove());

async function write(file: string, text: string): Promise<void> {
  await mkdir(join(clone, file, '..'), { recursive: true });
  await writeFile(join(clone, file), text);
}

const read = (file: string) => readFile(join(clone, file), 'utf8');
const show = (commit: string, file: string) => git(clone, 'show', `${commit}:${file}`);
const commitOf = (name: string) => git(clone, 'rev-parse', `${name}^{commit}`);

function release(...args: string[]) {
  return spawnSync(process.execPath, [script, ...args], {
    cwd: clone,
    encoding: 'utf8',
    env: { PATH: pathForTools, HOME: place.path },
  });
}

test('a release is a version with its bundle, then the pins, each of a commit that has what it names', async () => {
  const { status, stdout, stderr } = release('1.0.0');
  expect(status, stderr).toBe(0);
  expect(stdout).toBe('v1.0.0\n');
  expect(stderr).toContain('git push --atomic origin HEAD:main v1.0.0 +refs/tags/v1');

  const [action, tagged, head] = [
    await commitOf('v1.0.0~1'),
    await commitOf('v1.0.0'),
    await commitOf('HEAD'),
  ];
  expect(await commitOf('HEAD~1')).toBe(tagged);
  expect(await commitOf('v1')).toBe(tagged);
  expect(await git(clone, 'cat-file', '-t', 'v1.0.0')).toBe('tag');
  expect(await git(clone, 'status', '--porcelain')).toBe('');

  // What the tagged workflow runs, and what the example calls.
  expect(pinOf(await show(tagged, actionPin.file), actionPin)).toBe(action);
  for (const caller of callerPins) {
    expect(pinOf(await show(head, caller.file), caller)).toBe(tagged);
    expect(await show(head, caller.file)).toContain('# v1.0.0');
  }
  for (const commit of [action, tagged, head]) {
    expect(JSON.parse(await show(commit, 'package.json')).version).toBe('1.0.0');
    expect(JSON.parse(await show(commit, 'package-lock.json'))).toMatchObject({
      version: '1.0.0',
      packages: { '': { version: '1.0.0' } },
    });
    expect(await show(commit, 'bundle.js')).toBe('1.0.0');
    expect(await show(commit, 'CHANGELOG.md')).toMatch(
      /\n## \[1\.0\.0\] - \d{4}-\d\d-\d\d\n\n- All of it\.\n/,
    );
  }
  expect(release('--notes', '1.0.0').stdout).toBe('- All of it.\n');
});

test('the next release moves the tag of its major version and links to the one before', async () => {
  release('major');
  await write(
    'CHANGELOG.md',
    (await read('CHANGELOG.md')).replace('[Unreleased]\n', '[Unreleased]\n\n- More.\n'),
  );
  await git(clone, 'commit', '--quiet', '--all', '--message', 'More');
  const { status, stdout, stderr } = release('minor');
  expect(status, stderr).toBe(0);
  expect(stdout).toBe('v1.1.0\n');
  expect(await commitOf('v1')).toBe(await commitOf('v1.1.0'));
  expect(await commitOf('v1.0.0')).not.toBe(await commitOf('v1.1.0'));
  expect(await read('CHANGELOG.md')).toContain('/compare/v1.0.0...v1.1.0\n');
});

test.each([
  ['changes that are not committed', '1.0.0', () => write('examples/new.txt', ''), 'not committed'],
  ['another branch', '1.0.0', () => git(clone, 'switch', '--quiet', '--create', 'topic'), 'not on `main`'],
  ['the version that there is', '0.1.0', undefined, '0.1.0 is not higher than 0.1.0'],
  [
    'a version lower than a tag',
    '1.0.0',
    () => git(clone, 'tag', 'v1.4.0'),
    '1.0.0 is not higher than 1.4.0',
  ],
  ['no version', 'v1', undefined, 'neither a version'],
  ['an option of git as the version', '--output=x', undefined, 'output'],
  [
    'nothing in the changelog',
    '1.0.0',
    async () => {
      await write('CHANGELOG.md', '# Changelog\n\n## [Unreleased]\n');
      await git(clone, 'commit', '--quiet', '--all', '--message', 'Nothing');
    },
    'nothing is listed',
  ],
])('is refused with %s, and nothing is changed', async (_, asked, prepare, reason) => {
  await prepare?.();
  const before = [await commitOf('HEAD'), await git(clone, 'tag'), await git(clone, 'status', '--porcelain')];
  const { status, stdout, stderr } = release(asked);
  expect(status).not.toBe(0);
  expect(stdout).toBe('');
  expect(stderr).toContain(reason);
  expect([
    await commitOf('HEAD'),
    await git(clone, 'tag'),
    await git(clone, 'status', '--porcelain'),
  ]).toEqual(before);
});

test.each([
  ['before the first commit', 'generate.js', 'process.exit(3);'],
  ['after the first commit', '.github/workflows/dexter.yml', 'steps: []\n'],
  ['after the tag', 'examples/dexter.yml', 'uses: nothing\n'],
])('a release that fails %s leaves the clone as it was', async (_, file, text) => {
  await write(file, text);
  await git(clone, 'commit', '--quiet', '--all', '--message', 'Break');
  const before = await commitOf('HEAD');
  const { status, stdout } = release('1.0.0');
  expect(status).not.toBe(0);
  expect(stdout).toBe('');
  expect([
    await commitOf('HEAD'),
    await git(clone, 'tag'),
    await git(clone, 'status', '--porcelain'),
  ]).toEqual([before, '', '']);
});

test('the examples for the package name the commit that is checked out, as the last commit of the release does', async () => {
  release('1.0.0');
  const committed = await Promise.all(callerPins.map(({ file }) => show('HEAD', file)));
  const now = async () =>
    (await Promise.all(callerPins.map(({ file }) => read(file)))).map((text) => text.trimEnd());
  await git(clone, 'checkout', '--quiet', 'v1.0.0');
  for (const [index, text] of (await now()).entries()) expect(text).not.toBe(committed[index]);
  expect(release('--pin', '1.0.0').status).toBe(0);
  expect(await now()).toEqual(committed);
});

test('what is checked out is the release of its tag, or it is said why not', async () => {
  release('1.0.0');
  const checked = (tag: string) => release('--check', tag);
  expect(checked('v1.0.0').stderr).toContain('does not have that tag');
  await git(clone, 'checkout', '--quiet', 'v1.0.0');
  expect(checked('v1.0.0')).toMatchObject({ status: 0, stderr: '' });
  expect(checked('v1').stderr).toContain('package.json says 1.0.0');

  // A tag that somebody put on a commit of their own.
  await write('bundle.js', 'changed');
  await git(clone, 'commit', '--quiet', '--all', '--message', 'Change the bundle');
  await git(clone, 'tag', '--force', 'v1.0.0');
  expect(checked('v1.0.0')).toMatchObject({ status: 1, stderr: expect.stringContaining('has other files') });
  await write(actionPin.file, (await read(actionPin.file)).replace(/@[0-9a-f]{40}/, `@${someCommit}`));
  await git(clone, 'commit', '--quiet', '--all', '--message', 'Name no commit of this repository');
  await git(clone, 'tag', '--force', 'v1.0.0');
  expect(checked('v1.0.0').stderr).toContain('not in the history');
});
