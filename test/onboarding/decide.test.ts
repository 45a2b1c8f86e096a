import { describe, expect, it } from 'vitest';
import { decideOnboarding, type OnboardingFacts, type Proposal } from '../../src/onboarding/decide.ts';
import { templateOf, workflowOf } from './templates.ts';

const [old, now] = [templateOf('v1'), templateOf('v2')];
const commit = 'a'.repeat(40);

function proposal(
  state: Proposal['state'],
  template = now.version,
  hasWorkflow = true,
  number = 1,
): Proposal {
  return { number, state, note: { template, commit, hasWorkflow } };
}

const decided = (facts: Partial<OnboardingFacts>) =>
  decideOnboarding({ proposals: [], workflow: undefined, template: now, mayWriteWorkflows: true, ...facts });

const customised = workflowOf('v1').replace('timeout-minutes: 70', 'timeout-minutes: 10');
const older = workflowOf('v1').replace(/ *context: .*\n/, '');

const table: [string, Partial<OnboardingFacts>, object][] = [
  ['a repository without anything', {}, { do: 'open' }],
  ['the workflow as it is to be', { workflow: workflowOf('v2') }, { do: 'nothing', because: 'current' }],
  ["a team's own workflow that works", { workflow: customised }, { do: 'nothing', because: 'current' }],
  ['a workflow that lacks an input', { workflow: older }, { do: 'open' }],
  [
    'an open one of this template',
    { proposals: [proposal('open')] },
    { do: 'nothing', because: 'open', number: 1 },
  ],
  [
    'an open one of another template',
    { proposals: [proposal('open', old.version)] },
    { do: 'update', proposal: proposal('open', old.version) },
  ],
  [
    'an open one whose note somebody removed',
    { proposals: [{ number: 1, state: 'open' }] },
    { do: 'update', proposal: { number: 1, state: 'open' } },
  ],
  [
    'an open one without the workflow, while the permission is missing',
    { proposals: [proposal('open', now.version, false)], mayWriteWorkflows: false },
    { do: 'nothing', because: 'open', number: 1 },
  ],
  [
    'an open one without the workflow, when the permission is there',
    { proposals: [proposal('open', now.version, false)] },
    { do: 'update', proposal: proposal('open', now.version, false) },
  ],
  [
    'a closed one',
    { proposals: [proposal('closed', old.version)] },
    { do: 'nothing', because: 'declined', number: 1 },
  ],
  [
    'a closed one after a merged one',
    { proposals: [proposal('closed', now.version, true, 2), proposal('merged', old.version)] },
    { do: 'nothing', because: 'declined', number: 2 },
  ],
  ['a closed one, when a person asks', { proposals: [proposal('closed')], isAsked: true }, { do: 'open' }],
  [
    'a merged one of this template, however the file was changed since',
    { proposals: [proposal('merged')], workflow: customised },
    { do: 'nothing', because: 'merged', number: 1 },
  ],
  [
    'a merged one of this template, whose file was removed since',
    { proposals: [proposal('merged')] },
    { do: 'nothing', because: 'merged', number: 1 },
  ],
  [
    'a merged one of an older template',
    { proposals: [proposal('merged', old.version)], workflow: workflowOf('v1') },
    { do: 'open', earlier: proposal('merged', old.version) },
  ],
  [
    'a merged one of an older template, where the file is up to date',
    { proposals: [proposal('merged', old.version)], workflow: workflowOf('v2') },
    { do: 'nothing', because: 'current' },
  ],
  [
    'a merged one that only had the settings, when the permission is there',
    { proposals: [proposal('merged', now.version, false)] },
    { do: 'open', earlier: proposal('merged', now.version, false) },
  ],
];

describe('whether a repository gets a pull request', () => {
  it.each(table)('%s', (_, facts, wanted) => {
    expect(decided(facts)).toEqual(wanted);
  });
});
