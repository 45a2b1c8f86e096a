import { boundsMs, type Histogram, quantile } from '../core/histogram.ts';
import type { StoreName } from '../core/session.ts';
import type { Scope } from '../core/viewer.ts';
import type { Db } from '../ledger/commands.ts';
import { gauges, type MeasureSum, sumMeasures } from '../ledger/measures.ts';
import { type KeptArchives, keptArchives, type RunSum, runSums } from '../ledger/metric-facts.ts';
import { costOfUsage } from '../pricing/cost-of-usage.ts';
import { findPrices } from '../pricing/find-prices.ts';
import type { ModelPrices } from '../pricing/model-prices.ts';
import { sumHistograms } from './sum-histograms.ts';

/** What is known of a cache. Where a layer cannot have a figure, or nothing happened, it is 0: docs/metrics.md. */
export interface CacheMetrics {
  hits: number;
  misses: number;
  /** 0 to 1; 0 where there were neither hits nor misses. */
  hitRate: number;
  /** What is held now, whatever period is asked for; so are the sizes. */
  itemCount: number;
  totalSizeBytes: number;
  avgItemSizeBytes: number;
  avgReadLatencyMs: number;
  avgWriteLatencyMs: number;
  /** Against a cold start; below zero where it took more than that. */
  estimatedTokensSaved: number;
  /** US dollars. */
  estimatedCostSaved: number;
}

/** Milliseconds that so many percent of all stay below; null where nothing was measured. */
export interface Percentiles {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export interface LayerMetrics extends CacheMetrics {
  readLatencyMs: Percentiles;
  writeLatencyMs: Percentiles;
  /** Writings that failed. */
  writeFailures: number;
}

/** The prompt cache of the model's provider. Its hits and misses are runs, not requests. */
export interface PromptMetrics extends LayerMetrics {
  /** Input tokens of all runs. */
  tokens: {
    read: number;
    written: number;
    uncached: number;
    /** 0 to 1, of all input; 0 without any. */
    readShare: number;
  };
}

export type StoreLayer = `session/${StoreName}`;

/** By layer; `session` is all stores together, and those of a store are there where something is known of it. */
export type CacheLayers = { context: LayerMetrics; session: LayerMetrics; mcp: LayerMetrics } & {
  prompt: PromptMetrics;
} & { [Store in StoreLayer]?: LayerMetrics };

export interface CacheReport {
  /** The layers that Dexter keeps: context, sessions and MCP. What was saved is what sessions saved. */
  total: CacheMetrics;
  layers: CacheLayers;
}

export interface CacheMetricsQuery {
  scope: Scope;
  /** From the hour that holds this moment on; of all time when absent. */
  since?: Date | undefined;
  /** Prices that go before the price list. */
  prices?: readonly ModelPrices[] | undefined;
}

/** What the ledger gives of caches. */
export interface CacheFacts {
  measures: readonly MeasureSum[];
  sizes: { context: Size; mcp: Size };
  archives: readonly KeptArchives[];
  runs: readonly RunSum[];
}

interface Size {
  items: number;
  bytes: number;
}

/** The caches as the ledger knows them, for whoever may see these repositories. What is of none only `all` sees. */
export async function cacheMetrics(
  db: Db,
  { scope, since, prices }: CacheMetricsQuery,
): Promise<CacheReport> {
  const hour = since && new Date(Math.floor(since.getTime() / hourMs) * hourMs);
  const names = ['cache_hit', 'cache_miss', 'cache_read', 'cache_write', 'cache_write_failed'] as const;
  const facts: CacheFacts = {
    measures: await sumMeasures(db, { scope, since: hour, names }),
    sizes: await cacheSizes(db, scope),
    archives: await keptArchives(db, scope),
    runs: await runSums(db, { scope, since: hour }),
  };
  return cacheMetricsOf(facts, prices);
}

const hourMs = 60 * 60 * 1000;

/** A process says every minute what it holds; one that has not for this long is gone, and its memory with it. */
const seenWithinSeconds = 5 * 60;

/** How large the caches are that no table of the ledger holds. */
export async function cacheSizes(db: Db, scope: Scope): Promise<CacheFacts['sizes']> {
  const ofProcesses = scope === 'all' ? { seconds: seenWithinSeconds } : undefined;
  const context = async (name: 'context_items' | 'context_bytes') =>
    ofProcesses ? total(await gauges(db, name, ofProcesses)) : 0;
  // Their label is the id of the repository.
  const mcp = async (name: 'mcp_items' | 'mcp_bytes') =>
    total((await gauges(db, name)).filter(({ label }) => scope === 'all' || scope.includes(Number(label))));
  return {
    context: { items: await context('context_items'), bytes: await context('context_bytes') },
    mcp: { items: await mcp('mcp_items'), bytes: await mcp('mcp_bytes') },
  };
}

function total(rows: readonly { value: number }[]): number {
  return rows.reduce((sum, { value }) => sum + value, 0);
}

/** The figures of all layers out of what the ledger gives. */
export function cacheMetricsOf(
  { measures, sizes, archives, runs }: CacheFacts,
  prices: readonly ModelPrices[] = [],
): CacheReport {
  const saved = {
    estimatedTokensSaved: add(runs, (run) => run.estimatedTokensSaved),
    estimatedCostSaved: add(runs, (run) => run.estimatedCostSaved),
  };
  const layer = (isOf: (label: string) => boolean, size: Size, more: Partial<CacheMetrics> = {}) =>
    layerOf(
      measures.filter(({ label }) => isOf(label)),
      size,
      more,
    );
  const context = layer((label) => label === 'context', sizes.context);
  const session = layer((label) => label.startsWith('session/'), sizeOf(archives), saved);
  const mcp = layer((label) => label === 'mcp', sizes.mcp);
  const prompt = {
    ...layer((label) => label === 'prompt', nothing, { estimatedCostSaved: promptSaving(runs, prices) }),
    tokens: promptTokens(runs),
  };
  const stores = Object.fromEntries(
    storesIn(measures, archives).map((store) => [
      `session/${store}`,
      layer((label) => label === `session/${store}`, sizeOf(archives.filter((one) => one.store === store))),
    ]),
  );
  return {
    total: { ...sumLayers(measures, [context, session, mcp]), ...saved },
    layers: { context, session, ...stores, mcp, prompt },
  };
}

const nothing: Size = { items: 0, bytes: 0 };

const stores: readonly StoreName[] = ['workspace', 's3', 'actions-cache'];

function storesIn(measures: readonly MeasureSum[], archives: readonly KeptArchives[]): StoreName[] {
  return stores.filter(
    (store) =>
      measures.some(({ label }) => label === `session/${store}`) ||
      archives.some((one) => one.store === store),
  );
}

function layerOf(measures: readonly MeasureSum[], size: Size, more: Partial<CacheMetrics>): LayerMetrics {
  const count = (name: MeasureSum['name']) =>
    add(measures, (measure) => (measure.name === name ? measure.count : 0));
  const [hits, misses] = [count('cache_hit'), count('cache_miss')];
  const reads = sumHistograms(measures.filter(({ name }) => name === 'cache_read'));
  const writes = sumHistograms(measures.filter(({ name }) => name === 'cache_write'));
  return {
    ...counted(hits, misses, size),
    avgReadLatencyMs: share(reads.sum, reads.count),
    avgWriteLatencyMs: share(writes.sum, writes.count),
    estimatedTokensSaved: 0,
    estimatedCostSaved: 0,
    ...more,
    readLatencyMs: percentiles(reads),
    writeLatencyMs: percentiles(writes),
    writeFailures: count('cache_write_failed'),
  };
}

function counted(hits: number, misses: number, { items, bytes }: Size) {
  return {
    hits,
    misses,
    hitRate: share(hits, hits + misses),
    itemCount: items,
    totalSizeBytes: bytes,
    avgItemSizeBytes: share(bytes, items),
  };
}

/** Averages are those of all readings and writings together, not of the layers' averages. */
function sumLayers(
  measures: readonly MeasureSum[],
  layers: readonly LayerMetrics[],
): Omit<CacheMetrics, 'estimatedTokensSaved' | 'estimatedCostSaved'> {
  const times = (wanted: MeasureSum['name']) =>
    sumHistograms(measures.filter(({ name, label }) => name === wanted && label !== 'prompt'));
  const [reads, writes] = [times('cache_read'), times('cache_write')];
  return {
    ...counted(
      add(layers, ({ hits }) => hits),
      add(layers, ({ misses }) => misses),
      {
        items: add(layers, ({ itemCount }) => itemCount),
        bytes: add(layers, ({ totalSizeBytes }) => totalSizeBytes),
      },
    ),
    avgReadLatencyMs: share(reads.sum, reads.count),
    avgWriteLatencyMs: share(writes.sum, writes.count),
  };
}

function percentiles(histogram: Histogram): Percentiles {
  const at = (q: number) => quantile(histogram, boundsMs, q) ?? null;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

function sizeOf(archives: readonly KeptArchives[]): Size {
  return { items: add(archives, ({ items }) => items), bytes: add(archives, ({ bytes }) => bytes) };
}

function promptTokens(runs: readonly RunSum[]): PromptMetrics['tokens'] {
  const read = add(runs, ({ usage }) => usage.cacheReadTokens);
  const written = add(runs, ({ usage }) => usage.cacheWriteTokens);
  const uncached = add(runs, ({ usage }) => usage.inputTokens);
  return { read, written, uncached, readShare: share(read, read + written + uncached) };
}

/**
 * What the same input had cost without a prompt cache, less what it cost, by the price list. Writing costs more than
 * plain input, so it may be below zero. Of a model without prices nothing is said.
 */
function promptSaving(runs: readonly RunSum[], overrides: readonly ModelPrices[]): number {
  return add(runs, ({ model, usage }) => {
    const prices = model === null ? undefined : findPrices(model, overrides);
    if (!prices) return 0;
    const { inputTokens, cacheReadTokens, cacheWriteTokens } = usage;
    const uncached = {
      inputTokens: inputTokens + cacheReadTokens + cacheWriteTokens,
      cacheReadTokens: 0,
      cacheWriteTokens: 0,
      outputTokens: 0,
    };
    return costOfUsage(uncached, prices) - costOfUsage({ ...usage, outputTokens: 0 }, prices);
  });
}

function add<T>(items: readonly T[], figure: (item: T) => number): number {
  return items.reduce((sum, item) => sum + figure(item), 0);
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
