import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holdsNode, readAdf } from '../../src/jira/adf.ts';
import { adfToLiteralText, adfToMarkdown } from '../../src/jira/adf-to-markdown.ts';

const text = (value: string) => ({ type: 'text', text: value });

/** As deep as asked, a new word on each level. */
function nested(type: string, depth: number): unknown {
  let inner: unknown = text('bottom');
  for (let level = depth; level > 0; level -= 1)
    inner = { type, content: [{ type: 'paragraph', content: [text(`level${level}`)] }, inner] };
  return { type: 'doc', version: 1, content: [inner] };
}

describe('readAdf', () => {
  it.each([undefined, null, 5, 'text', [], {}, { type: 5 }])('takes %j for no document', (value) => {
    expect(readAdf(value)).toBeUndefined();
  });

  it('leaves out members of the wrong kind, and takes strings for text', () => {
    const value = {
      type: 'doc',
      version: '1',
      content: [
        null,
        'a',
        5,
        { type: 'text', text: 7, marks: [null, { type: 'strong' }], attrs: [], content: {} },
      ],
    };
    expect(readAdf(value)).toEqual({
      document: { type: 'doc', content: [text('a'), { type: 'text', marks: [{ type: 'strong' }] }] },
      removed: 0,
    });
  });

  it('removes invisible characters from texts and attributes, and counts them', () => {
    const value = {
      type: 'doc',
      content: [text('a\u200bb'), { type: 'status', attrs: { text: '\u202eok' } }],
    };
    expect(readAdf(value)).toEqual({
      document: { type: 'doc', content: [text('ab'), { type: 'status', attrs: { text: 'ok' } }] },
      removed: 2,
    });
  });

  it.each(['panel', 'blockquote', 'bulletList', 'listItem', 'table', 'expand', 'hologram'])(
    'keeps every word of 10,000 levels of %s',
    (type) => {
      const read = readAdf(nested(type, 10_000));
      const written = adfToMarkdown(read?.document ?? { type: 'doc' });
      for (const word of ['level1', 'level60', 'level5000', 'level10000', 'bottom'])
        expect(written).toMatch(new RegExp(`${word}(?!\\d)`));
      expect(adfToLiteralText(read?.document ?? { type: 'doc' })).toContain('bottom');
    },
  );

  it('finds a node at any depth', () => {
    const depth = nested('panel', 10_000);
    expect(holdsNode(depth, 'text')).toBe(true);
    expect(holdsNode(depth, 'mention')).toBe(false);
  });

  it('makes something of any JSON, and loses no text of it', () => {
    const types = [
      ...[
        'paragraph',
        'heading',
        'bulletList',
        'orderedList',
        'listItem',
        'taskList',
        'taskItem',
        'decisionList',
      ],
      ...[
        'decisionItem',
        'panel',
        'blockquote',
        'expand',
        'table',
        'tableRow',
        'tableCell',
        'tableHeader',
        'rule',
      ],
      ...[
        'codeBlock',
        'layoutSection',
        'layoutColumn',
        'mediaSingle',
        'caption',
        'bodiedExtension',
        'hologram',
      ],
    ];
    let words = 0;
    const leaf = fc.constantFrom('', 'strong', 'em', 'code', 'link', 'strike', 'subsup').map((mark) => {
      words += 1;
      const marks = mark === '' ? [] : [{ type: mark, attrs: { href: 'https://x.example' } }];
      return { type: 'text', text: `w${words}w`, marks };
    });
    const tree = fc.letrec<{ node: object }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 6 },
        leaf,
        fc.record({
          type: fc.constantFrom(...types),
          attrs: fc.constantFrom(
            {},
            { level: 2 },
            { order: 4 },
            { state: 'DONE' },
            { colspan: 3, rowspan: 2 },
          ),
          content: fc.array(tie('node'), { maxLength: 4 }),
        }),
      ),
    })).node;
    fc.assert(
      fc.property(fc.array(tree, { maxLength: 4 }), (content) => {
        const document = { type: 'doc', version: 1, content };
        const read = readAdf(document);
        // Beside the marks of Markdown a letter may have to be written by its number.
        const written = adfToMarkdown(read?.document ?? { type: 'doc' }).replaceAll('&#x77;', 'w');
        const literal = adfToLiteralText(read?.document ?? { type: 'doc' });
        for (const [, word = ''] of JSON.stringify(content).matchAll(/"text":"(w\d+w)"/g)) {
          expect(written).toContain(word);
          expect(literal).toContain(word);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('never throws, whatever the JSON is', () => {
    const json = fc.jsonValue({ maxDepth: 8 });
    const doc = json.map((value) => ({
      type: 'doc',
      version: 1,
      content: [value, { type: 'table', content: value }],
    }));
    fc.assert(
      fc.property(fc.oneof(json, doc), (value) => {
        const read = readAdf(value);
        if (read) expect(typeof adfToMarkdown(read.document)).toBe('string');
      }),
    );
  });
});
