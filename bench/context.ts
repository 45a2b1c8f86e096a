import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench, BenchOptions } from './bench.ts';
import { measureCalls } from './context/calls.ts';
import { measureGathering } from './context/gathering.ts';
import { judge, type Result } from './figure.ts';

export interface ContextGround extends BenchOptions {
  /** Removed at the end. */
  directory: string;
}

const parts: Record<string, (ground: ContextGround) => AsyncGenerator<Result>> = {
  calls: measureCalls,
  gathering: measureGathering,
};

export const context: Bench = {
  description: 'what a command costs of JIRA, of GitHub and of the processor before it reaches a runner',
  parts: Object.keys(parts),

  async *run(options) {
    const directory = await realpath(await mkdtemp(join(tmpdir(), 'dexter-bench-')));
    options.leftovers.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));
    for (const [name, measure] of Object.entries(parts)) {
      if (options.only.length > 0 && !options.only.includes(name)) continue;
      for await (const result of measure({ ...options, directory })) yield judge('context', result);
    }
  },
};
