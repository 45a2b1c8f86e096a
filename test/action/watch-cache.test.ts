import { describe, expect, it } from 'vitest';
import { watchCache } from '../../action/watch-cache.ts';
import type { Report } from '../../src/core/report.ts';
import type { SessionManifest, SessionPins } from '../../src/core/session.ts';

const minute = 60_000;
const savedAt = Date.parse('2026-01-01T00:00:00.000Z');
const sessionId = '0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b11';
const pins: SessionPins = {
  engineVersion: '2.1.329',
  model: 'claude-sonnet-4-5',
  effort: null,
  tools: ['Bash', 'Read'],
  flags: 'abc',
  workingDirectory: '/work',
};
const restored: SessionManifest = {
  format: 1,
  ref: { installationId: 1, repositoryId: 2, issueKey: 'DX-1' },
  generation: 1,
  parentGeneration: 0,
  sessionId,
  engine: 'claude-code',
  engineVersion: pins.engineVersion,
  model: pins.model,
  effort: null,
  workingDirectory: '/work',
  baseCommit: null,
  headCommit: null,
  ticket: null,
  contextTokens: 50_000,
  costUsd: 0.9,
  pins,
  scrubRules: '1',
  createdAt: new Date(savedAt).toISOString(),
  files: [],
};

interface Case {
  afterMs: number;
  changed?: Partial<SessionPins>;
  expected?: number;
  read?: number;
  asked?: string;
  isSaved?: boolean;
}

function reportOf({ afterMs, changed = {}, expected = 0, read = 0, asked, isSaved = true }: Case): Report {
  const expectedUsd = { warm: null, compacted: null, fresh: null };
  const resumption = { choice: 'warm' as const, reason: '', expectedUsd, expectedCacheRead: expected };
  const report: Report = {
    outcome: 'done',
    summary: '',
    usage: { inputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 0 },
    costUsd: 0,
    turns: 1,
    durationMs: 1,
    commits: [],
    denials: [],
    notices: [],
    session: {
      id: sessionId,
      mode: 'resume',
      generation: 2,
      bytes: 1,
      contextTokens: 51_000,
      engineVersion: '2.1.330',
      model: 'claude-sonnet-4-5',
      resumption,
    },
  };
  if (!isSaved) delete report.session;
  const inputs = { job: { session: asked === undefined ? {} : { model: asked } } };
  watchCache(
    { inputs, report, startedAt: savedAt + afterMs },
    {
      conversation: { mode: 'resume', restored, resumption },
      pins: { ...pins, ...changed },
      result: {
        firstRequest: { inputTokens: 3, cacheReadTokens: read, cacheWriteTokens: 50_000, outputTokens: 9 },
      },
    },
  );
  return report;
}

describe('watchCache', () => {
  const engineVersion = '2.1.330';
  const told = [
    'Since this session was saved, Claude Code changed from 2.1.329 to 2.1.330: what is kept in the prompt cache for it may be of no use.',
  ];

  it.each<[string, Case, string[]]>([
    ['what changed while the cache lived', { afterMs: 2 * minute, changed: { engineVersion } }, told],
    ['nothing of it once the cache had expired', { afterMs: 6 * minute, changed: { engineVersion } }, []],
    ['nothing where nothing changed', { afterMs: 2 * minute }, []],
    [
      'nothing of a model that was asked for',
      { afterMs: 2 * minute, changed: { model: 'claude-opus-4-5' }, asked: 'opus' },
      [],
    ],
  ])('says %s', (_name, given, notices) => {
    expect(reportOf(given).notices).toEqual(notices);
  });

  it('warns of a run that read less than was expected when it was chosen how to go on', () => {
    const report = reportOf({ afterMs: 2 * minute, expected: 50_000, read: 6_000 });
    expect(report.notices).toEqual([expect.stringContaining('read 12 % of the earlier conversation')]);
    expect(report.session?.canary).toMatchObject({ expectedCacheRead: 50_000, cacheRead: 6_000 });
  });

  it.each([
    [0, []],
    [50_000, [expect.stringContaining('read 12 %')]],
  ])('goes by the choice, which expected %i tokens, also where nothing was saved', (expected, notices) => {
    const report = reportOf({ afterMs: 2 * minute, expected, read: 6_000, isSaved: false });
    expect(report.notices).toEqual(notices);
  });
});
