import { expect, it } from 'vitest';
import { takesInputsOf } from '../../src/onboarding/takes-inputs.ts';
import { workflowOf } from './templates.ts';

const wanted = workflowOf();

it.each([
  ['itself', wanted, true],
  ['other jobs', wanted.replace(/jobs:[\s\S]*/, 'jobs: {}\n'), true],
  [
    'one more input that may be empty',
    wanted.replace('    inputs:', '    inputs:\n      mine: { type: string }'),
    true,
  ],
  [
    'one more input that is required',
    wanted.replace('    inputs:', '    inputs:\n      mine: { type: string, required: true }'),
    false,
  ],
  ['one input less', wanted.replace(/ *context: .*\n/, ''), false],
  ['no dispatch', 'on: push\njobs: {}\n', false],
  ['no YAML', '{{{', false],
  ['nothing', '', false],
])('a workflow with %s: %#', (_, workflow, takes) => {
  expect(takesInputsOf(workflow, wanted)).toBe(takes);
});
