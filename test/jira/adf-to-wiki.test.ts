import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adfToMarkdown } from '../../src/jira/adf-to-markdown.ts';
import { adfToWiki } from '../../src/jira/adf-to-wiki.ts';
import { markdownToAdf } from '../../src/jira/markdown-to-adf.ts';
import { wikiToAdf } from '../../src/jira/wiki-to-adf.ts';

const wiki = (markdown: string) => adfToWiki({ type: 'doc', content: markdownToAdf(markdown) });

describe('adfToWiki', () => {
  it.each([
    ['paragraphs', 'one\n\ntwo', 'one\n\ntwo'],
    ['a heading', '## Why', 'h2. Why'],
    ['marks', '**a** _b_ `c`', '*a* _b_ {{c}}'],
    ['lists', '- a\n- b\n  1. c\n  2. d', '* a\n* b\n*# c\n*# d'],
    ['code', '```ts\nconst a = [1];\n```', '{code}\nconst a = [1];\n{code}'],
    ['code that would end itself', '```\n{code}\n```', '{noformat}\n{code}\n{noformat}'],
    ['a link', '[docs](https://x.example/a|b)', '[docs|https://x.example/a%7Cb]'],
    ['a quote', '> a', '{quote}\na\n{quote}'],
  ])('writes %s', (_name, markdown, expected) => {
    expect(wiki(markdown)).toBe(expected);
  });

  it.each([
    '*not bold* _nor_ this',
    '[~maria] [x|https://evil.example]',
    '{code}x{code} {quote} {panel:title=a}',
    '!https://evil.example/i.png!',
    '-struck- +under+ ^up^ ~down~ ??cited??',
    '{{mono}}',
    '|a|b|',
    '* item',
    '# item',
    '- item',
    'h1. Title',
    'bq. quoted',
    '(x) and a - b',
  ])('lets no text become markup: %s', (text) => {
    const document = { type: 'doc', content: [{ type: 'paragraph', content: [{ type: 'text', text }] }] };
    const [block, ...more] = wikiToAdf(adfToWiki(document)).content ?? [];
    expect(more).toEqual([]);
    expect(block?.type).toBe('paragraph');
    expect((block?.content ?? []).filter(({ type, marks }) => type !== 'text' || marks)).toEqual([]);
    expect(
      (block?.content ?? [])
        .map((node) => node.text)
        .join('')
        .replace('\u2024', '.'),
    ).toBe(text);
  });

  it('keeps the words of what Dexter writes', () => {
    const part = fc.constantFrom(
      'w1w',
      '**w2w**',
      '`w3w`',
      '- w4w\n',
      '\n\n',
      ' ',
      '# w5w\n',
      '> w6w\n',
      '1. w7w\n',
      '```\nw8w\n```\n',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const content = markdownToAdf(parts.join(''));
        const back = adfToMarkdown(wikiToAdf(adfToWiki({ type: 'doc', content }))).replaceAll('&#x77;', 'w');
        for (const [word] of JSON.stringify(content).matchAll(/w\dw/g)) expect(back).toContain(word);
      }),
    );
  });
});
