import { describe, expect, it } from 'vitest';
import { noteIn, type PullRequestFacts, pullRequestText } from '../../src/onboarding/pull-request.ts';
import { templateOf } from './templates.ts';

const template = templateOf();

const facts: PullRequestFacts = {
  repository: { owner: 'acme', name: 'shop' },
  serverUrl: 'https://github.com',
  name: 'dexter',
  workflow: template.workflow,
  paths: [template.workflow.path, template.config.path],
  isRenewal: false,
  hasConflict: false,
  lacksWorkflow: false,
  note: { template: template.version, commit: 'a'.repeat(40), hasWorkflow: true },
};

async function isAsIn(file: string, changes: Partial<PullRequestFacts>): Promise<void> {
  const { title, body } = pullRequestText({ ...facts, ...changes });
  await expect(`# ${title}\n\n${body}`).toMatchFileSnapshot(`pull-requests/${file}.md`);
}

describe('the text of the pull request', () => {
  it('says what it adds and what is left to do', () => isAsIn('first', {}));

  it('leads to the editor where the app may not write the workflow', () =>
    isAsIn('without-permission', { lacksWorkflow: true, paths: [template.config.path] }));

  it('says that own changes of the workflow are kept', () =>
    isAsIn('renewal', { isRenewal: true, paths: [template.workflow.path] }));

  it('says that own changes of the workflow are not in it', () =>
    isAsIn('renewal-with-conflict', { isRenewal: true, hasConflict: true }));

  it('has the text of a workflow in it that is too long for an address', () => {
    const workflow = {
      ...template.workflow,
      content: `${template.workflow.content}# ${'long'.repeat(2_000)}\n`,
    };
    const { body } = pullRequestText({ ...facts, lacksWorkflow: true, workflow });
    expect(body).not.toContain('&value=');
    expect(body).toContain(`\`\`\`\`\`yaml\n${workflow.content}\`\`\`\`\``);
  });

  it('fills the editor in with exactly the workflow', () => {
    const { body } = pullRequestText({ ...facts, lacksWorkflow: true });
    const link =
      /\]\((https:\/\/github\.com\/acme\/shop\/new\/dexter\/onboarding\?[^)\s]+)\)/.exec(body)?.[1] ?? '';
    const { searchParams } = new URL(link);
    expect(searchParams.get('filename')).toBe('.github/workflows/dexter.yml');
    expect(searchParams.get('value')).toBe(template.workflow.content);
  });

  it('mentions nobody and addresses no command to the app', () => {
    const { body } = pullRequestText(facts);
    expect(body.replaceAll(/`[^`]*`/g, '')).not.toContain('@');
    expect(body).not.toMatch(/^@/m);
  });
});

describe('the note of the pull request', () => {
  it.each([true, false])('is read back (workflow: %s)', (hasWorkflow) => {
    const note = { ...facts.note, hasWorkflow };
    expect(noteIn(pullRequestText({ ...facts, note }).body)).toEqual(note);
  });

  it.each(['', 'Add Dexter', '<!-- dexter:onboarding template=x commit=y workflow=yes -->'])(
    'is not found in %j',
    (body) => expect(noteIn(body)).toBeUndefined(),
  );
});
