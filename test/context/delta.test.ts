import { describe, expect, it } from 'vitest';
import { contextDelta, type Delta, isEmpty, renderDelta } from '../../src/context/delta.ts';
import { type ContextComment, type ContextItems, seenOf } from '../../src/context/items.ts';
import { hashOfSeen } from '../../src/core/context-seen.ts';

const long = Array.from({ length: 60 }, (_, index) => `Line ${index} says what the shop has to do.`).join(
  '\n',
);

function comment(id: number, text = `Comment ${id}.`, more: Partial<ContextComment> = {}): ContextComment {
  return { id: `jira:${id}`, title: `Maria on JIRA, ${id}`, text, isOwn: false, ...more };
}

const before: ContextItems = {
  fields: [
    { name: 'Summary', value: 'Coupons' },
    { name: 'Status', value: 'To Do' },
    { name: 'Labels', value: '' },
    { name: 'Description', value: long },
  ],
  comments: [comment(1), comment(2)],
  whole: ['jira:'],
  attachments: [{ id: '7', name: 'shop.log' }],
};

function changed(more: Partial<ContextItems>, fields: Record<string, string> = {}): ContextItems {
  const named = before.fields.map(({ name, value }) => ({ name, value: fields[name] ?? value }));
  return { ...before, fields: named, ...more };
}

const plenty = { text: 1_000_000, all: 1_000_000 };
const delta = (now: ContextItems, asked?: string) => contextDelta(seenOf(before), now, { asked });
const show = (now: ContextItems, asked?: string) => renderDelta(delta(now, asked), plenty).markdown;
const nothing: Delta = {
  fields: [],
  newComments: [],
  editedComments: [],
  removedComments: 0,
  newAttachments: [],
  removedAttachments: [],
  isRewritten: false,
};

describe('contextDelta', () => {
  it.each<[string, ContextItems, Partial<Delta>]>([
    ['nothing', before, {}],
    ['a new comment', changed({ comments: [...before.comments, comment(3)] }), { newComments: [comment(3)] }],
    [
      'an edited comment',
      changed({ comments: [comment(1, 'Other words.'), comment(2)] }),
      { editedComments: [comment(1, 'Other words.')] },
    ],
    ['a comment that is gone', changed({ comments: [comment(2)] }), { removedComments: 1 }],
    [
      'an answer of Dexter itself',
      changed({ comments: [...before.comments, comment(3, 'Done.', { isOwn: true })] }),
      {},
    ],
    [
      'a field from old to new',
      changed({}, { Status: 'In Review' }),
      { fields: [{ name: 'Status', before: 'To Do', after: 'In Review' }] },
    ],
    [
      'a field that was not there',
      changed({ fields: [...before.fields, { name: 'Sprint', value: '7' }] }),
      { fields: [{ name: 'Sprint', before: '', after: '7' }] },
    ],
    [
      'a field that is empty now',
      changed({}, { Summary: '' }),
      { fields: [{ name: 'Summary', before: 'Coupons', after: '' }] },
    ],
    ['nothing in a field that was not read', changed({ fields: before.fields.slice(1) }), {}],
    ['nothing in comments that were not all read', changed({ comments: [comment(2)], whole: [] }), {}],
    ['nothing in a ticket that was not read', { fields: [], comments: [], whole: [] }, {}],
    [
      'nothing in what is shown with the question',
      changed({ comments: [...before.comments, comment(3, 'Why?', { isApart: true })] }),
      {},
    ],
    [
      'attachments that came and went',
      changed({ attachments: [{ id: '8', name: 'screen.png' }] }),
      { newAttachments: ['screen.png'], removedAttachments: ['shop.log'] },
    ],
  ])('finds %s', (_name, now, expected) => {
    expect(delta(now)).toEqual({ ...nothing, ...expected });
    expect(isEmpty(delta(now))).toBe(Object.keys(expected).length === 0);
  });

  it('leaves out the comment that asked', () => {
    const now = changed({ comments: [...before.comments, comment(3, '@dexter go on')] });
    expect(isEmpty(delta(now, 'jira:3'))).toBe(true);
  });

  it.each([
    ['one changed line', long.replace('Line 7 says', 'Line 7 shouts'), false],
    ['paragraphs in another order', long.split('\n').reverse().join('\n'), false],
    ['a text of other words', 'Quite another matter, with nothing kept. '.repeat(40), true],
    [
      'the same and five times as much beside it',
      `${long}\n${'Also other things, at length. '.repeat(200)}`,
      false,
    ],
    ['no text any more', '', false],
  ])('calls a ticket rewritten or not: %s', (_name, Description, isRewritten) => {
    expect(delta(changed({}, { Description })).isRewritten).toBe(isRewritten);
  });

  it.each(['Acceptance criteria', 'Failing checks', 'Description of the pull request'])(
    'does not call a ticket rewritten for another text in %s',
    (name) => {
      const seen = seenOf({ ...before, fields: [{ name, value: long }] });
      const now = { ...before, fields: [{ name, value: 'Quite another matter, at last. '.repeat(40) }] };
      expect(contextDelta(seen, now)).toMatchObject({ fields: [{ name }], isRewritten: false });
    },
  );

  it('does not call a few changed words a rewritten ticket', () => {
    expect(delta(changed({}, { Summary: 'Vouchers' })).isRewritten).toBe(false);
  });
});

describe('hashOfSeen', () => {
  it('is the same in whatever order things were read, and another one after any change', () => {
    const seen = seenOf(before);
    const reversed = seenOf({
      ...before,
      fields: before.fields.toReversed(),
      comments: before.comments.toReversed(),
    });
    expect(hashOfSeen(reversed)).toBe(hashOfSeen(seen));
    const others = [
      changed({}, { Status: 'Done' }),
      changed({ comments: [comment(1), comment(2, 'x')] }),
      changed({ attachments: [] }),
    ].map((items) => hashOfSeen(seenOf(items)));
    expect(new Set([hashOfSeen(seen), ...others]).size).toBe(4);
  });
});

describe('renderDelta', () => {
  it('says in one line that nothing has changed', () => {
    expect(show(before)).toBe('Nothing has changed since the last message.');
  });

  it('shows what changed, and nothing else', () => {
    const now = changed(
      {
        comments: [comment(2, 'Second, edited.'), comment(3, 'Please hurry.\n\n```ts\nlet a;\n```')],
        attachments: [...(before.attachments ?? []), { id: '8', name: 'a\nb.png' }],
      },
      { Status: 'In Review', Labels: 'shop', Description: long.replace('Line 7 says', 'Line 7 shouts') },
    );
    expect(show(now)).toMatchInlineSnapshot(`
      "- Status: To Do → In Review
      - Labels: (none) → shop
      - New attachment: a b.png
      - 1 comment was removed

      ### Description, changed

      \`\`\`diff
       Line 5 says what the shop has to do.
       Line 6 says what the shop has to do.
      -Line 7 says what the shop has to do.
      +Line 7 shouts what the shop has to do.
       Line 8 says what the shop has to do.
       Line 9 says what the shop has to do.
      \`\`\`

      ### Edited: Maria on JIRA, 2

      Second, edited.

      ### New: Maria on JIRA, 3

      Please hurry.

      \`\`\`ts
      let a;
      \`\`\`"
    `);
  });

  it('shows a text as it is now when that is shorter than the difference, or when it is another one', () => {
    const other = 'Quite another matter. '.repeat(30).trim();
    expect(show(changed({}, { Description: other }))).toBe(`### Description, as it is now\n\n${other}`);
    expect(show(changed({}, { Description: '' }))).toBe('### Description, as it is now\n\n(none)');
    const mixed = long
      .split('\n')
      .map((line, index) => (index % 2 ? `${line} Or not.` : line))
      .join('\n');
    expect(show(changed({}, { Description: mixed }))).toContain('### Description, as it is now');
  });

  it('takes no longer for texts that have hardly a line in common', () => {
    const lines = (seed: number) =>
      Array.from({ length: 5_000 }, (_, index) => `${(index * seed) % 7919} same words here`).join('\n');
    const seen = seenOf(changed({}, { Description: lines(3) }));
    const found = contextDelta(seen, changed({}, { Description: lines(5) }));
    expect(renderDelta(found, plenty).markdown).toContain('as it is now');
  });

  it('leaves out the oldest news first, keeps the newest, and says so', () => {
    const comments = Array.from({ length: 12 }, (_, index) => comment(index + 10, `${index} `.repeat(500)));
    const now = changed({ comments: [...before.comments, ...comments] }, { Status: 'Done' });
    const { markdown, isWhole } = renderDelta(delta(now), { text: 8_000, all: 5_000 });
    expect(isWhole).toBe(false);
    expect(markdown.length).toBeLessThanOrEqual(5_000);
    expect(markdown).toContain('- Status: To Do → Done');
    expect(markdown).toContain('### New: Maria on JIRA, 21');
    expect(markdown).not.toContain('### New: Maria on JIRA, 10\n');
    expect(markdown).toMatch(/^\(\d+ more new or edited comments are left out here\)$/m);
    expect(renderDelta(delta(now), plenty).isWhole).toBe(true);
  });

  it('says that a text was shortened', () => {
    const now = changed({}, { Description: 'word '.repeat(4_000) });
    expect(renderDelta(delta(now), { text: 1_000, all: 50_000 })).toMatchObject({
      isWhole: false,
      markdown: expect.stringContaining('more characters are left out'),
    });
  });
});
