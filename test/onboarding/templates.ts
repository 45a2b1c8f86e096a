import { type OnboardingTemplate, onboardingTemplate } from '../../src/onboarding/template.ts';

const lines = [
  'name: Dexter',
  'on:',
  '  workflow_dispatch:',
  '    inputs:',
  '      command-id: { type: string, required: true }',
  '      context: { type: string, required: false }',
  'jobs:',
  '  dexter:',
  '    runs-on: [self-hosted, dexter]',
  '    timeout-minutes: 70',
  '    steps:',
  '      - uses: dexter-app/dexter/action@v1',
  '        with:',
  `          command-id: \${{ inputs.command-id }}`,
  '',
];

/** A small workflow; `pin` is what changes between two versions of the app. */
export function workflowOf(pin = 'v1'): string {
  return lines.join('\n').replace('@v1', `@${pin}`);
}

/** The template of a version of the app. */
export function templateOf(pin = 'v1', config = '# enabled: true\n'): OnboardingTemplate {
  return onboardingTemplate({ workflow: workflowOf(pin), config, workflowFile: 'dexter.yml' });
}
