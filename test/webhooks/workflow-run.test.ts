import { expect, it } from 'vitest';
import { BadPayload } from '../../src/webhooks/payload.ts';
import { readWorkflowRun } from '../../src/webhooks/workflow-run.ts';

const commandId = '0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b11';

const payload = (run: object = {}) => ({
  action: 'completed',
  installation: { id: 11 },
  repository: { id: 22, name: 'shop', owner: { login: 'acme' } },
  workflow_run: {
    id: 77,
    event: 'workflow_dispatch',
    conclusion: 'cancelled',
    display_title: `Dexter SHOP-1 (${commandId})`,
    ...run,
  },
});

it('reads which run is over, how, and of which command', () => {
  expect(readWorkflowRun(payload())).toEqual({
    repositoryId: 22,
    runId: '77',
    conclusion: 'cancelled',
    commandId,
  });
});

it.each([
  ['another title', { display_title: 'Release 1.2.3' }, { commandId: undefined, runId: '77' }],
  ['no title, as older servers send it', { display_title: undefined }, { commandId: undefined }],
  ['no conclusion', { conclusion: null }, { conclusion: 'unknown' }],
])('reads a run with %s', (_what, run, expected) => {
  expect(readWorkflowRun(payload(run))).toMatchObject(expected);
});

it.each(['push', 'pull_request', 'schedule'])('has no business with a run of the event %s', (event) => {
  expect(readWorkflowRun(payload({ event }))).toBeUndefined();
});

it('does not take a body of another shape', () => {
  expect(() => readWorkflowRun({ action: 'completed' })).toThrow(BadPayload);
  expect(() => readWorkflowRun(payload({ id: '77' }))).toThrow(BadPayload);
});
