import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCommand } from '../../src/commands/parse.ts';
import { commentText, mentionsUnknownAccount, toMarkdownText } from '../../src/jira/comment-text.ts';

const known = { name: 'dexter', accountId: '5b10:own' };
const unknown = { name: 'dexter' };

const doc = (...content: unknown[]) => ({ type: 'doc', version: 1, content });
const p = (...content: unknown[]) => ({
  type: 'paragraph',
  content: content.map((child) => (typeof child === 'string' ? { type: 'text', text: child } : child)),
});
const mention = (id: string, text?: string) => ({ type: 'mention', attrs: { id, text } });

/** What a comment asks for, or undefined. */
function asked(body: unknown, own: { name: string; accountId?: string } = known): string | undefined {
  const parsed = parseCommand(commentText(body, own), own.name);
  if (parsed.outcome !== 'command') return undefined;
  return parsed.ask.kind === 'control' ? parsed.ask.word : parsed.ask.instruction;
}

describe('commentText of an ADF document', () => {
  it.each<[string, unknown, string | undefined]>([
    ['a mention by id', doc(p(mention('5b10:own', '@Dexter Bot'), ' add tests')), 'add tests'],
    ['a mention without a text', doc(p(mention('5b10:own'), ' add tests')), 'add tests'],
    ['a mention by name', doc(p(mention('other', '@Dexter'), ' add tests')), 'add tests'],
    ['the name as text', doc(p('@dexter add tests')), 'add tests'],
    ['the name as text, indented', doc(p(' @dexter add tests')), 'add tests'],
    ['a mention after other paragraphs', doc(p('Hello'), p(mention('5b10:own', '@D'), ' go')), 'go'],
    ['a mention after a line break', doc(p('Hello', { type: 'hardBreak' }, '@dexter go')), 'go'],
    ['a line break after the mention', doc(p(mention('5b10:own', '@D'), { type: 'hardBreak' }, 'go')), 'go'],
    ['a line break after a control word', doc(p('@dexter stop', { type: 'hardBreak' })), 'stop'],
    ['a mention of somebody else', doc(p(mention('other', '@Maria'), ' add tests')), undefined],
    ['a mention inside a sentence', doc(p('ask ', mention('5b10:own', '@D'), ' maybe')), undefined],
    ['a quote', doc({ type: 'blockquote', content: [p('@dexter add tests')] }), undefined],
    ['a panel', doc({ type: 'panel', attrs: { panelType: 'info' }, content: [p('@dexter go')] }), undefined],
    ['a code block', doc({ type: 'codeBlock', content: [{ type: 'text', text: '@dexter go' }] }), undefined],
    [
      'a code block that holds a fence',
      doc({ type: 'codeBlock', content: [{ type: 'text', text: '```\n@dexter go' }] }),
      undefined,
    ],
    [
      'a code block in a list',
      doc({
        type: 'bulletList',
        content: [
          {
            type: 'listItem',
            content: [{ type: 'codeBlock', content: [{ type: 'text', text: '@dexter go' }] }],
          },
        ],
      }),
      undefined,
    ],
    ['text that looks like a quote', doc(p('> @dexter go')), undefined],
    ['inline code', doc(p({ type: 'text', text: '@dexter go', marks: [{ type: 'code' }] })), undefined],
    ['an empty document', doc(), undefined],
  ])('reads %s', (_name, body, instruction) => {
    expect(asked(body)).toBe(instruction);
  });

  const strong = (text: string) => ({ type: 'text', text, marks: [{ type: 'strong' }] });

  it.each<[string, unknown, string]>([
    ['brackets and stars', doc(p('@dexter <T> in a*b, x_y_z [1] ~ #2')), '<T> in a*b, x_y_z [1] ~ #2'],
    [
      'lines that begin as blocks',
      doc(p('@dexter do'), p('1. this'), p('# that')),
      'do\n\n1. this\n\n# that',
    ],
    ['backslashes', doc(p('@dexter fix C:\\temp\\*')), 'fix C:\\temp\\*'],
    ['marks with spaces inside', doc(p('@dexter fix ', strong('the '), 'bug')), 'fix **the **bug'],
    [
      'a list',
      doc(p('@dexter do'), { type: 'bulletList', content: [{ type: 'listItem', content: [p('a*b')] }] }),
      'do\n\n- a*b',
    ],
    [
      'a code block',
      doc(p('@dexter do'), { type: 'codeBlock', content: [{ type: 'text', text: 'a*b' }] }),
      'do\n\n```\na*b\n```',
    ],
  ])('keeps %s as they were typed', (_name, body, instruction) => {
    expect(asked(body)).toBe(instruction);
  });

  it.each(['```', '~~~', '- ```', '1. ~~~~'])('does not take the text %j for a code fence', (text) => {
    expect(asked(doc(p(text), p('@dexter go')))).toBe('go');
    const code = { type: 'codeBlock', content: [{ type: 'text', text: '@dexter go' }] };
    expect(asked(doc(p(text), code))).toBeUndefined();
  });

  it('is escaped for the context', () => {
    expect(toMarkdownText(doc(p('@dexter <T> in a*b')), known).text).toBe('@dexter \\<T> in a\\*b');
  });

  it('takes flags from before a line break', () => {
    const body = doc(p('@dexter add tests --fresh', { type: 'hardBreak' }, 'please'));
    expect(parseCommand(commentText(body, known), 'dexter')).toEqual({
      outcome: 'command',
      ask: { kind: 'instruction', instruction: 'add tests\nplease', flags: { fresh: true } },
    });
  });

  it('keeps the address of a repository readable', () => {
    expect(commentText(doc(p('in https://github.com/acme/my_repo_1 please')), known)).toContain(
      'https://github.com/acme/my_repo_1',
    );
  });

  it.each([[null], [undefined], [5], [[]], [{}], [{ type: 5 }], [{ type: 'doc', content: 'x' }]])(
    'sees no text in %j',
    (body) => {
      expect(commentText(body, known)).toBe('');
    },
  );
});

describe('commentText of wiki markup', () => {
  it.each<[string, string | undefined]>([
    ['[~accountid:5b10:own] add tests', 'add tests'],
    ['[~dexter] add tests', 'add tests'],
    ['[~Dexter] add tests', 'add tests'],
    ['@dexter add tests', 'add tests'],
    ['Hello\r\n@dexter add tests\r\nand docs', 'add tests\nand docs'],
    ['bq. somebody said\n@dexter go', 'go'],
    ['{quote}a{quote}\n@dexter go', 'go'],
    ['{code}a{code}\n@dexter go', 'go'],
    ['[~accountid:other] add tests', undefined],
    ['[~maria] add tests', undefined],
    ['bq. @dexter add tests', undefined],
    ['{quote}@dexter go{quote}', undefined],
    ['{quote}\none\n@dexter go\n{quote}', undefined],
    ['{quote}never closed\n@dexter go', undefined],
    ['{quote}{code}\na\n{code}\n@dexter go{quote}', undefined],
    ['{code}\n@dexter go\n{code}', undefined],
    ['{code:title=a.ts|borderStyle=solid}\n@dexter go\n{code}', undefined],
    ['{noformat}\n@dexter go\n{noformat}', undefined],
    ['{code}\nnever closed\n@dexter go', undefined],
    ['{code}\n```\n@dexter go\n{code}', undefined],
    ['{code}\n{noformat}\n{code}\n@dexter go', 'go'],
    ['{code}a {quote} b{code}\n@dexter go', 'go'],
    ['bq. {code}\na\n@dexter no\n{code}', undefined],
    ['{{@dexter go}}', undefined],
    ['* @dexter go', undefined],
    ['# @dexter go', undefined],
    ['h1. @dexter go', undefined],
    ['', undefined],
  ])('reads %j', (wiki, instruction) => {
    expect(asked(wiki)).toBe(instruction);
  });

  it('leaves markup inside code as it is', () => {
    const code = 'bq. a\n{quote}b{quote} [~dexter] \\`\\`\\`';
    expect(commentText(`@dexter explain\n{code:java}\n${code}\n{code}`, known)).toContain(code);
  });

  it('keeps code that is quoted inside the quote', () => {
    expect(commentText('{quote}see {code}\na\n{code}{quote}', known).trim()).toBe(
      '> see \n> ```\n> \n> a\n> \n> ```',
    );
  });

  it('never finds a command in code or quotes, whatever they hold', () => {
    const inside = fc
      .array(
        fc.constantFrom(
          '@dexter go',
          '[~dexter] go',
          '\n',
          '```',
          '~~~',
          'bq. ',
          '> ',
          'x',
          ' ',
          '\u{f0000}0\u{f0001}',
        ),
      )
      .map((parts) => parts.join(''));
    const block = fc
      .tuple(fc.constantFrom('code', 'noformat', 'quote'), inside)
      .map(([name, text]) => `{${name}}\n${text}\n{${name}}`);
    fc.assert(
      fc.property(fc.array(block), (blocks) => {
        expect(asked(blocks.join('\n'))).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });
});

describe('mentionsUnknownAccount', () => {
  it.each<[unknown, boolean]>([
    ['[~accountid:5b10:own] go', true],
    ['[~dexter] go', false],
    ['no mention', false],
    [doc(p(mention('x', '@Dexter Bot'))), true],
    [doc(p('no mention')), false],
    [null, false],
    [undefined, false],
  ])('of %j is %s while the own account is not known', (body, is) => {
    expect(mentionsUnknownAccount(body, unknown)).toBe(is);
    expect(mentionsUnknownAccount(body, known)).toBe(false);
  });
});
