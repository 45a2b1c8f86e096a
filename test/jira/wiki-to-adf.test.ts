import fc from 'fast-check';
import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';
import { describe, expect, it } from 'vitest';
import { adfToMarkdown } from '../../src/jira/adf-to-markdown.ts';
import { wikiToAdf } from '../../src/jira/wiki-to-adf.ts';

const markdown = (...lines: string[]) => adfToMarkdown(wikiToAdf(lines.join('\n')));

describe('wikiToAdf', () => {
  it.each<[string, string[], string]>([
    ['nothing', [''], ''],
    ['paragraphs and line ends', ['one', 'two', '', 'three'], 'one\ntwo\n\nthree'],
    ['a forced line end', ['one\\\\ two'], 'one\ntwo'],
    ['a path of Windows', ['see \\\\server\\share'], 'see \\\\\\server\\share'],
    ['headings', ['h1. Title', 'text', 'h6. Small'], '# Title\n\ntext\n\n###### Small'],
    ['marks', ['a *b* _c_ -d- +e+ {{f}} ??g??'], 'a **b** _c_ ~~d~~ e `f` _g_'],
    ['marks in marks', ['*a _b_*'], '**a** **_b_**'],
    [
      'marks inside of words, which are none',
      ['2*3*4 snake_case_name a-b-c x - y - z'],
      '2\\*3\\*4 snake_case_name a-b-c x - y - z',
    ],
    ['raised and lowered', ['10^2^ H~2~O'], '10^2 H\\~2O'],
    [
      'code with a language',
      ['before', '{code:java}', 'int a = b[0]; // *x*', '{code}', 'after'],
      'before\n\n```java\nint a = b[0]; // *x*\n```\n\nafter',
    ],
    [
      'code with settings',
      ['{code:title=A.java|borderStyle=solid|language=sql}', 'x', '{code}'],
      '```sql\nx\n```',
    ],
    ['code that holds a fence', ['{code}', '```', '{code}'], '````\n```\n````'],
    ['noformat', ['{noformat}', '*a* {code}', '{noformat}'], '```\n*a* {code}\n```'],
    ['code that is not closed', ['{code}', 'a'], '{code}\na'],
    ['a quote', ['{quote}', 'a', '', 'b', '{quote}'], '> a\n>\n> b'],
    ['a short quote', ['bq. a *b*'], '> a **b**'],
    [
      'a panel',
      ['{panel:title=Note|bgColor=#fff}', '* a', '{panel}'],
      '> **\\[panel]**\n>\n> **Note**\n>\n> - a',
    ],
    ['a warning', ['{warning}', 'a', '{warning}'], '> **\\[warning]**\n>\n> a'],
    [
      'code in a panel',
      ['{panel}', '{code:js}', '{x: 1}', '{code}', '{panel}'],
      '> **\\[panel]**\n>\n> ```js\n> {x: 1}\n> ```',
    ],
    ['an expand', ['{expand:More}', 'a', '{expand}'], '**More**\n\na'],
    ['colours', ['a {color:red}b{color} c'], 'a b c'],
    ['a rule', ['a', '----', 'b'], 'a\n\n***\n\nb'],
    ['lists', ['* a', '* b', '# c', '- d'], '- a\n- b\n\n1. c\n\n- d'],
    ['nested lists', ['* a', '** b', '*** c', '* d'], '- a\n  - b\n    - c\n- d'],
    ['mixed lists', ['# a', '#* b', '#* c', '# d'], '1. a\n   - b\n   - c\n2. d'],
    ['an item of several lines', ['* a', 'more', '* b'], '- a\n  more\n- b'],
    ['code in an item', ['* a {code}x{code}', '* b'], '- a\n  ```\n  x\n  ```\n- b'],
    ['a list that begins deep', ['** a'], '- - a'],
    [
      'a table',
      ['||Case||Result||', '|a *b*|c|', '|d| |'],
      '| Case    | Result |\n| ------- | ------ |\n| a **b** | c      |\n| d       |        |',
    ],
    ['a table without headers', ['|a|b|'], '|   |   |\n| - | - |\n| a | b |'],
    [
      'a table with bars in links and code',
      ['|[a|https://x.example]|{{b|c}}|'],
      '|                        |        |\n| ---------------------- | ------ |\n| [a](https://x.example) | `b\\|c` |',
    ],
    [
      'a cell of several lines',
      ['|a', '* b', '* c|d|'],
      '|                 |   |\n| --------------- | - |\n| a<br>• b<br>• c | d |',
    ],
    [
      'links',
      ['[docs|https://x.example/a_b] [https://x.example] [a@b.example|mailto:a@b.example]'],
      '[docs](https://x.example/a_b) <https://x.example> <a@b.example>',
    ],
    ['words in brackets', ['an [option] and [a|b]'], 'an \\[option] and a (b)'],
    [
      'links with a title, and with too many bars',
      ['[a|https://x.example|tip] [a|b|c] [||a]'],
      '[a](https://x.example) (tip) \\[a|b|c] \\[||a]',
    ],
    ['mentions', ['[~maria] and [~accountid:5b10:x]'], '@maria and @5b10:x'],
    [
      'attachments',
      ['!screen shot.png|width=300! and [^log.txt]'],
      '\\[attachment: screen shot.png] and \\[attachment: log.txt]',
    ],
    ['a picture from elsewhere', ['!https://x.example/a.png!'], '\\[image: <https://x.example/a.png>]'],
    ['shouting', ['Wow! Really! now!'], 'Wow! Really! now!'],
    ['icons', ['(/) done (x) not; f(x) :)'], '✅ done ❌ not; f(x) :)'],
    ['escapes', ['\\*not bold\\* \\{code} \\[a]'], '\\*not bold\\* {code} \\[a]'],
    ['HTML', ['<!-- hidden --> <b>x</b>'], '\\<!-- hidden --> \\<b>x\\</b>'],
    ['line ends of Windows', ['a\r', '* b\r'], 'a\n\n- b'],
  ])('writes %s', (_name, lines, expected) => {
    expect(markdown(...lines)).toBe(expected);
  });

  it('keeps every word, whatever is around it, and never throws', () => {
    const piece = fc.constantFrom(
      ...['*', '_', '-', '+', '^', '~', '??', '{{', '}}', '[', ']', '|', '||', '!', '\\', '\n', '\n\n', ' '],
      ...[
        '{code}',
        '{code:java}',
        '{noformat}',
        '{quote}',
        '{panel}',
        '{panel:title=x}',
        '{expand}',
        '{color:red}',
      ],
      ...[
        'h1. ',
        'bq. ',
        '* ',
        '# ',
        '** ',
        '#* ',
        '- ',
        '----',
        '{color}',
        '(/)',
        '[~',
        '[^',
        '.png',
        '\u{f0000}',
      ],
    );
    const typing = fc.array(fc.oneof(piece, piece, fc.constant('word')), { maxLength: 60 });
    fc.assert(
      fc.property(typing, (parts) => {
        const typed = parts.join('');
        const count = (text: string) => text.split('word').length - 1;
        expect(count(words(markdown(typed)))).toBeGreaterThanOrEqual(count(typed));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    '{quote}',
    '{panel}{quote}',
    '{code}',
    '{{',
    '[',
    '*a ',
    '!a',
    '|',
    '* ',
    '**',
    '\\',
    '??a',
    '(x) ',
    '{color:',
  ])('takes 32,767 characters of %s', (piece) => {
    const text = piece.repeat(Math.floor(32_767 / piece.length));
    expect(() => markdown(text)).not.toThrow();
  });
});

/** What a reader of the Markdown sees. */
function words(written: string): string {
  const shown = (node: Nodes): string =>
    'children' in node ? node.children.map(shown).join('') : 'value' in node ? node.value : '';
  return shown(fromMarkdown(written, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }));
}
