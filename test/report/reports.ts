import fc from 'fast-check';
import { errorCodes, type Problem } from '../../src/core/errors.ts';
import type { Report } from '../../src/core/report.ts';
import { StoreName } from '../../src/core/session.ts';
import { markdownText } from '../jira/markdown-text.ts';

const session: NonNullable<Report['session']> = {
  id: '0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b11',
  mode: 'resume',
  generation: 2,
  ageSeconds: 3 * 3600,
  bytes: 1000,
  contextTokens: 2000,
  engineVersion: '2.1.330',
  model: 'claude-sonnet-4-5',
};

export const report: Report = {
  outcome: 'done',
  summary: 'Added `coupons.ts` and tests.',
  session,
  usage: { inputTokens: 12, cacheReadTokens: 34_567, cacheWriteTokens: 890, outputTokens: 1_234 },
  costUsd: 0.1134,
  turns: 7,
  durationMs: 200_000,
  commits: [
    { sha: 'a1b2c3d4e5f60718293a4b5c6d7e8f9012345678', title: 'Add coupons' },
    { sha: 'b1b2c3d4e5f60718293a4b5c6d7e8f9012345678', title: 'Add tests' },
  ],
  pullRequest: { number: 5, url: 'https://github.com/acme/shop/pull/5', branch: 'dexter/DX-1' },
  denials: [],
  notices: [],
};

/** A plan, which leaves nothing but its words. */
const { pullRequest: _, ...withoutPullRequest } = report;
export const plan: Report = {
  ...withoutPullRequest,
  kind: 'plan',
  summary: '1. Add `coupons.ts`.',
  commits: [],
};

/** The same of a run that went on with a compacted copy and made the next one. */
export const resumed: Report = {
  ...report,
  usage: { ...report.usage, cacheWriteTokens: 30_890, cacheWriteHourTokens: 890 },
  session: {
    ...session,
    resumption: {
      choice: 'compacted',
      reason: '3 h old: the prompt cache has expired, and the copy is the cheapest way',
      expectedUsd: { warm: 0.42, compacted: 0.05, fresh: 0.31 },
      expectedCacheRead: 0,
    },
    compaction: { outcome: 'compacted', contextTokens: 15_000, costUsd: 0.021, durationMs: 9_000 },
  },
  saving: {
    baseline: 'cold-start',
    baselineCostUsd: 0.391,
    baselineTokens: 940_000,
    goingOnCostUsd: 0.06,
    method: 'A cold start is estimated as this run without what going on cost it.',
    estimatedTokensSaved: 410_000,
    estimatedCostSaved: 0.2776,
  },
};

export const problem: Problem = {
  code: 'push-rejected',
  message: 'The push to `dexter/DX-1` was rejected, because the branch moved.',
  hint: 'Use `retry`.',
};

export const hostileProblem: fc.Arbitrary<Problem> = fc.record({
  code: fc.constantFrom(...errorCodes),
  message: markdownText,
  hint: markdownText,
});

/** A report in which everything that is text may do harm. */
export const hostileReport: fc.Arbitrary<Report> = fc.record({
  outcome: fc.constantFrom('done', 'failed', 'cancelled'),
  summary: fc.oneof(
    markdownText,
    markdownText.map((text) => text.repeat(8)),
  ),
  session: fc.oneof(
    fc.constantFrom(undefined, session),
    markdownText.map((reason) => ({
      ...session,
      resumption: {
        choice: 'compacted' as const,
        reason,
        expectedUsd: { warm: 0.42, compacted: 0.05, fresh: null },
        expectedCacheRead: 0,
      },
    })),
  ),
  saving: fc.option(
    markdownText.map((method) => ({
      baseline: 'cold-start' as const,
      baselineCostUsd: 0.391,
      baselineTokens: 940_000,
      goingOnCostUsd: 0.06,
      method,
      estimatedTokensSaved: -410_000,
      estimatedCostSaved: -0.2776,
    })),
    { nil: undefined },
  ),
  forgotten: fc.option(
    fc.array(
      fc.record({
        store: fc.constantFrom(...StoreName.options),
        generations: fc.nat(),
        problem: fc.option(markdownText, { nil: undefined }),
      }),
      { maxLength: 4 },
    ),
    { nil: undefined },
  ),
  usage: fc.constant(report.usage),
  costUsd: fc.constantFrom(null, 0, 1e-9, 3.5),
  turns: fc.nat(),
  durationMs: fc.nat(),
  commits: fc.array(
    fc.record({ sha: fc.oneof(fc.constant('a1b2c3d4e5f6'), markdownText), title: markdownText }),
    { maxLength: 6 },
  ),
  pullRequest: fc.option(
    fc.record({ number: fc.integer({ min: 1 }), url: markdownText, branch: markdownText }),
    { nil: undefined },
  ),
  denials: fc.array(markdownText, { maxLength: 6 }),
  notices: fc.array(markdownText, { maxLength: 3 }),
});
