import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messageOf } from '../../src/alerts/message-of.ts';
import type { UnpostedAlert } from '../../src/ledger/alerts.ts';

const alert: UnpostedAlert = {
  name: 'workspace',
  label: 'acme/runner 1',
  repositoryId: null,
  level: 'warning',
  value: 620e9,
  threshold: 500e9,
  since: new Date('2026-05-04T03:02:01Z'),
  postedLevel: null,
};

describe('messageOf', () => {
  it('says what it is, the value against the threshold, since when, and what to do', () => {
    const { text, blocks } = messageOf(alert, 'https://dexter.example');
    expect(text.split('\n')).toEqual([
      '🟡 *Warning: A workspace is large* `acme/runner 1`',
      '620 GB (warning: above 500 GB) · `workspace` since 2026-05-04 03:02 UTC',
      expect.stringMatching(/^A full disk ends runs.*`workspace-max-size`/),
      '<https://dexter.example|Dexter>',
    ]);
    expect(JSON.stringify(blocks)).toContain('A workspace is large');
  });

  it('says that it is over', () => {
    const { text } = messageOf({ ...alert, level: 'ok', value: 400e9 }, 'https://dexter.example');
    expect(text).toContain('🟢 *Over: A workspace is large*');
    expect(text).toContain('400 GB · ');
    expect(text).not.toContain('A full disk');
  });

  it('says it when an alert is over because nothing is heard any more', () => {
    expect(messageOf({ ...alert, level: 'ok', value: null }, 'https://d.example').text).toContain(
      'nothing has been heard',
    );
  });

  it.each([
    '<!channel>',
    '<https://evil.example|click>',
    '@everyone',
    '`*bold*`',
    'a\nb\r*c*',
    '[x](https://evil.example)',
    '\u202Eabc',
  ])('shows %j as text', (label) => {
    const [head = ''] = messageOf({ ...alert, label }, 'https://d.example').text.split('\n');
    expect(head).toMatch(/^🟡 \*Warning: A workspace is large\* `[\p{L}\p{N} ._/:()?-]*`$/u);
  });

  it('lets no label end its code or begin another line', () => {
    const plain = messageOf({ ...alert, label: 'x' }, 'https://d.example').text.split('\n');
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }), (label) => {
        const lines = messageOf({ ...alert, label }, 'https://d.example').text.split('\n');
        expect(lines.slice(1)).toEqual(plain.slice(1));
        expect(lines[0]).toMatch(/^🟡 \*Warning: A workspace is large\* `[^`<>@*~|&\p{C}]{0,101}`$/u);
      }),
    );
  });
});
