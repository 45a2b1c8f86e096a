import { describe, expect, it } from 'vitest';
import { readTemplate } from '../../src/onboarding/read-template.ts';
import { onboardingTemplate } from '../../src/onboarding/template.ts';
import { templateOf } from './templates.ts';

const sha = 'c'.repeat(40);

const withUses = (uses: string, action?: string) =>
  onboardingTemplate({ workflow: `- uses: ${uses}\n`, config: '', workflowFile: 'dexter.yml', action })
    .workflow.content;

describe('the template', () => {
  it('takes the text of the example as it is', () => {
    expect(withUses('dexter-app/dexter/action@main')).toBe('- uses: dexter-app/dexter/action@main\n');
  });

  it.each([
    ['dexter-app/dexter/action@main', `acme/bot/action@${sha}`],
    ['dexter-app/dexter/.github/workflows/dexter.yml@v1', `acme/bot/.github/workflows/dexter.yml@${sha}`],
    [`dexter-app/dexter@${'a'.repeat(40)} # v1.2.3`, `acme/bot@${sha}`],
    [`dexter-app/dexter@${'a'.repeat(40)} # before v1.0.0`, `acme/bot@${sha}`],
    ["'dexter-app/dexter/action@main'", `'acme/bot/action@${sha}'`],
    ['actions/checkout@v4', 'actions/checkout@v4'],
    ['dexter-app/dexterity@v1', 'dexter-app/dexterity@v1'],
  ])('names the copy and the commit that it is given: %s', (uses, wanted) => {
    expect(withUses(uses, `acme/bot@${sha}`)).toBe(`- uses: ${wanted}\n`);
  });

  it('has a version that changes with each file and with nothing else', () => {
    const versions = [templateOf(), templateOf('v2'), templateOf('v1', '# other\n')].map(
      (one) => one.version,
    );
    expect(new Set(versions).size).toBe(3);
    expect(templateOf().version).toBe(versions[0]);
    for (const version of versions) expect(version).toMatch(/^[0-9a-f]{12}$/);
  });

  it('is made of the examples that the package brings along', async () => {
    const template = await readTemplate({ workflowFile: 'claude.yml', action: `acme/bot@${sha}` });
    expect(template.workflow.path).toBe('.github/workflows/claude.yml');
    expect(template.workflow.content).toContain(`uses: acme/bot/`);
    expect(template.workflow.content).not.toMatch(/uses: *dexter-app/);
    expect(template.config.path).toBe('.github/dexter.yml');
  });
});
