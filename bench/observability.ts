import type { Bench, BenchOptions } from './bench.ts';
import { judge, type Result } from './figure.ts';
import { measureMetricsCost } from './observability/metrics-cost.ts';
import { measurePages } from './observability/pages.ts';

const parts: Record<string, (options: BenchOptions) => AsyncGenerator<Result>> = {
  pages: measurePages,
  metrics: measureMetricsCost,
};

export const observability: Bench = {
  description:
    'pages of the dashboard over a large ledger, the weight of the first view, and what metrics cost',
  parts: Object.keys(parts),

  async *run(options) {
    for (const [name, measure] of Object.entries(parts)) {
      if (options.only.length > 0 && !options.only.includes(name)) continue;
      for await (const result of measure(options)) yield judge('observability', result);
    }
  },
};
