import { describe, expect, it } from 'vitest';
import type { SessionManifest } from '../../src/core/session.ts';
import { sessionSize } from '../../src/sessions/resume-facts.ts';

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

  it('estimates what each request begins with by whether all tools were offered', () => {
    const pins = {
      engineVersion: '2.1.330',
      model: null,
      effort: null,
      tools: ['Bash', 'Read'],
      flags: '',
      workingDirectory: '/work',
    };
    const baseOf = (tools: string[] | null) =>
      sessionSize({ ...manifest, figures: { ...figures, baseTokens: 0 }, pins: { ...pins, tools } })
        .baseTokens;
    expect(baseOf(pins.tools)).toBe(7_800);
    expect(baseOf(null)).toBe(12_000);
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
