import fc from 'fast-check';
import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';
import { describe, expect, it } from 'vitest';
import { parseCommand } from '../../src/commands/parse.ts';
import { breakClosing, inlineCode, longestText, neutralise } from '../../src/report/neutralise.ts';

const options = { sameHost: 'https://github.com' };

function nodesOf(markdown: string): Nodes[] {
  const walk = (node: Nodes): Nodes[] => [node, ...('children' in node ? node.children.flatMap(walk) : [])];
  return walk(fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }));
}

/** Everything that must not be in a neutral text, found by parsing it as GitHub would. */
function dangers(markdown: string): string[] {
  return nodesOf(markdown).flatMap((node) => {
    if (node.type === 'html' || node.type === 'image' || node.type === 'imageReference') return [node.type];
    if (node.type === 'link' && !node.url.startsWith('https://github.com/')) return [`link ${node.url}`];
    if (node.type === 'link' && /\/(?:issues|pull|discussions)\/\d/.test(node.url))
      return [`link ${node.url}`];
    if (node.type === 'text' && /#\d|\bGH-\d/i.test(node.value)) return [`reference ${node.value}`];
    if (node.type === 'linkReference' || node.type === 'definition') return [node.type];
    if (node.type === 'text' && /@[\p{L}\p{N}_]/u.test(node.value)) return [`mention ${node.value}`];
    return [];
  });
}

const table: [string, string][] = [
  ['Plain *text* with `code`.', 'Plain *text* with `code`.'],
  ['hi @bob and @org/team', 'hi `@bob` and `@org/team`'],
  ['@dexter go', '`@dexter` go'],
  ['@Dexter: go', '`@Dexter`: go'],
  ['@\u200bdexter', '`@dexter`'],
  ['&#64;dexter', '`@dexter`'],
  ['@<!-- x -->bob', '`@bob`'],
  ['@**bob**', '@**bob**'],
  ['mail a.b@c.de now', 'mail `a.b@c.de` now'],
  ['in `@bob` code', 'in `@bob` code'],
  ['```sh\nnpm i @scope/x\n```', '```sh\nnpm i @scope/x\n```'],
  ['```sh @bob\nx\n```', '```sh\nx\n```'],
  ['![alt](https://evil.example/x.png)', 'alt'],
  ['![](https://evil.example/x.png)', ''],
  ['![alt][x]\n\n[x]: https://evil.example', 'alt'],
  ['[![a](https://e.example/i.png)](https://e.example)', 'a (`https://e.example`)'],
  ['[text](https://evil.example "title")', 'text (`https://evil.example`)'],
  ['[text](javascript:alert(1))', 'text (`javascript:alert(1)`)'],
  ['[text](//evil.example)', 'text (`//evil.example`)'],
  ['[text](../../settings)', 'text (`../../settings`)'],
  ['[text](https://github.com.evil.example/x)', 'text (`https://github.com.evil.example/x`)'],
  ['[text](https://github.com@evil.example/x)', 'text (`https://github.com@evil.example/x`)'],
  ['[text](http://github.com/a)', 'text (`http://github.com/a`)'],
  ['[text](https://github.com/a/b "t")', '[text](https://github.com/a/b)'],
  ['https://github.com/a/b/tree/x', '<https://github.com/a/b/tree/x>'],
  ['https://github.com/a/b/pull/1', '`https://github.com/a/b/pull/1`'],
  ['Fixes [it](https://github.com/a/b/%69ssues/1)', 'Fixes it (`https://github.com/a/b/%69ssues/1`)'],
  ['Fixes #12, closes acme/other#3: GH-4', 'Fixes `#12`, closes `acme/other#3`: `GH-4`'],
  ['fixes &#35;1 and \\#2 and #<!-- x -->3', 'fixes `#1` and `#2` and `#3`'],
  ['resolves gh-1 by ann#2', 'resolves `gh-1` by `ann#2`'],
  ['# 1 is a heading, #one is not', '# 1 is a heading, #one is not'],
  ['see https://evil.example/x.', 'see `https://evil.example/x`.'],
  ['<https://evil.example>', '`https://evil.example`'],
  ['www.evil.example', '`http://www.evil.example`'],
  ['[a][b]\n\n[b]: https://evil.example "hid"', 'a (`https://evil.example`)'],
  ['[//]: # (hidden)', ''],
  ['<!-- hidden -->', ''],
  ['<!-- never closed', ''],
  ['a <!-- hidden --> b', 'a  b'],
  ['Promise<string>', 'Promise`<string>`'],
  ['<img src=x onerror=y>', '```html\n<img src=x onerror=y>\n```'],
  ['<details>\n\nshown\n\n</details>', '```html\n<details>\n```\n\nshown\n\n```html\n</details>\n```'],
  ['<b>@bob</b>', '`<b>@bob</b>`'],
  ['x <b>@bob</b> y', 'x `<b>@bob</b>` y'],
  ['a\u202eb\u2066c\u{e0041}d\u{e0100}e\u3164f\u00adg\ufeffh', 'abcdefgh'],
  ['a\u0000b\u001bc', 'abc'],
  ['note[^1]\n\n[^1]: @bob', 'note\\[1]\n\n`@bob`'],
  ['| a | b |\n| - | - |\n| @x | ![i](u) |', '| a | b |\n| - | - |\n| `@x` | i |'],
  ['- [ ] one\n- [x] two', '- [ ] one\n- [x] two'],
  ['line\r\nnext', 'line\nnext'],
];

describe('neutralise', () => {
  it.each(table)('makes %j harmless', (text, expected) => {
    const neutral = neutralise(text, options);
    expect(neutral).toBe(expected);
    expect(dangers(neutral)).toEqual([]);
  });

  it('keeps no link without a host to keep it for', () => {
    expect(neutralise('[a](https://github.com/x)')).toBe('a (`https://github.com/x`)');
  });

  it('shows nested text that no parser can follow as it is', () => {
    const deep = '> '.repeat(4_000);
    const neutral = neutralise(`${deep}@bob`, options);
    expect(neutral.startsWith('```')).toBe(true);
    expect(dangers(neutral)).toEqual([]);
  });

  it.each([
    'x'.repeat(20_000),
    '@a '.repeat(5_000),
    '*'.repeat(9_999),
    '<b>'.repeat(3_000),
    '\n- a'.repeat(2_600),
  ])('cuts a long text, and says so (%#)', (text) => {
    const neutral = neutralise(text, options);
    expect(neutral.length).toBeLessThanOrEqual(longestText);
    expect(dangers(neutral)).toEqual([]);
    expect(neutralise(neutral, options)).toBe(neutral);
  });

  it('says that a text was cut, also when it ends in a code block', () => {
    const neutral = neutralise(`\`\`\`\n${'x\n'.repeat(10_000)}`, options);
    expect(neutral).toMatch(/\n```\n\n\*Cut at 10,000 characters\.\*$/);
  });

  const dangerous = fc.constantFrom(
    ...table.map(([text]) => text),
    '@',
    'dexter',
    '@dexter',
    '`',
    '``',
    '```',
    '~~~',
    '<',
    '>',
    '<!--',
    '-->',
    '![',
    '](',
    ')',
    '[',
    ']',
    ']:',
    '\n',
    '\n\n',
    '    ',
    '> ',
    '- ',
    '1. ',
    '| ',
    '\\',
    '&#64;',
    '&#35;',
    '#1',
    'GH-1',
    'acme/shop',
    'https://github.com/a/b/issues/',
    '1',
    '&lt;',
    'https://',
    'evil.example',
    'javascript:',
    'http\\://',
    'www.',
    '*',
    '_',
    '~~',
    '[^1]',
    '\u200b',
    '\u{e0041}',
    '\r',
    '\t',
    '#',
    '=',
    '---',
  );
  const markdown = fc.array(
    fc.oneof({ weight: 4, arbitrary: dangerous }, fc.string(), fc.string({ unit: 'binary' })),
    { maxLength: 25 },
  );

  it('leaves no mention, image, HTML or foreign link in anything, and is done after one time', () => {
    fc.assert(
      fc.property(markdown, (parts) => {
        const neutral = neutralise(parts.join(''), options);
        expect(dangers(neutral)).toEqual([]);
        expect(neutral).not.toMatch(/(?![\n\t])[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/u);
        expect(neutralise(neutral, options)).toBe(neutral);
      }),
      { numRuns: 300 },
    );
  });

  it('never writes a command of its own', () => {
    fc.assert(
      fc.property(markdown, (parts) => {
        expect(parseCommand(neutralise(parts.join(''), options), 'dexter').outcome).toBe('none');
      }),
      { numRuns: 150 },
    );
  });
});

describe('breakClosing', () => {
  it.each([
    ['Fixes #12, closes acme/other#3', 'Fixes 12, closes acme/other 3'],
    ['resolved: GH-4', 'resolved: 4'],
    ['fix https://github.com/a/b/issues/3', 'fix github.com/a/b/issues/3'],
    ['close https://https://github.com/a/b/pull/3', 'close github.com/a/b/pull/3'],
    ['Follow-up of #12', 'Follow-up of #12'],
    ['Fix https://example.com/page/1', 'Fix https://example.com/page/1'],
  ])('makes %j into %j', (line, expected) => {
    expect(breakClosing(line)).toBe(expected);
  });
});

describe('inlineCode', () => {
  it.each([
    ['a', '`a`'],
    ['a `b` c', '``a `b` c``'],
    ['two\nlines', '`two lines`'],
    ['@bob <b> ![x](y)', '`@bob <b> ![x](y)`'],
    ['\u200b', ''],
    ['', ''],
  ])('shows %j', (text, expected) => {
    expect(inlineCode(text)).toBe(expected);
  });

  it('is one code span, whatever it holds', () => {
    fc.assert(
      fc.property(fc.oneof(dangerousText(), fc.string({ unit: 'binary' })), (text) => {
        const code = inlineCode(text);
        if (code === '') return;
        expect(nodesOf(code).map(({ type }) => type)).toEqual(['root', 'paragraph', 'inlineCode']);
      }),
    );
  });
});

function dangerousText() {
  return fc
    .array(fc.constantFrom('`', '``', '@a', '\n', '- ', '# ', ' ', '|', '<b>', 'x'), { maxLength: 12 })
    .map((parts) => parts.join(''));
}
