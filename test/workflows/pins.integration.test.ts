import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { actionPin, callerPins, pinOf } from '../../scripts/release/pins.ts';
import { ActionFile, root, workflowAt } from './workflow-files.ts';

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

it.skipIf(!hasHistory).each(callerPins)(
  '$file passes what the workflow that it names takes, and all that it needs',
  async (pin) => {
    const text = await readFile(join(root, pin.file), 'utf8');
    const [job] = Object.values(workflowAt(text).jobs);
    const called = workflowAt(await git('show', `${pinOf(text, pin)}:${pin.path}`)).on.workflow_call;
    expect(Object.keys(called?.inputs ?? {})).toEqual(expect.arrayContaining(Object.keys(job?.with ?? {})));
    expect(Object.keys(called?.secrets ?? {})).toEqual(
      expect.arrayContaining(Object.keys(job?.secrets ?? {})),
    );
    const needed = Object.entries(called?.inputs ?? {}).filter(([, { required }]) => required);
    expect(Object.keys(job?.with ?? {})).toEqual(expect.arrayContaining(needed.map(([name]) => name)));
  },
);

it.skipIf(!hasHistory)('the reusable workflow passes what the action that it names takes', async () => {
  const text = await readFile(join(root, actionPin.file), 'utf8');
  const action = ActionFile.parse(
    parseYaml(await git('show', `${pinOf(text, actionPin)}:action/action.yml`)),
  );
  const steps = Object.values(workflowAt(text).jobs).flatMap((job) => job.steps);
  const step = steps.find(({ uses }) => uses?.startsWith('dexter-app/dexter/'));
  expect(Object.keys(step?.with ?? {})).not.toEqual([]);
  expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(step?.with ?? {})));
});
