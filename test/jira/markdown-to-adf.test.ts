import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { validateAdf } from '../../demo/jira/validate-adf.ts';
import type { AdfNode } from '../../src/jira/adf.ts';
import { adfToMarkdown } from '../../src/jira/adf-to-markdown.ts';
import {
  adfDocument,
  adfLink,
  adfParagraph,
  adfText,
  markdownToAdf,
} from '../../src/jira/markdown-to-adf.ts';
import { markdownText } from './markdown-text.ts';

const code: AdfNode = { type: 'code' };

/** The tree in few words: `p(a strong(b))`. */
function short(nodes: AdfNode[]): string {
  return nodes
    .map((node) => {
      const name = node.type.replace('paragraph', 'p');
      const attrs = node.attrs ? Object.values(node.attrs).join(',') : '';
      if (node.type !== 'text') return `${name}${attrs && `:${attrs}`}(${short(node.content ?? [])})`;
      return (node.marks ?? []).reduce(
        (text, mark) => `${mark.type}${mark.attrs ? `:${mark.attrs.href}` : ''}[${text}]`,
        node.text ?? '',
      );
    })
    .join(' ');
}

describe('markdownToAdf', () => {
  it.each([
    ['', ''],
    ['a\n\nb', 'p(a) p(b)'],
    ['## Title', 'heading:2(Title)'],
    ['**a** *b* ~~c~~ `d`', 'p(strong[a]   em[b]   strike[c]   code[d])'],
    ['**a `b`**', 'p(strong[a ] code[b])'],
    ['***a __b__***', 'p(strong[em[a ]] strong[em[b]])'],
    ['[a](https://x.example)', 'p(link:https://x.example[a])'],
    ['[`a`](https://x.example)', 'p(link:https://x.example[code[a]])'],
    ['https://x.example', 'p(link:https://x.example[https://x.example])'],
    ['[a]()', 'p(a)'],
    ['[a](docs/a.md)', 'p(a)'],
    ['[a](javascript:alert(1))', 'p(a)'],
    ['[a](<https:// >)', 'p(a)'],
    ['- a\n- b\n  - c', 'bulletList(listItem(p(a)) listItem(p(b) bulletList(listItem(p(c)))))'],
    ['1. a\n2. b', 'orderedList(listItem(p(a)) listItem(p(b)))'],
    ['3. a', 'orderedList:3(listItem(p(a)))'],
    ['- [x] a\n- [ ] b', 'bulletList(listItem(p(☑  a)) listItem(p(☐  b)))'],
    ['-', 'bulletList(listItem(p( )))'],
    ['- ```\n  a\n  ```', 'bulletList(listItem(p( ) codeBlock(a)))'],
    ['- > a\n- # b\n- | c |\n  | - |', 'bulletList(listItem(p(a)) listItem(p(b)) listItem(p(c)))'],
    ['```ts\na\n```', 'codeBlock:ts(a)'],
    ['```\n```', 'codeBlock( )'],
    ['> a\n>\n> - b\n>\n> # c', 'blockquote(p(a) bulletList(listItem(p(b))) p(c))'],
    ['>', 'blockquote(p( ))'],
    ['***', 'rule()'],
    [
      '| a | b |\n| - | - |\n| c |  |',
      'table(tableRow(tableHeader(p(a)) tableHeader(p(b))) tableRow(tableCell(p(c)) tableCell(p())))',
    ],
    ['a\\\nb', 'p(a hardBreak() b)'],
    ['![a](https://x.example/i.png) b', 'p( b)'],
    ['<b>a</b> <!-- c -->', 'p(a  )'],
    ['<div>a</div>', ''],
    ['a[^1]\n\n[^1]: note\n\n    ```\n    code\n    ```', 'p(a [1]) p(note) codeBlock(code)'],
    ['[a][b]\n\n[b]: https://x.example', 'p(a)'],
  ])('builds %j', (markdown, expected) => {
    const content = markdownToAdf(markdown);
    expect(short(content)).toBe(expected);
    expect(validateAdf(adfDocument(content)).outcome).toBe('valid');
  });

  it('builds valid documents from any Markdown', () => {
    fc.assert(
      fc.property(markdownText, (markdown) => {
        const checked = validateAdf(JSON.parse(JSON.stringify(adfDocument(markdownToAdf(markdown)))));
        expect(checked.outcome === 'valid' ? '' : checked.problem).toBe('');
      }),
      { numRuns: 1500 },
    );
  });

  it('keeps plain words through Markdown and back', () => {
    const words = fc.array(fc.stringMatching(/^[a-z][a-z0-9_.*#-]{0,8}[a-z]$/), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(fc.array(words, { minLength: 1, maxLength: 4 }), (paragraphs) => {
        const adf = adfDocument(paragraphs.map((some) => adfParagraph(adfText(some.join(' ')))));
        expect(markdownToAdf(adfToMarkdown(adf))).toEqual(adf.content);
      }),
    );
  });
});

describe('adfText', () => {
  it('is never empty and never holds half a character', () => {
    expect(adfText('', code)).toEqual({ type: 'text', text: ' ', marks: [code] });
    expect(adfText('a\ud83d')).toEqual({ type: 'text', text: 'a\ufffd' });
  });
});

describe('adfLink', () => {
  it.each(['', 'javascript:alert(1)', 'not an address', '//x.example', 'https://'])(
    'shows the text alone for the address %j',
    (href) => {
      expect(adfLink('pull request', href)).toEqual({ type: 'text', text: 'pull request' });
    },
  );

  it('links to a web address', () => {
    expect(adfLink('a', 'https://x.example')).toEqual({
      type: 'text',
      text: 'a',
      marks: [{ type: 'link', attrs: { href: 'https://x.example' } }],
    });
  });
});
