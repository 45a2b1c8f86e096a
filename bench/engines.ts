import type { Bench, BenchOptions } from './bench.ts';
import { measureQuestion } from './engines/question.ts';
import { measureStart } from './engines/start.ts';
import { judge, type Result } from './figure.ts';

const parts: Record<string, (options: BenchOptions) => AsyncGenerator<Result>> = {
  start: measureStart,
  question: measureQuestion,
};

export const engines: Bench = {
  description: 'what a question waits for and costs with each engine',
  parts: Object.keys(parts),

  async *run(options) {
    for (const [name, measure] of Object.entries(parts)) {
      if (options.only.length > 0 && !options.only.includes(name)) continue;
      for await (const result of measure(options)) yield judge('engines', result);
    }
  },
};
