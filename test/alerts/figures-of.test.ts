import { describe, expect, it } from 'vitest';
import { figuresOf, type Seen } from '../../src/alerts/figures-of.ts';
import { boundsMs, histogramOf } from '../../src/core/histogram.ts';
import type { MeasureSum } from '../../src/ledger/measures.ts';

const nothing: Seen = {
  measures: [],
  redisBytes: [],
  workspaces: [],
  waiting: { forDexter: 0, forTurn: 0, forRunner: [] },
  deadLetters: 0,
  repositories: [],
  people: [],
  parts: [],
};

const counted = (name: MeasureSum['name'], label: string, count: number): MeasureSum => ({
  name,
  label,
  count,
  sum: 0,
  buckets: [],
});

const figures = (seen: Partial<Seen>, name: string) =>
  figuresOf({ ...nothing, ...seen }).filter((figure) => figure.name === name);

describe('figuresOf', () => {
  it('says of an app that has done nothing only that nothing waits and nothing was given up', () => {
    expect(figuresOf(nothing)).toEqual([
      { name: 'waitingForDexter', label: '', value: 0 },
      { name: 'waitingForTurn', label: '', value: 0 },
      { name: 'deadLetters', label: '', value: 0 },
    ]);
  });

  it('tells the hit rates of tickets and of each store', () => {
    const measures = [
      counted('cache_hit', 'context', 10),
      counted('cache_miss', 'context', 30),
      counted('cache_changed', 'context', 20),
      counted('cache_miss', 'session/s3', 4),
      counted('cache_hit', 'session/workspace', 3),
      counted('cache_hit', 'mcp', 100),
    ];
    expect(figures({ measures }, 'contextHitRate')).toEqual([
      { name: 'contextHitRate', label: '', value: 0.75, sample: 40 },
    ]);
    expect(figures({ measures }, 'sessionHitRate')).toEqual([
      { name: 'sessionHitRate', label: 's3', value: 0, sample: 4 },
      { name: 'sessionHitRate', label: 'workspace', value: 1, sample: 3 },
    ]);
  });

  it('tells the 99th percentile of readings', () => {
    const read = (label: string, ms: number): MeasureSum => ({
      name: 'cache_read',
      label,
      ...histogramOf(ms, boundsMs),
    });
    const measures = [read('context', 700), read('session/s3', 4_000)];
    const [context] = figures({ measures }, 'contextReadLatency');
    expect(context).toMatchObject({ label: '', sample: 1, value: expect.closeTo(995) });
    expect(figures({ measures }, 'sessionReadLatency')).toMatchObject([{ label: 's3', sample: 1 }]);
  });

  it('counts saves that failed by store, and ends that were given up telling among the dead letters', () => {
    const measures = [
      counted('cache_write_failed', 'session/s3', 4),
      counted('cache_write_failed', 'context', 9),
      counted('end_untold', 'jira', 2),
    ];
    expect(figures({ measures }, 'saveFailures')).toEqual([{ name: 'saveFailures', label: 's3', value: 4 }]);
    expect(figures({ measures, deadLetters: 1 }, 'deadLetters')).toMatchObject([{ value: 3 }]);
  });

  it('tells the share of runs that missed the prompt cache', () => {
    const measures = [
      counted('canary', 'time', 2),
      counted('canary', 'tools', 1),
      counted('cache_hit', 'prompt', 9),
      counted('cache_miss', 'prompt', 3),
    ];
    expect(figures({ measures }, 'canary')).toEqual([{ name: 'canary', label: '', value: 0.25, sample: 12 }]);
  });

  it('tells budgets as shares, and nothing of those of 0', () => {
    const repositories = [
      { label: 'acme/shop', repositoryId: 7, spentUsd: 8, limitUsd: 10 },
      { label: 'acme/closed', repositoryId: 8, spentUsd: 0, limitUsd: 0 },
    ];
    expect(figures({ repositories }, 'repositoryBudget')).toEqual([
      { name: 'repositoryBudget', label: 'acme/shop', repositoryId: 7, value: 0.8 },
    ]);
  });

  it('tells of parts that fail or do not, and nothing of those that nobody has asked', () => {
    const parts = [
      { name: 'redis', state: 'no answer' },
      { name: 'jira', state: 'ok' },
      { name: 'github', state: 'unknown' },
      { name: 'store', state: 'off' },
    ] as const;
    expect(figures({ parts }, 'parts')).toEqual([
      { name: 'parts', label: 'redis', isFailing: true },
      { name: 'parts', label: 'jira', isFailing: false },
    ]);
  });
});
