import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ContextFacts, renderContext } from '../../src/context/render.ts';
import { jiraComment, jiraTicket } from '../fakes/jira-ticket.ts';
import { contextFacts } from './facts.ts';

const plenty = 100_000;

const comment = (index: number, text = `comment ${index}`) => ({
  id: index,
  author: `user${index}`,
  createdAt: `2026-01-0${index}T00:00:00Z`,
  text,
});

const asked = jiraComment();

const ticket = jiraTicket({ labels: ['shop', 'dexter'], comments: [asked] });

const pullRequest = {
  number: 5,
  title: 'Coupons',
  body: '',
  url: 'https://github.com/acme/shop/pull/5',
  branch: 'dexter/DX-1',
  base: 'main',
  sameRepository: true,
  state: 'open' as const,
  comments: [comment(2), comment(3)],
  olderComments: 4,
};

describe('renderContext', () => {
  it('shows a ticket and the pull request that asked on a line', () => {
    const facts: ContextFacts = {
      ticket,
      pullRequest,
      thread: { path: 'src/cart.ts', line: 7, hunk: '@@ -1 +1 @@\n-a\n+b', comments: [comment(1, 'Why?')] },
    };
    expect(renderContext(facts, plenty)).toMatchInlineSnapshot(`
      "# JIRA ticket DX-1: Coupons

      Link: https://acme.example/browse/DX-1
      Type: Story
      Status: To Do
      Labels: shop, dexter

      ## Description

      Add coupons.

      # Pull request #5: Coupons

      Link: https://github.com/acme/shop/pull/5
      Branch: dexter/DX-1 into main

      ## Description of the pull request

      (none)

      ## The review thread that asks

      ### Review of src/cart.ts, line 7

      \`\`\`diff
      @@ -1 +1 @@
      -a
      +b
      \`\`\`

      ### user1 on GitHub, 2026-01-01T00:00:00Z

      Why?

      ## Comments, oldest first

      (4 older comments are left out)

      ### Maria on JIRA, 2026-01-01T00:00:00Z

      Which ones?

      ### user2 on GitHub, 2026-01-02T00:00:00Z

      comment 2

      ### user3 on GitHub, 2026-01-03T00:00:00Z

      comment 3"
    `);
  });

  it('shows an issue, and the lines of a review', () => {
    const facts: ContextFacts = {
      issue: {
        number: 3,
        title: 'Coupons',
        body: '',
        url: 'https://github.com/acme/shop/issues/3',
        comments: [],
        olderComments: 1,
      },
      reviewLines: [
        { path: 'a.ts', line: undefined, hunk: '+a', comments: [comment(1)] },
        { path: 'b.ts', line: 2, hunk: '+b', comments: [] },
      ],
    };
    expect(renderContext(facts, plenty)).toMatchInlineSnapshot(`
      "# GitHub issue #3: Coupons

      Link: https://github.com/acme/shop/issues/3

      ## Description

      (none)

      ### Review of a.ts

      \`\`\`diff
      +a
      \`\`\`

      ### user1 on GitHub, 2026-01-01T00:00:00Z

      comment 1

      ### Review of b.ts, line 2

      \`\`\`diff
      +b
      \`\`\`

      ## Comments, oldest first

      (1 older comment is left out)"
    `);
  });

  it('is empty when nothing is known', () => {
    expect(renderContext({}, plenty)).toBe('');
  });

  it('never exceeds the limit, whatever it is told', () => {
    fc.assert(
      fc.property(contextFacts, fc.integer({ min: 0, max: 70_000 }), (facts, limit) => {
        expect(renderContext(facts, limit).length).toBeLessThanOrEqual(limit);
      }),
      { numRuns: 300 },
    );
  });

  it('puts the comments of the ticket and of the pull request in the order in which they were made', () => {
    const newer = { ...asked, createdAt: '2026-01-02T12:00:00.000Z' };
    const text = renderContext({ ticket: { ...ticket, comments: [newer] }, pullRequest }, plenty);
    expect(text.match(/^### .*$/gm)).toEqual([
      '### user2 on GitHub, 2026-01-02T00:00:00Z',
      '### Maria on JIRA, 2026-01-02T12:00:00.000Z',
      '### user3 on GitHub, 2026-01-03T00:00:00Z',
    ]);
  });

  it('leaves out the oldest comments first and says how many', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 12_000 }), { maxLength: 40 }),
        fc.integer({ min: 5_000, max: 60_000 }),
        fc.nat({ max: 500 }),
        (sizes, limit, olderComments) => {
          const comments = sizes.map((size, index) => ({
            ...comment(1, 'x'.repeat(size)),
            author: `nr${index}`,
          }));
          const text = renderContext({ pullRequest: { ...pullRequest, comments, olderComments } }, limit);
          const shown = [...text.matchAll(/^### nr(\d+) on GitHub/gm)].map(([, index]) => Number(index));
          expect(shown).toEqual([...comments.keys()].slice(comments.length - shown.length));
          const told = /^\((\d+) older comments? (?:is|are) left out\)$/m.exec(text)?.[1];
          expect(Number(told ?? 0)).toBe(olderComments + comments.length - shown.length);
          if (comments.length > 0) expect(shown.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('says how much of a long text is missing', () => {
    const description = 'abcdefghij'.repeat(5_000);
    const text = renderContext({ ticket: { ...ticket, description, comments: [] } }, 20_000);
    const [, kept = '', missing] = /\n\n([a-j]+)\n\n\((\d+) more characters are left out\)/.exec(text) ?? [];
    expect(kept.length).toBeGreaterThan(10_000);
    expect(kept.length + Number(missing)).toBe(description.length);
  });

  it('does not let a long ticket push out the thread that asks', () => {
    const facts: ContextFacts = {
      ticket: { ...ticket, description: 'long '.repeat(20_000) },
      pullRequest: { ...pullRequest, body: 'also long '.repeat(10_000) },
      thread: { path: 'src/cart.ts', line: 7, hunk: '+the line', comments: [comment(1, 'Why?')] },
    };
    const text = renderContext(facts, 30_000);
    expect(text).toContain('+the line');
    expect(text).toContain('Why?');
    expect(text).toContain('### Review of src/cart.ts, line 7');
    expect(text).toContain('# Pull request #5');
    expect(text.match(/more characters are left out/g)).toHaveLength(2);
  });

  it('keeps the end of a long hunk, where the line is that is talked about', () => {
    const hunk = [...Array(2_000).keys()].map((line) => `+line ${line}`).join('\n');
    const text = renderContext({ thread: { path: 'a', line: 2000, hunk, comments: [] } }, plenty);
    expect(text).toContain('+line 1999\n```');
    expect(text).not.toContain('+line 10\n');
    expect(text).toMatch(/```diff\n\+line \d+\n/);
  });

  it('fences a hunk so that nothing in it ends the fence', () => {
    const line = fc.oneof(
      fc.constantFrom('```', '````', ' ```', '~~~', '+```ts', '`'.repeat(9), ''),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 20 }), (lines) => {
        const hunk = lines.join('\n');
        const text = renderContext(
          { thread: { path: 'a', line: 1, hunk, comments: [comment(1, 'After')] } },
          plenty,
        );
        const fence = /^(`{3,})diff\n/m.exec(text)?.[1] ?? '';
        expect(hunk).not.toContain(fence);
        expect(text).toContain(`${fence}diff\n${hunk}\n${fence}\n\n### user1 on GitHub`);
      }),
    );
  });

  it('never cuts a character in two', () => {
    for (let limit = 600; limit < 630; limit += 1) {
      const text = renderContext({ ticket: { ...ticket, description: '😀'.repeat(500) } }, limit);
      expect(text.isWellFormed()).toBe(true);
    }
  });
});
