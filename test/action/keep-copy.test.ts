import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type CopyWork, countCopy, type EndedRun, type KeptCopy, keepCopy } from '../../action/keep-copy.ts';
import { emptyReport } from '../../action/report.ts';
import { AppError } from '../../src/core/errors.ts';
import { noUsage, type Usage } from '../../src/core/report.ts';
import type { SessionManifest } from '../../src/core/session.ts';
import type { Engine, EngineResult } from '../../src/engines/engine.ts';
import { findPrices } from '../../src/pricing/find-prices.ts';
import { transcriptPath } from '../../src/sessions/session-files.ts';
import { fakeEngine } from '../fakes/fake-engine.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

const model = 'claude-sonnet-4-5';
const usage: Usage = { inputTokens: 1, cacheReadTokens: 20, cacheWriteTokens: 300, outputTokens: 4_000 };
const asked: KeptCopy = {
  usage,
  costUsd: 0.05,
  lastRequestAt: new Date(0),
};
const nothing: KeptCopy = { ...asked, usage: noUsage, costUsd: null };

function counted(costUsd: number | null, copy: KeptCopy) {
  const report = { ...emptyReport(), usage, costUsd };
  countCopy(report, copy);
  return report;
}

it.each<[string, number | null, KeptCopy, number | null]>([
  ['the sum of both', 0.5, asked, 0.55],
  ['unknown when that of the run is', null, asked, null],
  ['unknown when that of the copy is', 0.5, { ...asked, costUsd: null }, null],
  ['that of the run when nothing was asked for a copy', 0.5, nothing, 0.5],
  ['unknown when that of the run is and nothing was asked', null, nothing, null],
])('says of the cost of a run: %s', (_name, costUsd, copy, expected) => {
  expect(counted(costUsd, copy).costUsd).toBe(expected);
});

it('counts the tokens of the copy', () => {
  const twice = { inputTokens: 2, cacheReadTokens: 40, cacheWriteTokens: 600, outputTokens: 8_000 };
  expect(counted(0.5, asked)).toMatchObject({
    usage: twice,
  });
  expect(counted(0.5, nothing)).toMatchObject({ usage });
});

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

const wholeId = '0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b11';
const earlierId = '0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b12';
const pathOf = (sessionId: string) => join(directory.path, transcriptPath(sessionId));
const line = (uuid: string, parentUuid: string | null) =>
  `${JSON.stringify({ type: 'user', uuid, parentUuid, message: { role: 'user', content: uuid } })}\n`;
const before = line('one', null);

const manifest: SessionManifest = {
  format: 1,
  ref: { installationId: 1, repositoryId: 2, issueKey: 'DX-1' },
  generation: 1,
  parentGeneration: 0,
  sessionId: wholeId,
  engine: 'claude-code',
  engineVersion: '2.1.330',
  model,
  effort: null,
  workingDirectory: '/work',
  baseCommit: null,
  headCommit: null,
  ticket: null,
  contextTokens: 190_000,
  costUsd: 1,
  figures: {
    lastRequestAt: '2026-01-01T00:00:00.000Z',
    cacheLife: '5m',
    baseTokens: 5_000,
    requests: 4,
    followUps: [],
    start: { contextTokens: 190_000, requests: 20, costUsd: 1 },
  },
  compacted: { sessionId: earlierId, contextTokens: 110_000, summedUpTo: 1 },
  scrubRules: '1',
  createdAt: '2026-01-01T00:00:00.000Z',
  files: [{ path: transcriptPath(wholeId), bytes: before.length, sha256: '0'.repeat(64) }],
};

const result: EngineResult = {
  stopReason: 'completed',
  summary: '',
  sessionId: wholeId,
  model,
  version: '2.1.330',
  usage,
  unpricedModels: [],
  contextTokens: 200_000,
  firstRequest: { ...noUsage, cacheReadTokens: 191_000 },
  requests: 4,
  costUsd: 0.5,
  turns: 4,
  denials: [],
};

/** A warm run of a conversation whose copy has grown so large that another one is made. */
function warmRun(restored: SessionManifest, more: Partial<EngineResult> = {}): EndedRun {
  return {
    conversation: {
      mode: 'resume',
      sessionId: wholeId,
      nextGeneration: 2,
      isGuessed: false,
      parentGeneration: 1,
      restored,
      notices: [],
      choice: 'warm',
      resumption: {
        choice: 'warm',
        reason: '',
        expectedUsd: { warm: null, compacted: null, fresh: null },
        expectedCacheRead: 0,
      },
    },
    task: {
      prompt: '',
      sessionId: wholeId,
      mode: 'resume',
      workingDirectory: directory.path,
      configDirectory: directory.path,
      allowedTools: [],
    },
    result: { ...result, ...more },
    endedAt: new Date(0),
  };
}

/** Keeps the copy of that run; `compact` stands for the engine. */
async function kept(run: EndedRun, compact: (copy: string) => ReturnType<Engine['compact']>) {
  await mkdir(dirname(pathOf(wholeId)), { recursive: true });
  await writeFile(pathOf(wholeId), before + line('two', 'one'));
  await writeFile(pathOf(earlierId), line('summary', null));
  const report = emptyReport();
  const work: CopyWork = {
    board: { step: () => undefined },
    inputs: { compactAbove: 40_000, job: { session: {} } },
    log: { info: () => undefined, warn: () => undefined, secret: () => undefined },
    now: () => 0,
    pricesOf: (name) => findPrices(name),
    report,
    secrets: [],
    stop: { signal: new AbortController().signal },
  };
  const engine = fakeEngine({ compact: ({ copyId }) => compact(pathOf(copyId)) });
  const copy = await keepCopy(work, { config: directory.path }, engine, run);
  expect(engine.tasks).toEqual([]);
  const { compactions } = engine;
  return { copy, compactions, notices: report.notices, files: await readdir(dirname(pathOf(wholeId))) };
}

const spent = { usage, costUsd: 0.05, durationMs: 7 };

it.each<[string, (copy: string) => ReturnType<Engine['compact']>, Partial<KeptCopy>, RegExp]>([
  [
    'whose engine breaks off',
    async (copy) => {
      await writeFile(copy, 'half');
      throw new AppError('engine-missing', { message: 'The CLI is gone.', hint: '' });
    },
    { usage: noUsage, costUsd: null },
    /\(The CLI is gone\)/,
  ],
  [
    'that is not there',
    async () => ({ ...spent, outcome: 'compacted' }),
    { usage, costUsd: 0.05 },
    /\(the runner failed\)/,
  ],
])(
  'appends to the earlier copy in place of one %s, and counts what that took',
  async (_name, compact, took, notice) => {
    const { copy, notices, files } = await kept(warmRun(manifest), compact);
    expect(copy).toMatchObject({
      ...took,
      compacted: { sessionId: earlierId, contextTokens: 120_000, summedUpTo: 1 },
      report: { outcome: 'failed', contextTokens: 120_000, costUsd: took.costUsd },
    });
    expect(await readFile(pathOf(earlierId), 'utf8')).toContain('"two"');
    expect(files.sort()).toEqual([`${wholeId}.jsonl`, `${earlierId}.jsonl`].sort());
    expect(notices).toEqual([expect.stringMatching(notice)]);
  },
);

it.each(['time', 'cancelled'] as const)(
  'counts the reading of the conversation for a compaction that was broken off: %s',
  async (reason) => {
    const brokenOff = { usage: noUsage, costUsd: 0, durationMs: 7 };
    const { copy } = await kept(warmRun(manifest), async () => ({
      ...brokenOff,
      outcome: 'failed',
      reason,
      detail: 'none',
    }));
    const read = { ...noUsage, cacheReadTokens: 200_000 };
    expect(copy).toMatchObject({ usage: read });
    expect(copy.costUsd).toBeCloseTo((200_000 * 0.3) / 1e6, 12);
    expect(copy.report?.costUsd).toBe(copy.costUsd);
  },
);

it.each([
  { followUps: [20, 20, 20], compactions: 1 },
  { followUps: [1, 1, 80], compactions: 0 },
])('plans by what a follow-up usually takes: $followUps', async ({ followUps, compactions }) => {
  const { figures, compacted: _, ...whole } = manifest;
  const start = { contextTokens: 48_000, requests: 1, costUsd: 1 };
  const restored = {
    ...whole,
    contextTokens: 40_000,
    ...(figures && { figures: { ...figures, followUps, start } }),
  };
  const run = warmRun(restored, { contextTokens: 50_000, requests: 1 });
  const planned = await kept(run, async () => ({
    ...spent,
    outcome: 'failed',
    reason: 'no-summary',
    detail: 'none',
  }));
  expect(planned.compactions).toHaveLength(compactions);
});
