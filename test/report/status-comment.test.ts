import fc from 'fast-check';
import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';
import { describe, expect, it } from 'vitest';
import type { Progress, Report } from '../../src/core/report.ts';
import { CommandStatus } from '../../src/core/status.ts';
import { commentMarker, renderStatusComment, type StatusFacts } from '../../src/report/status-comment.ts';
import { markdownText } from '../jira/markdown-text.ts';
import { hostileProblem, hostileReport, plan, problem, report, resumed } from './reports.ts';

const commandId = '0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b11';
const runUrl = 'https://github.com/acme/shop/actions/runs/77';
const options = { sameHost: 'https://github.com' };

const progress: Progress = {
  step: 'Editing src/cart.ts',
  turns: 3,
  lines: ['Reading src/cart.ts', 'Running npm test'],
  costUsd: 0.05,
};

const render = (facts: Partial<StatusFacts> & Pick<StatusFacts, 'status'>) =>
  renderStatusComment({ commandId, ...facts }, options);

describe('renderStatusComment of what was asked on the dashboard', () => {
  const byMaria = { instruction: 'add tests', onDashboardBy: 'maria' };
  const said = '> `add tests`\\\n> Asked on the dashboard by `maria`.';

  it.each(CommandStatus.options)('says at every time who asked what: %s', (status) => {
    const text = render({ status, ...byMaria, runUrl, progress, report, problem });
    expect(text.split(said)).toHaveLength(2);
    expect(text.split('add tests')).toHaveLength(2);
    expect(text.indexOf(said)).toBeGreaterThan(0);
  });

  it('says it before an answer', () => {
    expect(
      render({ status: 'done', instruction: 'stop', onDashboardBy: 'maria', answer: 'Nothing runs.' }),
    ).toBe(
      `> \`stop\`\\\n> Asked on the dashboard by \`maria\`.\n\nNothing runs.\n\n${commentMarker(commandId)}`,
    );
  });

  it('says who asked where nothing was understood', () => {
    expect(render({ status: 'refused', onDashboardBy: 'maria', problem })).toContain(
      '\n\n> Asked on the dashboard by `maria`.\n\n',
    );
  });

  it('shows hostile names as one line of code', () => {
    const text = render({ status: 'queued', onDashboardBy: '`@rob\n\n# Title <img src=x>' });
    expect(text).toContain('> Asked on the dashboard by `` `@rob # Title <img src=x> ``.');
  });
});

describe('renderStatusComment', () => {
  it('shows that a command was seen', () => {
    const text = render({ status: 'queued', instruction: 'add `tests`\nfor @maria' });
    expect(text).toMatchInlineSnapshot(`
      "👀 **On it.** Waiting for a runner.

      > \`\`add \`tests\` for @maria\`\`

      <!-- dexter:0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b11 -->"
    `);
    for (const status of ['received', 'preparing', 'dispatched'] as const) {
      expect(render({ status, instruction: 'add `tests`\nfor @maria' })).toBe(text);
    }
  });

  it('shows the steps of a run', () => {
    expect(render({ status: 'running', instruction: 'add tests', runUrl, progress })).toMatchInlineSnapshot(`
      "⏳ **Working** · [run](https://github.com/acme/shop/actions/runs/77) · 3 turns · $0.05 so far

      > \`add tests\`

      - [x] \`Reading src/cart.ts\`
      - [x] \`Running npm test\`
      - [ ] \`Editing src/cart.ts\`

      <!-- dexter:0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b11 -->"
    `);
  });

  it('shows a plan as one', () => {
    const text = render({ status: 'done', report: plan });
    expect(text).toContain('📋 **Planned, nothing changed** in 3 min 20 s');
    expect(text).toContain('1. Add `coupons.ts`.');
    expect(text).not.toContain('Commits');
    expect(render({ status: 'failed', problem, report: plan })).toContain('❌ **Failed**');
  });

  it('shows a run of which nothing is known yet', () => {
    expect(render({ status: 'running' })).toMatchInlineSnapshot(`
      "⏳ **Working**

      - [ ] Starting

      <!-- dexter:0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b11 -->"
    `);
  });

  it('shows what was done', () => {
    expect(render({ status: 'done', instruction: 'add tests', runUrl, report })).toMatchInlineSnapshot(`
      "✅ **Done** in 3 min 20 s · #5 · [run](https://github.com/acme/shop/actions/runs/77)\\
      Resumed (3 h old) · $0.11

      Added \`coupons.ts\` and tests.

      <details><summary>Session, tokens and cost</summary>

      | | |
      | --- | --- |
      | Commits | a1b2c3d4e \`Add coupons\`<br>b1b2c3d4e \`Add tests\` |
      | Turns | 7 |
      | Session | resumed (3 h old) |
      | Tokens | 35,469 input (34,567 read from the cache, 890 written to it, 12 uncached), 1,234 output |
      | Cost | $0.11 |

      </details>

      <!-- dexter:0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b11 -->"
    `);
  });

  it('shows how a run went on, what that cost, and what a cold start would have', () => {
    expect(render({ status: 'done', instruction: 'add tests', report: resumed })).toMatchInlineSnapshot(`
      "✅ **Done** in 3 min 20 s · #5\\
      Resumed (compacted, 3 h old) · $0.11 · 71 % less than a cold start

      Added \`coupons.ts\` and tests.

      <details><summary>Session, tokens and cost</summary>

      | | |
      | --- | --- |
      | Commits | a1b2c3d4e \`Add coupons\`<br>b1b2c3d4e \`Add tests\` |
      | Turns | 7 |
      | Session | compacted · 3 h old: the prompt cache has expired, and the copy is the cheapest way |
      | Tokens | 65,469 input (34,567 read from the cache, 30,000 written to it for 5 minutes, 890 written to it for 1 hour, 12 uncached), 1,234 output |
      | Cost | $0.11, of which $0.02 for the compacted copy for the next run |
      | Going on with it | $0.06 of that; $0.05 was expected before the run |
      | Cold start, estimated | $0.39 ($0.11 − $0.06 going on − $0.02 compacted copy + $0.36 gathering anew) · 940,000 input tokens |
      | Saved | $0.28 · 410,000 input tokens |

      <sub>A cold start is estimated as this run without what going on cost it.</sub>

      </details>

      <!-- dexter:0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b11 -->"
    `);
  });

  it('shows what the caches of MCP servers saved, where they were asked', () => {
    const mcp = [
      { server: 'jira', calls: 3, savedCalls: 2 },
      { server: 'a|b\\|`c`', calls: 1, savedCalls: 0 },
      { server: 'idle', calls: 0, savedCalls: 0 },
    ];
    const rowOf = (some: typeof mcp) =>
      /^\| MCP.*$/m.exec(render({ status: 'done', report: { ...report, mcp: some } }))?.[0];
    expect(rowOf(mcp)).toMatchInlineSnapshot(
      `"| MCP answers from the cache | \`jira\` 2 of 3 calls, \`\` a\\|b\\ \\|\`c\` \`\` 0 of 1 call |"`,
    );
    expect(rowOf(mcp.slice(2))).toBeUndefined();
  });

  it('shows what went wrong, and what was done all the same', () => {
    const failed = {
      ...report,
      outcome: 'failed' as const,
      problem,
      commits: [],
      costUsd: null,
      notices: ['The session was not found,\nso this one is new.', 'A limit of @acme was hit.'],
      denials: ['Bash(rm -rf /)', 'Bash(rm -rf /)', 'WebFetch'],
    };
    expect(render({ status: 'failed', problem, report: failed })).toMatchInlineSnapshot(`
      "❌ **Failed** in 3 min 20 s · #5\\
      Resumed (3 h old) · 36,703 tokens

      The push to \`dexter/DX-1\` was rejected, because the branch moved.

      Use \`retry\`.

      > ℹ️ The session was not found, so this one is new.
      >
      > ℹ️ A limit of \`@acme\` was hit.
      >
      > ⚠️ Not allowed and so not done: \`Bash(rm -rf /)\`, \`WebFetch\`. \`allowed-tools\` of the workflow allows more.

      Added \`coupons.ts\` and tests.

      <details><summary>Session, tokens and cost</summary>

      | | |
      | --- | --- |
      | Commits | none |
      | Turns | 7 |
      | Session | resumed (3 h old) |
      | Tokens | 35,469 input (34,567 read from the cache, 890 written to it, 12 uncached), 1,234 output |
      | Cost | unknown |

      </details>

      <!-- dexter:0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b11 -->"
    `);
  });

  it('shows a failure without a run', () => {
    expect(render({ status: 'failed', problem })).toMatchInlineSnapshot(`
      "❌ **Failed**

      The push to \`dexter/DX-1\` was rejected, because the branch moved.

      Use \`retry\`.

      <!-- dexter:0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b11 -->"
    `);
  });

  it('shows what was stopped', () => {
    const { pullRequest, ...rest } = report;
    expect(pullRequest).toBeDefined();
    expect(
      render({ status: 'cancelled', report: { ...rest, outcome: 'cancelled', summary: '' } }),
    ).toMatchInlineSnapshot(`
      "⏹️ **Stopped** in 3 min 20 s\\
      Resumed (3 h old) · $0.11

      <details><summary>Session, tokens and cost</summary>

      | | |
      | --- | --- |
      | Commits | a1b2c3d4e \`Add coupons\`<br>b1b2c3d4e \`Add tests\` |
      | Turns | 7 |
      | Session | resumed (3 h old) |
      | Tokens | 35,469 input (34,567 read from the cache, 890 written to it, 12 uncached), 1,234 output |
      | Cost | $0.11 |

      </details>

      <!-- dexter:0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b11 -->"
    `);
    expect(render({ status: 'cancelled' })).toBe(`⏹️ **Stopped**\n\n${commentMarker(commandId)}`);
  });

  it('shows a refusal and an expiry with their reasons', () => {
    expect(render({ status: 'refused', problem })).toMatchInlineSnapshot(`
      "🚫 **Not started**

      The push to \`dexter/DX-1\` was rejected, because the branch moved.

      Use \`retry\`.

      <!-- dexter:0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b11 -->"
    `);
    expect(render({ status: 'expired', problem: { ...problem, hint: '' } })).toMatchInlineSnapshot(`
      "⌛ **Expired**

      The push to \`dexter/DX-1\` was rejected, because the branch moved.

      <!-- dexter:0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b11 -->"
    `);
  });

  it('shows what Dexter answers itself', () => {
    expect(render({ status: 'done', answer: 'Nothing is running.' })).toBe(
      `Nothing is running.\n\n${commentMarker(commandId)}`,
    );
  });

  it('leaves out an address that is none', () => {
    for (const wrong of [
      '',
      'javascript:alert(1)',
      'https://x.example/) @everyone',
      'https://x.example\n\n# a',
    ]) {
      expect(render({ status: 'running', runUrl: wrong })).toBe(render({ status: 'running' }));
    }
  });

  it('names a commit only by what can be one', () => {
    const commits = [{ sha: '@everyone | x', title: 'a | b \\| c `d`' }];
    expect(render({ status: 'done', report: { ...report, commits } })).toContain(
      '| Commits | `` a \\| b \\ \\| c `d` `` |',
    );
  });

  it('counts what there is no room for', () => {
    const many = [...Array(2_000).keys()];
    const text = render({
      status: 'done',
      report: {
        ...report,
        commits: many.map((index) => ({ sha: 'a1b2c3d4e5', title: `Commit ${index} ${'x'.repeat(500)}` })),
        denials: many.map((index) => `Bash(${index}${'x'.repeat(500)})`),
        notices: many.map((index) => `Notice ${index} ${'x'.repeat(2_000)}`),
      },
    });
    expect(text).toContain('<br>and 1,980 more |');
    expect(text).toContain(', and 1,980 more.');
    expect(text.length).toBeLessThan(65_536);
  });

  it('does nothing to people and pages, whatever a run says', () => {
    const hostileProgress = fc.record({
      step: markdownText,
      turns: fc.nat(),
      lines: fc.array(markdownText, { maxLength: 5 }),
      costUsd: fc.constantFrom(null, 0, 0.5),
    });
    const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
    const facts = fc.record({
      commandId: fc.constant(commandId),
      status: fc.constantFrom(...CommandStatus.options),
      instruction: maybe(markdownText),
      runUrl: maybe(fc.oneof(fc.constant(runUrl), markdownText)),
      progress: maybe(hostileProgress),
      problem: maybe(hostileProblem),
      report: maybe(hostileReport),
    });
    fc.assert(
      fc.property(facts, (some) => {
        const text = renderStatusComment(some, options);
        expect(text.length).toBeLessThan(65_536);
        const root = fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
        expect(root.children.at(-1)).toMatchObject({ type: 'html', value: commentMarker(commandId) });
        const nodes = nodesOf(root);
        expect(nodes.filter(({ type }) => /^image|^definition|^footnote|Reference$/.test(type))).toEqual([]);
        // What was forgotten has no figures.
        const isFinished =
          some.report !== undefined &&
          !some.report.forgotten &&
          ['done', 'failed', 'cancelled'].includes(some.status);
        expect(valuesOf(nodes, 'html').filter((html) => !/^<(br|\/?sub)>$/.test(html))).toEqual([
          ...(isFinished ? ['<details><summary>Session, tokens and cost</summary>', '</details>'] : []),
          commentMarker(commandId),
        ]);
        expect(valuesOf(nodes, 'text').filter((shown) => /@[\p{L}\p{N}_]/u.test(shown))).toEqual([]);
        for (const node of nodes) {
          // The page of the run is the runner's word, not the model's.
          if (node.type === 'link' && node.url !== some.runUrl)
            expect(node.url).toMatch(/^https:\/\/github\.com(\/|$)/);
        }
        if (isFinished) expect(figuresIn(nodes)).toEqual(['', ...namesOf(some.report)]);
      }),
      { numRuns: 150 },
    );
  });
});

function namesOf(report: Report | undefined): string[] {
  const names = ['Commits', 'Turns', 'Session', 'Tokens', 'Cost'];
  if (report?.session && (report.session.resumption || report.saving)) names.push('Going on with it');
  if (report?.session && report.saving) names.push('Cold start, estimated', 'Saved');
  return names;
}

function nodesOf(root: Nodes): Nodes[] {
  return [root, ...('children' in root ? root.children.flatMap(nodesOf) : [])];
}

function valuesOf(nodes: Nodes[], type: 'html' | 'text'): string[] {
  return nodes.flatMap((node) => (node.type === type ? [node.value] : []));
}

/** The names in the last table, if each of its rows has two cells. */
function figuresIn(nodes: Nodes[]): string[] {
  const table = nodes.filter((node) => node.type === 'table').at(-1);
  return (table?.children ?? []).map(({ children: [name, value, ...more] }) =>
    value && more.length === 0
      ? (name?.children ?? []).map((part) => ('value' in part ? part.value : '')).join('')
      : '?',
  );
}
