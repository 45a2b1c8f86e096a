import { z } from 'zod';
import { cacheMetricsOf } from '../src/metrics/cache-metrics.ts';
import { ledgerMetrics, shared } from '../src/metrics/ledger-metrics.ts';
import { processMetrics } from '../src/metrics/process-metrics.ts';
import type { LedgerFacts } from '../src/metrics/read-ledger.ts';

const Described = z.object({
  name: z.string(),
  help: z.string(),
  type: z.string(),
  labelNames: z.array(z.string()),
});
export type MetricDoc = z.infer<typeof Described>;

const nothing: LedgerFacts = {
  measures: [],
  runs: [],
  caches: cacheMetricsOf({
    measures: [],
    sizes: { context: { items: 0, bytes: 0 }, mcp: { items: 0, bytes: 0 } },
    archives: [],
    runs: [],
  }),
  open: [],
  untold: { commands: 0, oldestSeconds: 0 },
  sessions: 0,
  alerts: [],
  redisBytes: undefined,
  workspaces: { count: 0, bytes: 0, largestBytes: 0, leastFreeBytes: undefined },
};

/** What `GET /metrics` gives, without what Node says of itself. */
export const ledgerMetricDocs = docsOf(ledgerMetrics(nothing).getMetricsAsArray());
export const processMetricDocs = docsOf(processMetrics().registry.getMetricsAsArray());

function docsOf(metrics: unknown[]): MetricDoc[] {
  return metrics.map((metric) => {
    const doc = Described.parse(metric);
    return { ...doc, help: doc.help.replace(` ${shared}`, '') };
  });
}

/** Rows of the table in docs/metrics.md. */
export function metricRows(docs: readonly MetricDoc[]): string[][] {
  return docs.map(({ name, type, labelNames, help }) => [
    `\`${name}\``,
    type,
    labelNames.map((label) => `\`${label}\``).join(', '),
    help,
  ]);
}

export const metricHead = ['Metric', 'Type', 'Labels', 'What it is'];
