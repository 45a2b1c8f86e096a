import { Counter, Gauge, type Metric, Registry } from 'prom-client';
import { commandSources } from '../core/command.ts';
import type { Histogram } from '../core/histogram.ts';
import { boundsOf, type MeasureName, measureUnits } from '../core/measure.ts';
import { CacheCanary } from '../core/report.ts';
import { StoreName } from '../core/session.ts';
import { CommandStatus, endStatuses, isEnd, isWaiting } from '../core/status.ts';
import type { MeasureSum } from '../ledger/measures.ts';
import { plainName } from '../pricing/find-prices.ts';
import { type ModelPrices, modelPrices } from '../pricing/model-prices.ts';
import type { LedgerFacts } from './read-ledger.ts';
import { sumHistograms } from './sum-histograms.ts';

/** The end of the help of each figure of the ledger. */
export const shared = 'From the ledger, so every process says the same: read it with max without (instance).';

/** What the ledger says, as Prometheus reads it. `prices` are those that go before the price list. */
export function ledgerMetrics(facts: LedgerFacts, prices: readonly ModelPrices[] = []): Registry {
  const registry = new Registry();
  const make = makers(registry);
  const { measures, runs, caches } = facts;
  const of = (name: MeasureName) => measures.filter((measure) => measure.name === name);

  const ended = make.counter('commands_ended_total', 'Commands that came to an end.', ['source', 'status']);
  for (const source of commandSources) for (const status of endStatuses) ended.inc({ source, status }, 0);
  for (const { label, count } of of('command_ended')) ended.inc(endOf(label), count);

  const open = make.gauge('commands_open', 'Commands without an end, by where they stand.', [
    'source',
    'status',
  ]);
  for (const source of commandSources)
    for (const status of CommandStatus.options.filter((each) => !isEnd(each)))
      open.set({ source, status }, 0);
  for (const { source, status, commands } of facts.open) open.set({ source, status }, commands);
  const waiting = facts.open.filter(({ status }) => isWaiting(status));
  make
    .gauge(
      'queue_depth',
      'Commands that wait in the queue: for their turn, or for a process that takes them.',
    )
    .set(waiting.reduce((sum, { commands }) => sum + commands, 0));
  make
    .gauge('queue_oldest_age_seconds', 'Since the command arrived that waits in the queue for longest.')
    .set(Math.max(0, ...waiting.map(({ oldestSeconds }) => oldestSeconds)));
  make.gauge('ends_untold', 'Ends that people have not been told yet.').set(facts.untold.commands);
  make
    .gauge('ends_untold_oldest_age_seconds', 'Since the end that has not been told for longest.')
    .set(facts.untold.oldestSeconds);

  const expired = of('command_ended').filter(({ label }) => endOf(label).status === 'expired');
  const dead = make.counter(
    'dead_letters_total',
    'Commands that waited for too long ("expired"), and ends that could not be told to whoever asked ("untold").',
    ['reason'],
  );
  dead.inc({ reason: 'expired' }, countOf(expired));
  dead.inc({ reason: 'untold' }, countOf(of('end_untold')));

  make.histogram(
    'run_duration_seconds',
    'From the claim of a run to the end of its command.',
    ['source', 'status'],
    of('run_duration'),
    endOf,
  );
  make.histogram(
    'dispatch_latency_seconds',
    'From the arrival of a command to its dispatch.',
    ['source'],
    of('dispatch_latency'),
    (label) => ({ source: oneOf(commandSources, label) }),
  );

  // No counters: a report that comes late makes a known run out of a lost one.
  const ofRuns = make.gauge('runs', 'Runs that ended, by how they went on with their session.', [
    'outcome',
    'choice',
  ]);
  const unknown = make.gauge('runs_without_cost', 'Runs of which nobody can say what they cost.');
  const cost = make.counter('cost_usd_total', 'US dollars that runs cost, as far as they are known.', [
    'model',
  ]);
  const costs = new Map<string, number>();
  const tokens = make.counter('tokens_total', 'Tokens that runs took.', ['model', 'kind']);
  for (const { model: name, outcome, choice, usage, ...run } of runs) {
    const model = modelLabel(name, prices);
    ofRuns.inc({ outcome, choice: choice ?? 'unknown' }, run.runs);
    costs.set(model, (costs.get(model) ?? 0) + run.costUsd);
    unknown.inc(run.unknownRuns);
    tokens.inc({ model, kind: 'input' }, usage.inputTokens);
    tokens.inc({ model, kind: 'cache_read' }, usage.cacheReadTokens);
    tokens.inc({ model, kind: 'cache_write' }, usage.cacheWriteTokens);
    tokens.inc({ model, kind: 'output' }, usage.outputTokens);
  }
  for (const [model, dollars] of costs) cost.inc({ model }, Math.round(dollars * 1e6) / 1e6);
  const { total, layers } = caches;
  make
    .gauge(
      'estimated_savings_usd',
      'US dollars that sessions saved against cold starts, estimated. It may fall: some runs cost more.',
    )
    .set(total.estimatedCostSaved);
  make
    .gauge('estimated_savings_tokens', 'Input tokens that sessions saved against cold starts, estimated.')
    .set(total.estimatedTokensSaved);
  make
    .gauge(
      'prompt_cache_savings_usd',
      'US dollars that the prompt cache saved against the same input uncached, by the price list. What sessions saved holds a part of it.',
    )
    .set(layers.prompt.estimatedCostSaved);

  const canary = make.counter(
    'canary_total',
    'Runs that read far less from the prompt cache than they should have, by the likely cause.',
    ['cause'],
  );
  const causes = CacheCanary.shape.cause.options;
  for (const cause of causes) canary.inc({ cause }, 0);
  for (const { label, count } of of('canary')) canary.inc({ cause: oneOf(causes, label) }, count);

  const hits = make.counter('cache_hits_total', 'Readings that a cache answered.', ['layer']);
  const misses = make.counter('cache_misses_total', 'Readings that a cache could not answer.', ['layer']);
  const changed = make.counter(
    'cache_changed_total',
    'Of the misses, those of tickets that were in the cache and had changed since.',
    ['layer'],
  );
  changed.inc({ layer: 'context' }, countOf(of('cache_changed')));
  const failures = make.counter('cache_write_failures_total', 'Writings to a cache that failed.', ['layer']);
  const items = make.gauge('cache_items', 'Entries that a cache holds; of sessions their archives.', [
    'layer',
  ]);
  const bytes = make.gauge('cache_size_bytes', 'What the entries of a cache take.', ['layer']);
  // Of sessions each store is a layer, and their sum is left to whoever reads: no entry is counted twice.
  for (const [layer, metrics] of Object.entries(layers)) {
    if (layer === 'session') continue;
    hits.inc({ layer }, metrics.hits);
    misses.inc({ layer }, metrics.misses);
    failures.inc({ layer }, metrics.writeFailures);
    if (layer === 'prompt') continue;
    items.set({ layer }, metrics.itemCount);
    bytes.set({ layer }, metrics.totalSizeBytes);
  }
  const isLayer = ({ label }: MeasureSum) => Object.hasOwn(layers, label);
  make.histogram(
    'cache_read_duration_seconds',
    'How long reading from a cache took.',
    ['layer'],
    of('cache_read').filter(isLayer),
    (layer) => ({ layer }),
  );
  make.histogram(
    'cache_write_duration_seconds',
    'How long writing to a cache took.',
    ['layer'],
    of('cache_write').filter(isLayer),
    (layer) => ({ layer }),
  );

  make.gauge('sessions', 'Sessions that a store may hold something of.').set(facts.sessions);
  known(
    make.gauge(
      'redis_memory_bytes',
      'What the whole Redis of the context cache takes, whoever else uses it.',
    ),
    facts.redisBytes,
  );
  make
    .gauge('workspaces', 'Workspaces of runners that were measured in the last month.')
    .set(facts.workspaces.count);
  make.gauge('workspace_size_bytes', 'What all of these take together.').set(facts.workspaces.bytes);
  make
    .gauge('workspace_largest_size_bytes', 'What the largest of these takes.')
    .set(facts.workspaces.largestBytes);
  known(
    make.gauge('workspace_least_free_bytes', 'What is free on the fullest disk of these.'),
    facts.workspaces.leastFreeBytes,
  );

  const alerts = make.gauge(
    'alert',
    'Alerts that Dexter has raised and that are not over: 1, or how many, where the label would name a repository, a person or a runner and is left empty.',
    ['name', 'label', 'level'],
  );
  for (const { name, label, level } of facts.alerts)
    alerts.inc({ name, label: publicLabels.includes(label) ? label : '', level });
  return registry;
}

/** A figure that nobody knows is not 0. */
function known(gauge: Gauge, value: number | undefined): void {
  if (value === undefined) gauge.remove();
  else gauge.set(value);
}

function countOf(measures: readonly MeasureSum[]): number {
  return measures.reduce((sum, { count }) => sum + count, 0);
}

/** Labels of alerts that name a store or a part of the app. Others name repositories, people and machines. */
const publicLabels = [
  ...StoreName.options,
  ...['database', 'queue', 'github', 'jira', 'redis', 'store', 'worker'],
];

/** `<source>/<end status>`. */
function endOf(label: string): { source: string; status: string } {
  const [source = '', status = ''] = label.split('/');
  return { source: oneOf(commandSources, source), status: oneOf(endStatuses, status) };
}

/** A word of the list, or `other`: another version may have written others, and each is a series for good. */
function oneOf(words: readonly string[], word: string): string {
  return words.includes(word) ? word : 'other';
}

/** People name models in commands, and may name anything: those alone that have a price are told apart. */
function modelLabel(model: string | null, overrides: readonly ModelPrices[]): string {
  if (model === null) return 'unknown';
  const name = plainName(model);
  return [...overrides, ...modelPrices].some((row) => plainName(row.model) === name) ? name : 'other';
}

function makers(registry: Registry) {
  const registers = [registry];
  return {
    counter: (name: string, help: string, labelNames: string[] = []) =>
      new Counter({ name: `dexter_${name}`, help: `${help} ${shared}`, labelNames, registers }),
    gauge: (name: string, help: string, labelNames: string[] = []) =>
      new Gauge({ name: `dexter_${name}`, help: `${help} ${shared}`, labelNames, registers }),
    /** `labelsOf` says what the label of a measure is here; measures that are the same then are added up. */
    histogram(
      name: string,
      help: string,
      labelNames: string[],
      measures: readonly MeasureSum[],
      labelsOf: (label: string) => Record<string, string>,
    ) {
      const same = Map.groupBy(measures, ({ label }) => JSON.stringify(labelsOf(label)));
      const series = [...same.values()].flatMap((group) => {
        const [first] = group;
        return first
          ? [{ labels: labelsOf(first.label), ...inSeconds(first.name, sumHistograms(group)) }]
          : [];
      });
      registry.registerMetric(countedHistogram(`dexter_${name}`, `${help} ${shared}`, labelNames, series));
    },
  };
}

function inSeconds(name: MeasureName, { sum, buckets }: Histogram): Omit<Series, 'labels'> {
  const unit = measureUnits[name] === 'ms' ? 1000 : 1;
  return { bounds: boundsOf(name).map((bound) => bound / unit), sum: sum / unit, buckets };
}

interface Series {
  labels: Record<string, string>;
  bounds: readonly number[];
  sum: number;
  buckets: readonly number[];
}

/** A histogram that was counted elsewhere: prom-client's own can only observe one value at a time. */
function countedHistogram(
  name: string,
  help: string,
  labelNames: readonly string[],
  series: readonly Series[],
): Metric {
  const values = series.flatMap(({ labels, bounds, sum, buckets }) => {
    const upTo = (end?: number) => buckets.slice(0, end).reduce((all, count) => all + count, 0);
    const bucket = (le: number | string, value: number) => ({
      metricName: `${name}_bucket`,
      labels: { ...labels, le },
      value,
    });
    return [
      ...bounds.map((bound, index) => bucket(bound, upTo(index + 1))),
      bucket('+Inf', upTo()),
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: upTo() },
    ];
  });
  const metric = { name, help, labelNames, type: 'histogram', aggregator: 'sum' };
  // All that a registry asks of a metric.
  return { ...metric, get: async () => ({ ...metric, values }) } as unknown as Metric;
}
