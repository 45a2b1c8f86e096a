import { expect, it } from 'vitest';
import { reckonSaving as reckonWith } from '../../action/reckon-saving.ts';
import type { Report } from '../../src/core/report.ts';
import type { SessionManifest } from '../../src/core/session.ts';
import { findPrices } from '../../src/pricing/find-prices.ts';

const sessionId = '0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b11';

const restored: SessionManifest = {
  format: 1,
  ref: { installationId: 1, repositoryId: 2, issueKey: 'DX-1' },
  generation: 1,
  parentGeneration: 0,
  sessionId,
  engine: 'claude-code',
  engineVersion: '2.1.330',
  model: 'claude-sonnet-4-5',
  effort: null,
  workingDirectory: '/work',
  baseCommit: null,
  headCommit: null,
  ticket: null,
  contextTokens: 105_000,
  costUsd: 0.9,
  figures: {
    lastRequestAt: '2026-01-01T00:00:00.000Z',
    cacheLife: '5m',
    baseTokens: 5_000,
    requests: 20,
    followUps: [],
    start: { contextTokens: 105_000, requests: 20, costUsd: 0.9 },
  },
  compacted: { sessionId, contextTokens: 15_000, summedUpTo: 1 },
  scrubRules: '1',
  createdAt: '2026-01-01T00:00:00.000Z',
  files: [],
};

const session = {
  id: sessionId,
  mode: 'resume',
  generation: 2,
  bytes: 1,
  contextTokens: 115_000,
  engineVersion: '2.1.330',
  model: 'claude-sonnet-4-5-20250929',
} as const;

const report: Report = {
  outcome: 'done',
  summary: '',
  session,
  usage: { inputTokens: 10, cacheReadTokens: 520_000, cacheWriteTokens: 9_990, outputTokens: 2_000 },
  costUsd: 0.3,
  turns: 5,
  durationMs: 1,
  commits: [],
  denials: [],
  notices: [],
};

const result = { stopReason: 'completed', contextTokens: 115_000, requests: 5 } as const;
const talk = { conversation: { mode: 'resume', restored }, result } as const;

const as = (choice: 'warm' | 'compacted' | 'fresh', model: string | null = session.model): Report => ({
  ...report,
  session: {
    ...session,
    model,
    resumption: {
      choice,
      reason: 'so it is',
      expectedUsd: { warm: 1, compacted: 1, fresh: 1 },
      expectedCacheRead: 0,
    },
  },
});

const reckonSaving = (said: Report, of: Parameters<typeof reckonWith>[1]) => reckonWith(said, of, findPrices);

it('reckons with the prices of the model, under whatever name it goes', () => {
  const { saving } = reckonSaving(report, talk);
  expect(saving?.goingOnCostUsd).toBeCloseTo(5 * 105_000 * 0.3e-6, 10);
  expect(saving?.estimatedCostSaved).toBeGreaterThan(0.3);
  expect(reckonSaving(as('warm'), talk).saving).toEqual(saving);
});

it('takes the compacted copy for what was brought back where it was', () => {
  expect(reckonSaving(as('compacted'), talk).saving?.method).toContain('15,000 tokens brought back');
});

it('compares tokens alone for a model without prices', () => {
  const { saving } = reckonSaving(as('warm', 'somebody-elses'), talk);
  expect(saving).toMatchObject({ estimatedCostSaved: null, estimatedTokensSaved: 410_000 });
  expect(reckonSaving(as('warm', null), talk).saving).toEqual(saving);
});

it('counts a run that had to begin anew as a cold start, whatever was chosen', () => {
  const { saving } = reckonSaving(as('warm'), { result, conversation: { mode: 'fresh' } });
  expect(saving).toMatchObject({ estimatedCostSaved: 0, method: 'This run was a cold start.' });
});

it('reckons nothing of a run that was cut short, or kept no session', () => {
  const cut = { ...talk, result: { ...result, stopReason: 'budget' as const } };
  expect(reckonSaving(report, cut).saving?.estimatedCostSaved).toBeNull();
  const { session: _, ...without } = report;
  expect(reckonSaving(without, talk)).toEqual({});
});
