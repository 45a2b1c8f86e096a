import { describe, expect, it } from 'vitest';
import { boundsMs, type Histogram, histogramOf } from '../../src/core/histogram.ts';
import type { MeasureName } from '../../src/core/measure.ts';
import type { MeasureSum } from '../../src/ledger/measures.ts';
import type { RunSum } from '../../src/ledger/metric-facts.ts';
import { type CacheFacts, cacheMetricsOf } from '../../src/metrics/cache-metrics.ts';
import { toJson } from '../../src/metrics/routes.ts';
import { sumHistograms } from '../../src/metrics/sum-histograms.ts';
import { modelPrices } from '../../src/pricing/model-prices.ts';

const nothing: CacheFacts = {
  measures: [],
  sizes: { context: { items: 0, bytes: 0 }, mcp: { items: 0, bytes: 0 } },
  archives: [],
  runs: [],
};

const counted = (name: MeasureName, label: string, count: number): MeasureSum => ({
  name,
  label,
  count,
  sum: 0,
  buckets: [],
});

const measured = (name: MeasureName, label: string, values: number[]): MeasureSum => ({
  name,
  label,
  ...sumHistograms(values.map((value): Histogram => histogramOf(value, boundsMs))),
});

const run = (changes: Partial<RunSum>): RunSum => ({
  model: 'claude-sonnet-4-5',
  outcome: 'done',
  choice: 'warm',
  runs: 1,
  unknownRuns: 0,
  costUsd: 1,
  usage: {
    inputTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    cacheWriteHourTokens: 0,
    outputTokens: 0,
  },
  estimatedCostSaved: 0,
  estimatedTokensSaved: 0,
  ...changes,
});

describe('the figures of caches', () => {
  it('are 0 where nothing happened, and percentiles nothing', () => {
    const { total, layers } = cacheMetricsOf(nothing);
    expect(total).toEqual({
      hits: 0,
      misses: 0,
      hitRate: 0,
      itemCount: 0,
      totalSizeBytes: 0,
      avgItemSizeBytes: 0,
      avgReadLatencyMs: 0,
      avgWriteLatencyMs: 0,
      estimatedTokensSaved: 0,
      estimatedCostSaved: 0,
    });
    expect(Object.keys(layers)).toEqual(['context', 'session', 'mcp', 'prompt']);
    expect(layers.context).toMatchObject({ ...total, readLatencyMs: { p50: null, p95: null, p99: null } });
  });

  it('are summed up over stores and over the layers that Dexter keeps', () => {
    const { total, layers } = cacheMetricsOf({
      ...nothing,
      measures: [
        counted('cache_hit', 'context', 30),
        counted('cache_miss', 'context', 10),
        counted('cache_hit', 'session/s3', 4),
        counted('cache_miss', 'session/workspace', 1),
        counted('cache_hit', 'mcp', 5),
        counted('cache_hit', 'prompt', 1_000),
        counted('cache_write_failed', 'session/s3', 2),
        measured('cache_read', 'context', [2, 4]),
        measured('cache_read', 'session/s3', [900]),
        measured('cache_write', 'session/s3', [300, 500]),
        // A store of another version.
        counted('cache_hit', 'session/tape', 1),
      ],
      sizes: { context: { items: 8, bytes: 800 }, mcp: { items: 2, bytes: 200 } },
      archives: [
        { store: 's3', items: 3, bytes: 9_000 },
        { store: null, items: 1, bytes: 1_000 },
      ],
    });
    expect(layers.context).toMatchObject({ hits: 30, misses: 10, hitRate: 0.75, avgReadLatencyMs: 3 });
    expect(layers.session).toMatchObject({
      hits: 5,
      misses: 1,
      itemCount: 4,
      totalSizeBytes: 10_000,
      avgItemSizeBytes: 2_500,
      avgReadLatencyMs: 900,
      avgWriteLatencyMs: 400,
      writeFailures: 2,
    });
    expect(layers['session/s3']).toMatchObject({ hits: 4, misses: 0, itemCount: 3, avgItemSizeBytes: 3_000 });
    expect(layers['session/workspace']).toMatchObject({ hits: 0, misses: 1, itemCount: 0 });
    expect(layers['session/actions-cache']).toBeUndefined();
    expect(total).toMatchObject({
      hits: 40,
      misses: 11,
      hitRate: 40 / 51,
      itemCount: 14,
      totalSizeBytes: 11_000,
      avgReadLatencyMs: 302,
    });
    expect(layers['session/s3']?.readLatencyMs.p99).toBeCloseTo(995);
  });

  it('count what sessions saved once, and the prompt cache by the price list beside it', () => {
    const usage = {
      inputTokens: 1_000_000,
      cacheReadTokens: 2_000_000,
      cacheWriteTokens: 1_000_000,
      cacheWriteHourTokens: 0,
      outputTokens: 7_000_000,
    };
    const { total, layers } = cacheMetricsOf({
      ...nothing,
      runs: [
        run({ usage, estimatedCostSaved: 1.5, estimatedTokensSaved: 100 }),
        run({ choice: 'fresh', estimatedCostSaved: -0.25, estimatedTokensSaved: -20 }),
        run({ model: 'nobody-knows-it', usage }),
      ],
    });
    expect(total).toMatchObject({ estimatedCostSaved: 1.25, estimatedTokensSaved: 80 });
    expect(layers.session).toMatchObject({ estimatedCostSaved: 1.25, estimatedTokensSaved: 80 });
    expect(layers.prompt.tokens).toEqual({
      read: 4_000_000,
      written: 2_000_000,
      uncached: 2_000_000,
      readShare: 0.5,
    });
    // Sonnet 4.5: $3 of input, $0.30 read, $3.75 written; the model without a price adds nothing.
    expect(layers.prompt.estimatedCostSaved).toBeCloseTo(2 * (3 - 0.3) + 1 * (3 - 3.75));
    expect(layers.prompt.estimatedTokensSaved).toBe(0);
  });

  it('take the prices that whoever runs Dexter has set', () => {
    const [listed] = modelPrices.filter(({ model }) => model === 'claude-sonnet-4-5');
    if (!listed) throw new Error('the list has changed');
    const runs = [
      run({
        usage: {
          inputTokens: 0,
          cacheReadTokens: 1_000_000,
          cacheWriteTokens: 0,
          cacheWriteHourTokens: 0,
          outputTokens: 0,
        },
      }),
    ];
    const { layers } = cacheMetricsOf({ ...nothing, runs }, [{ ...listed, input: 10, cacheRead: 4 }]);
    expect(layers.prompt.estimatedCostSaved).toBeCloseTo(6);
  });

  it('are told in the shape that is promised', () => {
    const told = toJson(
      cacheMetricsOf({
        ...nothing,
        measures: [counted('cache_hit', 'context', 1_234), counted('cache_miss', 'context', 56)],
        sizes: { context: { items: 89, bytes: 2_234_567 }, mcp: { items: 0, bytes: 0 } },
        runs: [
          run({ estimatedCostSaved: 0.1, estimatedTokensSaved: 1 }),
          run({ estimatedCostSaved: 0.2, estimatedTokensSaved: 1 }),
        ],
      }),
    );
    expect(told).toMatchObject({
      cache: { hits: 1_234, misses: 56, hitRate: 0.956589, itemCount: 89, totalSizeBytes: 2_234_567 },
      costs: { estimatedTokensSaved: 2, estimatedCostSaved: 0.3 },
    });
    expect(Object.keys(told)).toEqual(['cache', 'costs', 'layers']);
    expect(Object.keys(told.cache)).toHaveLength(5);
    expect(Object.keys(told.costs)).toHaveLength(2);
  });
});
