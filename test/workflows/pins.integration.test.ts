import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { actionPin, callerPins, pinOf } from '../../scripts/release/pins.ts';
import { root } from './workflow-files.ts';

const run = promisify(execFile);
const git = async (...args: string[]) => (await run('git', args, { cwd: root })).stdout.trim();

// CI and a package have less of it.
const hasHistory = await git('rev-parse', '--is-shallow-repository').then(
  (shallow) => shallow === 'false',
  () => false,
);
if (!hasHistory) console.warn('The tests of the pins do not run: the history is not here.');

it
  .skipIf(!hasHistory)
  .each([
    { ...actionPin, used: 'action/dist/main.js' },
    ...callerPins.map((pin) => ({ ...pin, used: pin.path })),
  ])('$file names a commit of the history, that has what is used of it', async ({ used, ...pin }) => {
  const commit = pinOf(await readFile(join(root, pin.file), 'utf8'), pin) ?? '';
  await git('merge-base', '--is-ancestor', commit, 'HEAD');
  expect(await git('cat-file', '-t', `${commit}:${used}`)).toBe('blob');
});
