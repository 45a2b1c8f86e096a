import fc from 'fast-check';
import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';
import { describe, expect, it } from 'vitest';
import type { CostSum, IssueRun } from '../../src/ledger/costs.ts';
import { issueCostMarkdown, totalLine } from '../../src/report/issue-cost.ts';
import { markdownText } from '../jira/markdown-text.ts';

const usage = {
  inputTokens: 10,
  cacheReadTokens: 60_000,
  cacheWriteTokens: 6_000,
  cacheWriteHourTokens: 0,
  outputTokens: 990,
};

const total: CostSum = {
  runs: 4,
  unknownRuns: 1,
  costUsd: 1.01,
  usage: { ...usage, cacheReadTokens: 993_000 },
  comparedRuns: 2,
  baselineCostUsd: 1.28,
  estimatedCostSaved: 0.27,
  estimatedTokensSaved: 410_000,
};

const run: IssueRun = {
  commandId: '0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b11',
  repository: 'acme/shop',
  endedAt: new Date('2026-05-04T03:02:59Z'),
  actor: { from: 'github', id: 1, login: 'maria', type: 'User' },
  ask: { kind: 'instruction', instruction: 'implement this\nwith care', flags: {} },
  model: 'claude-sonnet-4-5',
  choice: 'fresh',
  outcome: 'done',
  costUsd: 0.89,
  usage,
  baselineCostUsd: 0.87,
  estimatedCostSaved: -0.02,
  estimatedTokensSaved: -9,
};

const runs: IssueRun[] = [
  run,
  {
    ...run,
    endedAt: new Date('2026-05-05T13:00:00Z'),
    actor: { from: 'jira', accountId: 'a', displayName: 'Tom | @rob' },
    ask: { kind: 'instruction', instruction: 'x'.repeat(100), flags: {} },
    choice: 'compacted',
    costUsd: 0.12,
    estimatedCostSaved: 0.29,
  },
  { ...run, outcome: 'cancelled', choice: 'warm', costUsd: null, estimatedCostSaved: null },
  {
    ...run,
    outcome: 'lost',
    choice: null,
    ask: null,
    actor: { from: 'dexter' },
    costUsd: null,
    estimatedCostSaved: null,
  },
];

describe('issueCostMarkdown', () => {
  it('tells each run and all of them', () => {
    expect(issueCostMarkdown({ total, runs })).toMatchInlineSnapshot(`
      "**$1.01 for 4 runs · 21 % less than cold starts**

      | When (UTC) | Who | What | Session | Tokens | Cost | Saved |
      | --- | --- | --- | --- | ---: | ---: | ---: |
      | 2026-05-04 03:02 | \`maria\` | \`implement this\` | new | 67,000 | $0.89 | −$0.02 |
      | 2026-05-05 13:00 | \`Tom \\| @rob\` | \`xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…\` | compacted | 67,000 | $0.12 | $0.29 |
      | 2026-05-04 03:02 | \`maria\` | \`implement this\` (stopped) | warm | 67,000 | unknown | – |
      | 2026-05-04 03:02 | \`Dexter\` | – (no report) | – | unknown | unknown | – |
      | **All** | | 4 runs | | **1,000,000** | **$1.01** | **$0.27** |

      What 1 run cost is not known (no report came, or no price is known for the model); the sum leaves it out.

      Saved is against a cold start: what the same run is estimated to cost in a new session, which has to gather anew what the session knew. What going on cost and the compacted copies are counted as costs of the session. Runs that failed or were stopped are not compared."
    `);
  });

  it('says how many earlier runs it leaves out', () => {
    expect(issueCostMarkdown({ total, runs: runs.slice(2) })).toContain('| … | | 2 earlier runs | | | | |\n');
  });

  it('says that nothing has run', () => {
    expect(issueCostMarkdown({ total: { ...total, runs: 0 }, runs: [] })).toBe(
      'Nothing has run for this issue yet.',
    );
  });

  it.each<[Partial<CostSum>, string]>([
    [{}, '$1.01 for 4 runs · 21 % less than cold starts'],
    [{ estimatedCostSaved: -0.5, baselineCostUsd: 0.25 }, '$1.01 for 4 runs · 200 % more than cold starts'],
    [{ comparedRuns: 0, baselineCostUsd: 0, estimatedCostSaved: 0 }, '$1.01 for 4 runs'],
    [{ runs: 1, unknownRuns: 1, costUsd: 0 }, 'Unknown cost for 1 run · 21 % less than cold starts'],
  ])('sums up %o', (change, line) => {
    expect(totalLine({ ...total, ...change })).toBe(line);
  });

  it('mentions nobody and keeps its columns, whatever people are called and ask', () => {
    const hostile = fc.record({
      name: markdownText,
      instruction: markdownText,
    });
    fc.assert(
      fc.property(hostile, ({ name, instruction }) => {
        const told: IssueRun = {
          ...run,
          actor: { from: 'jira', accountId: 'a', displayName: name },
          ask: { kind: 'instruction', instruction, flags: {} },
        };
        const root = fromMarkdown(issueCostMarkdown({ total, runs: [told] }), {
          extensions: [gfm()],
          mdastExtensions: [gfmFromMarkdown()],
        });
        const nodes = nodesOf(root);
        expect(nodes.filter(({ type }) => /^(html|image|link|definition|footnote)/.test(type))).toEqual([]);
        expect(
          nodes.filter((node) => node.type === 'text' && /@[\p{L}\p{N}_]|#\d/u.test(node.value)),
        ).toEqual([]);
        const rows = nodes.filter((node) => node.type === 'tableRow');
        expect(rows.map(({ children }) => children.length)).toEqual([7, 7, 7, 7]);
      }),
    );
  });
});

function nodesOf(root: Nodes): Nodes[] {
  return [root, ...('children' in root ? root.children.flatMap(nodesOf) : [])];
}
