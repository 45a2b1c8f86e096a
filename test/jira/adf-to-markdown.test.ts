import fc from 'fast-check';
import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';
import { describe, expect, it } from 'vitest';
import type { AdfNode } from '../../src/jira/adf.ts';
import { adfToMarkdown } from '../../src/jira/adf-to-markdown.ts';

const text = (value: string, ...marks: (string | AdfNode)[]): AdfNode => ({
  type: 'text',
  text: value,
  ...(marks.length > 0
    ? { marks: marks.map((mark) => (typeof mark === 'string' ? { type: mark } : mark)) }
    : {}),
});
const node = (
  type: string,
  attrs: Record<string, unknown> = {},
  ...content: (AdfNode | string)[]
): AdfNode => ({
  type,
  attrs,
  ...(content.length > 0
    ? { content: content.map((child) => (typeof child === 'string' ? text(child) : child)) }
    : {}),
});
const p = (...content: (AdfNode | string)[]) => node('paragraph', {}, ...content);
const item = (...content: AdfNode[]) => node('listItem', {}, ...content);
const bullets = (...items: AdfNode[]) => node('bulletList', {}, ...items);
const cell = (...content: AdfNode[]) => node('tableCell', {}, ...content);
const row = (...cells: AdfNode[]) => node('tableRow', {}, ...cells);
const br = node('hardBreak');
const link = (href: string): AdfNode => ({ type: 'link', attrs: { href } });

const markdown = (...content: AdfNode[]) => adfToMarkdown({ type: 'doc', content });

describe('adfToMarkdown', () => {
  it.each<[string, AdfNode[], string]>([
    ['nothing', [], ''],
    ['an empty paragraph', [p()], ''],
    ['paragraphs', [p('one'), p(), p('two')], 'one\n\ntwo'],
    ['a heading', [node('heading', { level: 2 }, 'Title')], '## Title'],
    ['a heading of an unknown level', [node('heading', { level: 9 }, 'Title')], '### Title'],
    ['a line break', [p('one', br, 'two')], 'one\ntwo'],
    ['a line break at the end', [p('one', br)], 'one'],
    ['space around lines', [p('  one ', br, ' two  ')], 'one\ntwo'],
    [
      'marks',
      [p('a ', text('b', 'strong'), ' ', text('c', 'em'), ' ', text('d', 'strike'))],
      'a **b** _c_ ~~d~~',
    ],
    ['marks without a counterpart', [p(text('a', 'underline', 'textColor', 'subsup'))], 'a'],
    ['code', [p('run ', text('npm test', 'code'))], 'run `npm test`'],
    ['code with backticks', [p(text('a `b` c', 'code'))], '``a `b` c``'],
    ['a link', [p(text('docs', link('https://x.example/a_b')))], '[docs](https://x.example/a_b)'],
    ['a link on code', [p(text('a', 'code', link('https://x.example')))], '[`a`](https://x.example)'],
    ['a link without an address', [p(text('docs', link('')))], 'docs'],
    [
      'a link that shows its address',
      [p(text('https://x.example/a_b_', link('https://x.example/a_b_')))],
      '<https://x.example/a_b_>',
    ],
    [
      'an address that is no link',
      [p('see https://github.com/acme/_my_repo_*x, and (http://x.example).')],
      'see <https://github.com/acme/_my_repo_*x>, and (<http://x.example>).',
    ],
    ['text that looks like markup', [p('# a *b* `c` [d] <e>')], '\\# a \\*b\\* \\`c\\` \\[d] \\<e>'],
    ['text that looks like a quote', [p('> a'), p('one', br, '> two')], '\\> a\n\none\n\\> two'],
    ['names with underscores', [p('foo_bar.baz_qux')], 'foo_bar.baz_qux'],
    ['a list', [bullets(item(p('a')), item(p('b')))], '- a\n- b'],
    [
      'nested lists',
      [bullets(item(p('a'), node('orderedList', { order: 3 }, item(p('b')), item(p('c')))), item(p('d')))],
      '- a\n\n  3. b\n  4. c\n- d',
    ],
    ['a list item with two paragraphs', [bullets(item(p('a'), p('b')))], '- a\n\n  b'],
    ['an empty list item', [bullets(item())], '-'],
    [
      'tasks',
      [
        node(
          'taskList',
          {},
          node('taskItem', { state: 'DONE' }, 'a'),
          node('taskList', {}, node('taskItem', { state: 'TODO' }, 'b')),
          node('taskItem', { state: 'TODO' }, 'c'),
        ),
      ],
      '- [x] a\n  - [ ] b\n- [ ] c',
    ],
    [
      'a task of several paragraphs',
      [node('taskList', {}, node('blockTaskItem', { state: 'DONE' }, p('a'), p('b')))],
      '- [x] a\n\n  b',
    ],
    [
      'a decision',
      [node('decisionList', {}, node('decisionItem', { state: 'DECIDED' }, 'a'))],
      '- **Decision:** a',
    ],
    ['code blocks', [node('codeBlock', { language: 'ts' }, 'a\n  b')], '```ts\na\n  b\n```'],
    ['a code block without a language', [node('codeBlock', {}, 'a')], '```\na\n```'],
    [
      'a code block with a fence in it',
      [node('codeBlock', { language: 'md' }, '```\n@dexter\n```')],
      '````md\n```\n@dexter\n```\n````',
    ],
    ['an empty code block', [node('codeBlock')], '```\n```'],
    ['a quote', [node('blockquote', {}, p('a'), p('b'))], '> a\n>\n> b'],
    ['a panel', [node('panel', { panelType: 'warning' }, p('a'))], '> **\\[warning]**\n>\n> a'],
    ['an expand', [node('expand', { title: 'More' }, p('a'))], '**More**\n\na'],
    ['an expand without a title', [node('nestedExpand', {}, p('a'))], '**Details**\n\na'],
    ['a rule', [p('a'), node('rule'), p('b')], 'a\n\n***\n\nb'],
    ['a mention', [p(node('mention', { id: '1', text: '@Maria' }), ' can you')], '@Maria can you'],
    ['a mention without a text', [p(node('mention', { id: '1' }))], '@somebody'],
    [
      'emoji',
      [p(node('emoji', { shortName: ':smile:', text: '😄' }), node('emoji', { shortName: ':x:' }))],
      '😄:x:',
    ],
    ['a date', [p('by ', node('date', { timestamp: '1700000000000' }))], 'by 2023-11-14'],
    [
      'dates that are none',
      [p(...['', 'soon', null, '9e99'].map((timestamp) => node('date', { timestamp })))],
      'soon9e99',
    ],
    ['a status', [p(node('status', { text: 'IN PROGRESS', color: 'blue' }))], '`IN PROGRESS`'],
    ['an empty status', [p('a', node('status', { text: '' }), 'b')], 'ab'],
    ['a smart link', [p(node('inlineCard', { url: 'https://x.example/a_b' }))], '<https://x.example/a_b>'],
    ['a smart link without an address', [p('a', node('inlineCard', { data: {} }))], 'a'],
    ['a card', [node('blockCard', { url: 'https://x.example' })], '<https://x.example>'],
    [
      'a picture with its caption',
      [node('mediaSingle', {}, node('media', { id: '1', alt: 'a.png' }), node('caption', {}, 'The shop'))],
      '\\[attachment: a.png] The shop',
    ],
    [
      'attachments',
      [node('mediaGroup', {}, node('media', { id: 'f-1' }), node('media', {}))],
      '\\[attachment: f-1] \\[attachment: file]',
    ],
    [
      'columns, which are not known',
      [node('layoutSection', {}, node('layoutColumn', {}, p('a')), node('layoutColumn', {}, p('b')))],
      'a\n\nb',
    ],
    ['an unknown block with text', [node('futureBlock', {}, 'a ', text('b', 'strong'))], 'a **b**'],
    [
      'an unknown inline node',
      [p('a ', node('futureInline', { text: 'b' }), node('other', {}, 'c'))],
      'a bc',
    ],
    ['an unknown node without text', [node('extension', { key: 'x' }), p('a')], '\\[extension: x]\n\na'],
    ['an unknown node that says nothing', [p('a ', node('futureInline'))], 'a \\[futureInline]'],
    ['space inside of marks', [p('a', text(' b ', 'strong'), 'c')], 'a **b** c'],
    [
      'a picture from elsewhere',
      [node('mediaSingle', {}, node('media', { type: 'external', url: 'https://x.example/a.png' }))],
      '\\[image: <https://x.example/a.png>]',
    ],
    [
      'a smart link that describes its target',
      [p(node('inlineCard', { data: { name: 'Spec', url: 'https://x.example' } }))],
      '[Spec](https://x.example)',
    ],
    ['an unknown inline node that holds blocks', [p('a ', node('other', {}, p('b'), p('c')))], 'a b c'],
    ['HTML comments', [p('<!-- hidden -->')], '\\<!-- hidden -->'],
    [
      'a table without headers',
      [node('table', {}, row(cell(p('a')), cell(p('b'))))],
      '|   |   |\n| - | - |\n| a | b |',
    ],
    [
      'cells that span',
      [
        node(
          'table',
          {},
          row(node('tableHeader', { colspan: 2 }, p('a')), node('tableHeader', {}, p('b'))),
          row(node('tableHeader', { rowspan: 2 }, p('c')), cell(p('d')), cell(p('e'))),
          row(cell(p('f')), cell(p('g'))),
        ),
      ],
      '| a     |   | b |\n| ----- | - | - |\n| **c** | d | e |\n|       | f | g |',
    ],
    ['a table without rows', [node('table'), p('a')], 'a'],
    ['text where a block belongs', [text('a')], 'a'],
  ])('writes %s', (_name, content, expected) => {
    expect(markdown(...content)).toBe(expected);
  });

  it('writes the blocks of a table cell on one line', () => {
    const table = node(
      'table',
      {},
      row(node('tableHeader', {}, p(text('Case', 'strong'))), node('tableHeader', {}, p('Result'))),
      row(cell(p('one'), p('two')), cell(p('a|b', br, 'c'))),
      row(
        cell(bullets(item(p('x')), item(p('y'), bullets(item(p('z')))))),
        cell(node('codeBlock', {}, 'a\n  | `b`'), p(node('mention', { id: '1', text: '@Maria' }))),
      ),
      row(cell(), cell(node('panel', { panelType: 'info' }, p('note')), node('date', { timestamp: '0' }))),
    );
    expect(markdown(table)).toMatchInlineSnapshot(`
      "| **Case**          | Result                            |
      | ----------------- | --------------------------------- |
      | one<br>two        | a\\|b<br>c                         |
      | • x<br>• y<br>◦ z | \`a\`<br>\`\`   \\| \`b\` \`\`<br>@Maria   |
      |                   | **\\[info]**<br>note<br>1970-01-01 |"
    `);
  });

  it.each<[string, AdfNode]>([
    ['a row without cells', node('table', {}, row())],
    ['rows of different lengths', node('table', {}, row(cell(p('a'))), row(cell(p('b')), cell(p('c'))))],
  ])('writes %s without falling over', (_name, table) => {
    expect(markdown(table, p('after'))).toMatch(/after$/);
  });

  it('names the attachment that a media node shows', () => {
    const adf: AdfNode = {
      type: 'doc',
      content: [node('mediaSingle', {}, node('media', { id: 'f-1', alt: 'a.png' }))],
    };
    expect(adfToMarkdown(adf, { attachment: (alt) => `files/${alt}` })).toBe('\\[attachment: files/a.png]');
  });

  it('says that a version is not known, and shows what it can', () => {
    const written = adfToMarkdown({ type: 'doc', version: 7, content: [p('a')] });
    expect(written).toMatch(/^_\(Version 7 of .* is not known/);
    expect(written).toMatch(/\n\na$/);
  });

  it('writes plain text as the library would, whatever stands beside it', () => {
    const part = fc
      .array(fc.constantFrom(...'aZé1 ,.:@w-+=>)(?"', 'w.', 'https:', 'x'), { minLength: 1, maxLength: 8 })
      .map((parts) => parts.join(''));
    const piece = fc.oneof(
      part.map((value) => text(value)),
      part.map((value) => text(value, 'strong')),
      fc.constant(br),
      fc.constant(text('c', 'code')),
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 5 }), (content) => {
        const tree = p(...content);
        const parsed = fromMarkdown(markdown(tree), {
          extensions: [gfm()],
          mdastExtensions: [gfmFromMarkdown()],
        });
        const found = nodesOf(parsed);
        expect(
          found.every(({ type }) =>
            ['root', 'paragraph', 'text', 'strong', 'break', 'inlineCode', 'link'].includes(type),
          ),
        ).toBe(true);
        const letters = (value: string) => value.replaceAll(/\s/g, '');
        const shown = found.map((one) => ('value' in one ? one.value : '')).join('');
        expect(letters(shown)).toBe(letters(content.map((one) => one.text ?? '').join('')));
      }),
      { numRuns: 1_000, examples: ['www.éw.a', 'www.>w.a'].map((value) => [[text(value)]]) },
    );
  });

  it('makes one of marks and texts that follow each other', () => {
    expect(markdown(p(text('1'), text('. a')))).toBe('1\\. a');
    expect(markdown(p(text('a', 'strong'), text('@.a', 'strong')))).toBe('**a\\@.a**');
    expect(markdown(p(text('a', 'strong'), text(' '), text('b', 'strong')))).toBe('**a** **b**');
  });

  it('lets the caller write mentions', () => {
    const adf: AdfNode = { type: 'doc', content: [p(node('mention', { id: 'me', text: '@D' }), ' go')] };
    expect(adfToMarkdown(adf, { mention: (id, shown) => `${shown}/${id}` })).toBe('@D/me go');
  });

  it('shows the words of any tree, and lets no word become markup', () => {
    const types = [
      'paragraph',
      'bulletList',
      'orderedList',
      'listItem',
      'taskList',
      'taskItem',
      'panel',
      'heading',
    ];
    const more = [
      'blockquote',
      'expand',
      'table',
      'tableRow',
      'tableCell',
      'unknown',
      'decisionList',
      'caption',
    ];
    const leaf = fc
      .constantFrom(
        'word',
        '# word',
        '> word',
        '- word',
        '1. word',
        '<b>word',
        '![word](x)',
        '[word]: x',
        '```word',
      )
      .map((value) => text(value));
    const tree = fc.letrec<{ node: AdfNode }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.record({
          type: fc.constantFrom(...types, ...more),
          content: fc.array(tie('node'), { maxLength: 4 }),
        }),
      ),
    })).node;
    fc.assert(
      fc.property(fc.array(tree, { maxLength: 4 }), (content) => {
        const written = markdown(...content);
        const parsed = fromMarkdown(written, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
        const found = nodesOf(parsed).filter((one) => one.type !== 'html' || one.value !== '<br>');
        expect(found.filter(({ type }) => ['html', 'image', 'definition', 'code'].includes(type))).toEqual(
          [],
        );
        expect(count(JSON.stringify(parsed, ['type', 'children', 'value']), 'word')).toBe(
          count(JSON.stringify(content), 'word'),
        );
      }),
      { numRuns: 300 },
    );
  });
});

function nodesOf(root: Nodes): Nodes[] {
  return [root, ...('children' in root ? root.children.flatMap(nodesOf) : [])];
}

function count(haystack: string, needle: string): number {
  return haystack.split(needle).length - 1;
}
