import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import type { Viewer } from '../../../src/core/viewer.ts';
import { formTokens } from '../../../src/dashboard/actions/form-tokens.ts';
import { actionForms, purposes } from '../../../src/dashboard/actions/forms.ts';
import type { Html } from '../../../src/dashboard/layout.ts';

const maria: Viewer = { name: 'maria', id: 1, scope: [7], isAdministrator: false };
const tokens = formTokens('secret');
const forms = actionForms(tokens);
const id = '11111111-1111-4111-8111-111111111111';
const origin = { kind: 'jira-label', connection: 'acme', issueKey: 'SHOP-1', label: 'dexter' } as const;
const issue = { repositoryId: 7, issueKey: 'SHOP-1' };

type Page = ReturnType<typeof parseHTML>['document'];

const dom = async (form: Html) => parseHTML(`<body>${await form}</body>`).document;
const fieldOf = (document: Page, name: string) =>
  document.querySelector(`[name="${name}"]`)?.getAttribute('value') ?? '';

describe('the form to retry', () => {
  const ask = { kind: 'instruction', instruction: '"><script>x</script>\nmore', flags: {} } as const;

  it('names what it does again, as text, and carries a token for that alone', async () => {
    const document = await dom(forms.retryForm(maria, { id, ask, origin, status: 'failed' }));
    expect(document.querySelector('script')).toBeNull();
    expect(document.querySelector('button')?.textContent).toBe('Retry “"><script>x</script>”');
    expect(fieldOf(document, 'command')).toBe(id);
    expect(tokens.check(fieldOf(document, 'token'), maria, purposes.retry(id)).outcome).toBe('good');
  });

  it('is not there for what cannot be done again', async () => {
    expect(String(await forms.retryForm(maria, { id, ask, origin, status: 'done' }))).toBe('');
    expect(String(await forms.retryForm(maria, { id, ask: null, origin, status: 'failed' }))).toBe('');
  });
});

describe('the forms of an issue', () => {
  it('stop what is open', async () => {
    const document = await dom(forms.stopForm(maria, { ...issue, isOpen: true }));
    expect(document.querySelector('form')?.getAttribute('action')).toBe('/actions/stop');
    expect(fieldOf(document, 'repository')).toBe('7');
    expect(tokens.check(fieldOf(document, 'token'), maria, purposes.stop(issue)).outcome).toBe('good');
    expect(String(await forms.stopForm(maria, { ...issue, isOpen: false }))).toBe('');
  });

  it('lead to the page that asks before anything is forgotten', async () => {
    const document = await dom(forms.forgetForm(maria, { ...issue, isKept: true }));
    expect(document.querySelector('form')).toBeNull();
    expect(document.querySelector('a')?.getAttribute('href')).toBe(
      '/actions/forget?repository=7&issue=SHOP-1',
    );
    expect(String(await forms.forgetForm(maria, { ...issue, isKept: false }))).toBe('');
  });
});

describe('the form to ask', () => {
  it('has a label for each field', async () => {
    const document = await dom(forms.askForm(maria, { repositories: ['acme/shop'] }));
    const fields = [...document.querySelectorAll('input:not([type=hidden]), textarea, select')];
    expect(fields).toHaveLength(7);
    for (const field of fields) {
      expect(field.closest('label')?.textContent?.trim(), field.outerHTML).not.toBe('');
      expect(field.getAttribute('autocomplete'), field.outerHTML).not.toBeNull();
    }
  });

  it('is about the issue of its page without asking', async () => {
    const document = await dom(forms.askForm(maria, { about: { repository: 'acme/shop', issue: 'SHOP-1' } }));
    expect(document.querySelector('[name=issue]')?.getAttribute('type')).toBe('hidden');
    expect(fieldOf(document, 'issue')).toBe('SHOP-1');
    expect(fieldOf(document, 'repository')).toBe('acme/shop');
  });

  it('keeps what was filled in, as text', async () => {
    const hostile = '</textarea><script>x</script>" autofocus onfocus="x';
    const document = await dom(
      forms.askForm(maria, {
        filled: { repository: hostile, issue: hostile, text: hostile, model: hostile, fresh: 'yes' },
      }),
    );
    expect(document.querySelector('script')).toBeNull();
    expect(document.querySelector('[onfocus]')).toBeNull();
    expect(document.querySelector('textarea')?.innerHTML).toContain('&lt;/textarea&gt;&lt;script&gt;');
    expect(fieldOf(document, 'model')).toBe(hostile);
    expect(document.querySelector('[name=fresh]')?.hasAttribute('checked')).toBe(true);
    expect(document.querySelector('details')?.hasAttribute('open')).toBe(true);
  });
});
