import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parseWorkflow } from '../../../src/cli/doctor/workflow-file.ts';
import { jobInputNames } from '../../../src/core/job.ts';

function parsed(text: string) {
  const result = parseWorkflow(text);
  if (result.outcome !== 'parsed') throw new Error(result.reason);
  return result.workflow;
}

const withJob = (job: string, top = 'on: workflow_dispatch') => parsed(`${top}\njobs:\n  one:\n${job}`);

describe('a workflow file', () => {
  it('is read as the example has it', async () => {
    const example = await readFile(new URL('../../../examples/dexter.yml', import.meta.url), 'utf8');
    const { inputs, ...workflow } = parsed(example);
    expect(inputs?.map(({ name }) => name)).toEqual([...jobInputNames]);
    expect(inputs?.filter(({ isRequired }) => !isRequired).map(({ name }) => name)).toEqual([
      'context',
      'delta',
    ]);
    expect(workflow).toMatchObject({
      mayIdentify: true,
      runsOn: [{ kind: 'labels', labels: ['self-hosted', 'dexter'] }],
      secrets: ['ANTHROPIC_API_KEY'],
      inheritsSecrets: false,
      hasEnvironment: false,
    });
  });

  it.each([
    ['on: workflow_dispatch', []],
    ['on: [push, workflow_dispatch]', []],
    ['on:\n  workflow_dispatch:', []],
    ['on:\n  workflow_dispatch:\n    inputs:\n      a:\n', [{ name: 'a', isRequired: false }]],
    ['on: {workflow_dispatch: {inputs: {a: {required: true}}}}', [{ name: 'a', isRequired: true }]],
    [
      'on: {workflow_dispatch: {inputs: {a: {required: true, default: x}}}}',
      [{ name: 'a', isRequired: false }],
    ],
    ['on: push', undefined],
    ['on: {workflow_call: {}}', undefined],
    ['name: nothing', undefined],
  ])('with %j can be dispatched with %j', (top, inputs) => {
    expect(withJob('    runs-on: x', top).inputs).toEqual(inputs);
  });

  it.each([
    ['    runs-on: dexter', { kind: 'labels', labels: ['dexter'] }],
    ['    runs-on: [self-hosted, big]', { kind: 'labels', labels: ['self-hosted', 'big'] }],
    ['    runs-on: {group: team, labels: big}', { kind: 'group', group: 'team', labels: ['big'] }],
    ['    runs-on: {group: team}', { kind: 'group', group: 'team', labels: [] }],
    [`    runs-on: \${{ inputs.where }}`, { kind: 'unknown' }],
    [`    runs-on: [self-hosted, "\${{ vars.LABEL }}"]`, { kind: 'unknown' }],
    ['    uses: a/b/.github/workflows/c.yml@v1', { kind: 'unknown' }],
    [
      '    uses: a/b/.github/workflows/c.yml@v1\n    with:\n      runs-on: \'["self-hosted","big"]\'',
      { kind: 'labels', labels: ['self-hosted', 'big'] },
    ],
  ])('whose job has %j runs on %j', (job, runsOn) => {
    expect(withJob(job).runsOn).toEqual([runsOn]);
  });

  it('looks only at the jobs that are given the command, where there are some', () => {
    const { runsOn, mayIdentify } = parsed(`
      on: workflow_dispatch
      permissions: {id-token: write}
      jobs:
        before: {runs-on: ubuntu-latest, permissions: {id-token: write}, steps: []}
        work:
          runs-on: big
          permissions: {contents: read}
          steps: [{uses: x, with: {command-id: y}}]`);
    expect({ runsOn, mayIdentify }).toEqual({
      runsOn: [{ kind: 'labels', labels: ['big'] }],
      mayIdentify: false,
    });
  });

  it('names the secrets that it uses, and neither those in comments nor the token of the job', () => {
    const { secrets, inheritsSecrets } = withJob(
      [
        '    secrets: inherit',
        `    env: {A: '\${{ secrets.one }}', B: "\${{ secrets['TWO'] }}", C: '\${{ secrets.GITHUB_TOKEN }}'}`,
        `    # uses: \${{ secrets.THREE }}`,
      ].join('\n'),
    );
    expect({ secrets, inheritsSecrets }).toEqual({ secrets: ['ONE', 'TWO'], inheritsSecrets: true });
  });

  it.each(['', '- a', 'jobs: 7', 'jobs: {one: two}', 'a: b: c', 'jobs:\n  x: {uses: 7}'])(
    'that says %j is not one',
    (text) => {
      expect(parseWorkflow(text)).toMatchObject({ outcome: 'unusable', reason: expect.stringMatching(/\S/) });
    },
  );
});
