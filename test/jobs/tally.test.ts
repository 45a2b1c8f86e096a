import { describe, expect, test } from 'vitest';
import { Report } from '../../src/core/report.ts';
import { gaugesOfReport, tallyOfEnd, tallyOfReport } from '../../src/jobs/tally.ts';
import { report, resumed } from '../report/reports.ts';

const origin = { kind: 'jira-label', connection: 'acme', issueKey: 'SHOP-1', label: 'dexter' } as const;
const endedAt = new Date('2026-05-04T10:00:12.500Z');

describe('the end of a command', () => {
  const ended = { origin, status: 'failed', ended_at: endedAt, repository_id: 7 } as const;

  test('counts by source and status, and the time of its run when a runner had it', () => {
    expect(tallyOfEnd(ended, { claimed_at: new Date('2026-05-04T10:00:00Z') })).toEqual([
      { name: 'command_ended', label: 'jira/failed', repositoryId: 7 },
      { name: 'run_duration', label: 'jira/failed', repositoryId: 7, value: 12.5 },
    ]);
  });

  test.each([
    ['no run', undefined],
    ['a run that nobody took', { claimed_at: null }],
  ])('with %s takes no time', (_what, run) => {
    expect(tallyOfEnd(ended, run).map(({ name }) => name)).toEqual(['command_ended']);
  });

  test('of no known repository counts for none', () => {
    expect(tallyOfEnd({ ...ended, origin: { kind: 'retention' }, repository_id: null }, undefined)).toEqual([
      { name: 'command_ended', label: 'dexter/failed' },
    ]);
  });
});

describe('the report of a run', () => {
  const tally = (changes: Partial<Report>) =>
    tallyOfReport(Report.parse({ ...report, ...changes }), 7).map(({ repositoryId, ...one }) => {
      expect(repositoryId).toBe(7);
      return one;
    });

  test('of an earlier version counts nothing', () => {
    expect(tally({})).toEqual([]);
  });

  test.each([
    ['hit', 'cache_hit'],
    ['miss', 'cache_miss'],
    ['failed', 'cache_miss'],
  ] as const)('whose restore was a %s counts as one for its store', (outcome, name) => {
    expect(tally({ store: { name: 's3', restore: { outcome, durationMs: 1_200 } } })).toEqual([
      { name, label: 'session/s3' },
      { name: 'cache_read', label: 'session/s3', value: 1_200 },
    ]);
  });

  test('with nothing to restore is neither a hit nor a miss', () => {
    const store = { name: 'workspace', save: { outcome: 'saved', durationMs: 30 } } as const;
    expect(tally({ store })).toEqual([{ name: 'cache_write', label: 'session/workspace', value: 30 }]);
  });

  test.each(['failed', 'conflict'] as const)('whose save ended as %s kept nothing', (outcome) => {
    expect(tally({ store: { name: 'actions-cache', save: { outcome, durationMs: 40 } } })).toEqual([
      { name: 'cache_write', label: 'session/actions-cache', value: 40 },
      { name: 'cache_write_failed', label: 'session/actions-cache' },
    ]);
  });

  test('says how often the caches of MCP servers answered, and how fast where it is known', () => {
    const reads = { count: 5, sum: 0.4, buckets: [5] };
    const writes = { count: 0, sum: 0, buckets: [] };
    const counts = tally({
      mcp: [
        { server: 'jira', calls: 5, savedCalls: 3, items: 2, bytes: 100, reads, writes },
        { server: 'old', calls: 2, savedCalls: 2 },
        { server: 'odd', calls: 1, savedCalls: 9 },
        { server: 'idle', calls: 0, savedCalls: 0 },
      ],
    });
    expect(counts).toEqual([
      { name: 'cache_hit', label: 'mcp', times: 3 },
      { name: 'cache_miss', label: 'mcp', times: 2 },
      { name: 'cache_read', label: 'mcp', values: reads },
      { name: 'cache_hit', label: 'mcp', times: 2 },
      { name: 'cache_hit', label: 'mcp', times: 1 },
    ]);
  });

  const expecting = (expectedCacheRead: number, cacheRead?: number): Partial<Report> => ({
    session: {
      ...(resumed.session ?? expect.fail('has a session')),
      resumption: {
        ...(resumed.session?.resumption ?? expect.fail('was resumed')),
        expectedCacheRead,
      },
      ...(cacheRead === undefined ? {} : { canary: { expectedCacheRead, cacheRead, cause: 'tools' } }),
    },
  });

  test('that read from the prompt cache what it expected is a hit', () => {
    expect(tally(expecting(30_000))).toEqual([{ name: 'cache_hit', label: 'prompt' }]);
  });

  test('whose canary spoke is a miss, with its cause', () => {
    expect(tally(expecting(30_000, 2_000))).toEqual([
      { name: 'cache_miss', label: 'prompt' },
      { name: 'canary', label: 'tools' },
    ]);
  });

  test('that expected nothing of the prompt cache, or had no answer, is neither', () => {
    expect(tally(expecting(0))).toEqual([]);
    const usage = { inputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 0 };
    expect(tally({ ...expecting(30_000), usage })).toEqual([]);
  });
});

describe('what is as large as a report says', () => {
  const row = { repository_id: 7, repository_owner: 'acme' };

  test('is what the caches of MCP servers held together, and the workspace of the runner', () => {
    const gauged = gaugesOfReport(
      {
        mcp: [
          { server: 'jira', calls: 5, savedCalls: 3, items: 2, bytes: 100 },
          { server: 'wiki', calls: 5, savedCalls: 3, items: 3, bytes: 50 },
          { server: 'old', calls: 2, savedCalls: 2 },
        ],
        workspace: { runner: 'runner 1', bytes: 2 ** 40, freeBytes: 5 },
      },
      row,
    );
    expect(gauged).toEqual([
      { name: 'mcp_items', label: '7', value: 5 },
      { name: 'mcp_bytes', label: '7', value: 150 },
      { name: 'workspace_bytes', label: 'acme/runner 1', value: 2 ** 40 },
      { name: 'workspace_free_bytes', label: 'acme/runner 1', value: 5 },
    ]);
  });

  test('is nothing where it says nothing, or is of no repository', () => {
    expect(gaugesOfReport({ mcp: [{ server: 'old', calls: 2, savedCalls: 2 }] }, row)).toEqual([]);
    const workspace = { runner: 'x', bytes: 1, freeBytes: 1 };
    expect(gaugesOfReport({ workspace }, { repository_id: null, repository_owner: null })).toEqual([]);
  });

  test.each([
    ['a\u202eb\0\n\u2028c', 'abc'],
    ['\u200b \t', 'unnamed'],
    ['x'.repeat(200), 'x'.repeat(100)],
    [`${'x'.repeat(99)}\u{1F600}`, `${'x'.repeat(99)}\ufffd`],
  ])('%j is a label that can be shown', (runner, label) => {
    const [first] = gaugesOfReport({ workspace: { runner, bytes: 1, freeBytes: 1 } }, row);
    expect(first?.label).toBe(`acme/${label}`);
  });
});
