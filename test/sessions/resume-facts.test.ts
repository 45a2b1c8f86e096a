import { describe, expect, it } from 'vitest';
import type { SessionManifest } from '../../src/core/session.ts';
import { movedPins, sessionSize } from '../../src/sessions/resume-facts.ts';

const id = '6f1c1d1e-0000-4000-8000-000000000001';
const manifest: SessionManifest = {
  format: 1,
  ref: { installationId: 1, repositoryId: 20, issueKey: 'DXTR-1' },
  generation: 2,
  parentGeneration: 1,
  sessionId: id,
  engine: 'claude-code',
  engineVersion: '2.1.330',
  model: 'claude-sonnet-4-5-20250929',
  effort: null,
  workingDirectory: '/work/checkout',
  baseCommit: null,
  headCommit: null,
  ticket: null,
  contextTokens: 60_000,
  costUsd: 1,
  scrubRules: '1',
  createdAt: '2026-01-02T10:05:00.000Z',
  files: [
    { path: `projects/work/${id}/subagents/a.jsonl`, bytes: 9_000_000, sha256: '' },
    { path: `projects/work/${id}.jsonl`, bytes: 400_000, sha256: '' },
  ],
};
const figures = {
  lastRequestAt: '2026-01-02T10:00:00.000Z',
  cacheLife: '1h' as const,
  baseTokens: 5_000,
  requests: 6,
  followUps: [4, 6, 5],
  start: { contextTokens: 50_000, requests: 12, costUsd: 0.5 },
};

describe('sessionSize', () => {
  it('takes what was noted', () => {
    const compacted = { sessionId: id, contextTokens: 15_000, summedUpTo: 1 };
    expect(sessionSize({ ...manifest, figures, compacted })).toEqual({
      fullTokens: 60_000,
      compactedTokens: 15_000,
      baseTokens: 5_000,
      cacheLife: '1h',
      lastRequestAt: Date.parse('2026-01-02T10:00:00Z'),
      requests: 5,
      start: { contextTokens: 50_000, requests: 12 },
      isEstimated: false,
    });
  });

  it('estimates for an archive of an earlier version, from the size of its context', () => {
    expect(sessionSize(manifest)).toEqual({
      fullTokens: 60_000,
      baseTokens: 12_000,
      cacheLife: '5m',
      lastRequestAt: Date.parse('2026-01-02T10:05:00Z'),
      requests: 4,
      start: { contextTokens: 60_000, requests: 10 },
      isEstimated: true,
    });
  });

  it('estimates from the transcript where the run died before it knew a size', () => {
    const lost = { ...manifest, contextTokens: 0 };
    expect(sessionSize(lost)).toMatchObject({ fullTokens: 50_000, isEstimated: true });
    expect(sessionSize({ ...lost, figures: { ...figures, baseTokens: 0 } })).toMatchObject({
      fullTokens: 50_000,
      baseTokens: 12_000,
      start: { contextTokens: 50_000, requests: 12 },
      isEstimated: true,
    });
    const start = { contextTokens: 0, requests: 0, costUsd: null };
    expect(sessionSize({ ...lost, files: [], figures: { ...figures, start } })).toMatchObject({
      fullTokens: 0,
      baseTokens: 0,
      start: { contextTokens: 0, requests: 0 },
    });
  });
});

describe('movedPins', () => {
  const pins = {
    engineVersion: '2.1.330',
    model: 'claude-sonnet-4-5-20250929',
    effort: 'high',
    tools: ['Bash', 'Read'],
    flags: 'a',
    workingDirectory: '/work/checkout',
  };

  it.each([
    ['nothing is known of the run', {}, []],
    ['everything is as it was', pins, []],
    ['the CLI is another one', { engineVersion: '2.1.331' }, ['Claude Code is 2.1.331 now and was 2.1.330']],
    ['the CLI does not say which it is', { engineVersion: undefined }, []],
    ['the model is named without its date', { model: 'claude-sonnet-4-5' }, []],
    ['the model is named by its family', { model: 'sonnet' }, []],
    [
      'the model is another one',
      { model: 'claude-opus-4-5' },
      ['the model is claude-opus-4-5 now and was claude-sonnet-4-5-20250929'],
    ],
    ['the effort is another one', { effort: 'low' }, ['the effort is low now and was high']],
    ['the tools are others', { tools: ['Bash'] }, ['the tools are others than before']],
    ['the flags are others', { flags: 'b' }, ['the settings are others than before']],
    [
      'the checkout lies elsewhere',
      { workingDirectory: '/other' },
      ['the checkout lies in another directory than before'],
    ],
  ])('tells what moved when %s', (_name, now, moved) => {
    expect(movedPins({ ...manifest, pins }, now)).toEqual(moved);
  });

  it('goes by the rest of the manifest where no pins were kept', () => {
    expect(
      movedPins(manifest, { engineVersion: '2.1.331', tools: ['Bash'], workingDirectory: '/o' }),
    ).toEqual([
      'Claude Code is 2.1.331 now and was 2.1.330',
      'the checkout lies in another directory than before',
    ]);
    expect(movedPins({ ...manifest, engineVersion: 'unknown', model: null }, pins)).toEqual([]);
  });
});
