import { measureLoad } from './action/load.ts';
import { measureStart } from './action/start.ts';
import type { Bench, BenchOptions } from './bench.ts';
import { judge, type Result } from './figure.ts';

const parts: Record<string, (options: BenchOptions) => AsyncGenerator<Result>> = {
  load: measureLoad,
  start: measureStart,
};

export const action: Bench = {
  description: 'what a command waits for on the runner before Claude Code starts',
  parts: Object.keys(parts),

  async *run(options) {
    for (const [name, measure] of Object.entries(parts)) {
      if (options.only.length > 0 && !options.only.includes(name)) continue;
      for await (const result of measure(options)) yield judge('action', result);
    }
  },
};
