import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { validateAdf } from '../../demo/jira/validate-adf.ts';
import { endStatuses } from '../../src/core/status.ts';
import type { AdfNode } from '../../src/jira/adf.ts';
import { adfToMarkdown } from '../../src/jira/adf-to-markdown.ts';
import { renderTicketEnd, renderTicketStart, type TicketEndFacts } from '../../src/report/ticket-comment.ts';
import { markdownText } from '../jira/markdown-text.ts';
import { hostileProblem, hostileReport, plan, problem, report, resumed } from './reports.ts';

const options = { sameHost: 'https://github.com' };
const pullRequest = { number: 5, url: 'https://github.com/acme/shop/pull/5' };

/** As a person reads it. */
const end = (facts: TicketEndFacts) => adfToMarkdown(renderTicketEnd(facts, options));

describe('a ticket comment on what was asked on the dashboard', () => {
  it('says who asked', () => {
    const begun = renderTicketStart('acme/shop', 'add tests', 'maria');
    expect(adfToMarkdown(begun)).toContain('`add tests` · asked on the dashboard by maria');
    expect(validateAdf(begun).outcome).toBe('valid');
  });

  it.each(endStatuses)('says at the end who asked what: %s', (status) => {
    const facts: TicketEndFacts = {
      status,
      instruction: 'add tests',
      onDashboardBy: 'maria',
      report,
      problem,
    };
    expect(end(facts)).toContain('Asked on the dashboard by maria: `add tests`');
  });

  it('says it before an answer, and who asked where nothing was understood', () => {
    expect(
      end({ status: 'done', instruction: 'stop', onDashboardBy: 'maria', answer: 'Nothing runs.' }),
    ).toMatch(/^Asked on the dashboard by maria: `stop`\n\nNothing runs\./);
    expect(end({ status: 'refused', onDashboardBy: 'maria', problem })).toContain('by maria.');
  });

  it('is a valid document for any name and instruction', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (name, instruction) => {
        const facts: TicketEndFacts = { status: 'done', instruction, onDashboardBy: name, report };
        return (
          validateAdf(renderTicketEnd(facts, options)).outcome === 'valid' &&
          validateAdf(renderTicketStart('acme/shop', instruction, name)).outcome === 'valid'
        );
      }),
    );
  });
});

describe('renderTicketStart', () => {
  it('says where the work begins, and on what', () => {
    expect(renderTicketStart('acme/shop', 'add tests\nand docs')).toEqual({
      type: 'doc',
      version: 1,
      content: [
        {
          type: 'paragraph',
          content: [
            { type: 'text', text: '👀 ' },
            { type: 'text', text: 'On it', marks: [{ type: 'strong' }] },
            { type: 'text', text: ' in acme/shop: ' },
            { type: 'text', text: 'add tests', marks: [{ type: 'code' }] },
          ],
        },
      ],
    });
  });

  it('is a valid document for any instruction', () => {
    const long = fc
      .tuple(fc.constantFrom('😀', 'x', ' '), fc.nat({ max: 300 }))
      .map(([one, times]) => one.repeat(times));
    fc.assert(
      fc.property(fc.oneof(markdownText, long), (instruction) => {
        const document = renderTicketStart('acme/shop', instruction);
        expect(validateAdf(JSON.parse(JSON.stringify(document))).outcome).toBe('valid');
        expect(textsOf(document).every((text) => text.isWellFormed())).toBe(true);
      }),
    );
  });
});

describe('renderTicketEnd', () => {
  it('tells what was done and where the pull request is', () => {
    expect(end({ status: 'done', report, pullRequest })).toMatchInlineSnapshot(`
      "**✅ Done** in 3 min 20 s · [pull request #5](https://github.com/acme/shop/pull/5)
      Resumed (3 h old) · $0.11

      Added \`coupons.ts\` and tests.

      **Session, tokens and cost**

      | Commits     | 2                                                                                       |
      | ----------- | --------------------------------------------------------------------------------------- |
      | **Turns**   | 7                                                                                       |
      | **Session** | resumed (3 h old)                                                                       |
      | **Tokens**  | 35,469 input (34,567 read from the cache, 890 written to it, 12 uncached), 1,234 output |
      | **Cost**    | $0.11                                                                                   |"
    `);
  });

  it('tells how a run went on, what that cost, and what a cold start would have', () => {
    expect(end({ status: 'done', report: resumed })).toMatchInlineSnapshot(`
      "**✅ Done** in 3 min 20 s
      Resumed (compacted, 3 h old) · $0.11 · 71 % less than a cold start

      Added \`coupons.ts\` and tests.

      **Session, tokens and cost**

      | Commits                   | 2                                                                                                                                      |
      | ------------------------- | -------------------------------------------------------------------------------------------------------------------------------------- |
      | **Turns**                 | 7                                                                                                                                      |
      | **Session**               | compacted · 3 h old: the prompt cache has expired, and the copy is the cheapest way                                                    |
      | **Tokens**                | 65,469 input (34,567 read from the cache, 30,000 written to it for 5 minutes, 890 written to it for 1 hour, 12 uncached), 1,234 output |
      | **Cost**                  | $0.11, of which $0.02 for the compacted copy for the next run                                                                          |
      | **Going on with it**      | $0.06 of that; $0.05 was expected before the run                                                                                       |
      | **Cold start, estimated** | $0.39 ($0.11 − $0.06 going on − $0.02 compacted copy + $0.36 gathering anew) · 940,000 input tokens                                    |
      | **Saved**                 | $0.28 · 410,000 input tokens                                                                                                           |

      _A cold start is estimated as this run without what going on cost it._"
    `);
  });

  it('tells what went wrong, and what was done all the same', () => {
    const failed = {
      ...report,
      turns: 1,
      commits: report.commits.slice(1),
      notices: ['No session was found.'],
    };
    expect(end({ status: 'failed', report: failed, problem })).toMatchInlineSnapshot(`
      "**❌ Failed** in 3 min 20 s
      Resumed (3 h old) · $0.11

      The push to \`dexter/DX-1\` was rejected, because the branch moved.

      Use \`retry\`.

      No session was found.

      Added \`coupons.ts\` and tests.

      **Session, tokens and cost**

      | Commits     | 1                                                                                       |
      | ----------- | --------------------------------------------------------------------------------------- |
      | **Turns**   | 1                                                                                       |
      | **Session** | resumed (3 h old)                                                                       |
      | **Tokens**  | 35,469 input (34,567 read from the cache, 890 written to it, 12 uncached), 1,234 output |
      | **Cost**    | $0.11                                                                                   |"
    `);
  });

  it.each([
    ['failed', '**❌ Failed**'],
    ['cancelled', '**⏹️ Stopped**'],
    ['refused', '**🚫 Not started**'],
    ['expired', '**⌛ Expired**'],
  ] as const)('tells a command that was %s without a run', (status, title) => {
    expect(end({ status, problem })).toBe(`${title}\n\n${problem.message}\n\n${problem.hint}`);
  });

  it('tells what Dexter answers itself', () => {
    expect(
      end({ status: 'done', answer: 'Known:\n\n| a | b |\n| - | - |\n| `c` | d |' }),
    ).toMatchInlineSnapshot(`
      "Known:

      | a   | b |
      | --- | - |
      | \`c\` | d |"
    `);
  });

  it('is a valid document that mentions nobody, whatever a run says', () => {
    const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
    const facts = fc.record({
      status: fc.constantFrom(...endStatuses),
      problem: maybe(hostileProblem),
      report: maybe(hostileReport),
      pullRequest: maybe(fc.record({ number: fc.nat(), url: fc.oneof(fc.constant(''), markdownText) })),
    });
    fc.assert(
      fc.property(facts, (some) => {
        const document = JSON.parse(JSON.stringify(renderTicketEnd(some, options)));
        const checked = validateAdf(document);
        expect(checked.outcome === 'valid' ? '' : checked.problem).toBe('');
        expect(textsOf(document).every((text) => text.isWellFormed())).toBe(true);
        for (const { type, attrs } of nodesOf(document)) {
          expect(type).not.toBe('mention');
          if (type === 'link' && attrs?.href !== some.pullRequest?.url) {
            expect(attrs?.href).toMatch(/^https:\/\/github\.com(\/|$)/);
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it('cuts what a run says too often', () => {
    const notices = [...Array(1_000).keys()].map((index) => `Notice ${index} ${'x'.repeat(2_000)}`);
    const text = textsOf(renderTicketEnd({ status: 'done', report: { ...report, notices } }, options)).join(
      '',
    );
    expect(text.length).toBeLessThan(32_767);
  });
});

function nodesOf(node: AdfNode): AdfNode[] {
  return [node, ...(node.marks ?? []), ...(node.content ?? []).flatMap(nodesOf)];
}

function textsOf(node: AdfNode): string[] {
  return [...(node.text === undefined ? [] : [node.text]), ...(node.content ?? []).flatMap(textsOf)];
}

describe('a plan', () => {
  it('is shown as one, without anything that came of it', () => {
    const text = end({ status: 'done', report: plan });
    expect(text).toContain('Planned, nothing changed');
    expect(text).toContain('1. Add `coupons.ts`.');
    expect(text).not.toContain('Commits');
    expect(end({ status: 'failed', problem, report: plan })).toContain('Failed');
  });
});
