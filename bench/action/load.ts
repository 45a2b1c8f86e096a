import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchOptions } from '../bench.ts';
import { runToEnd } from '../child.ts';
import type { Result } from '../figure.ts';
import { medians } from '../rounds.ts';

const main = join(import.meta.dirname, '../../action/dist/main.js');

/** Loading the bundle, against a Node that has nothing to load. Without inputs the action ends when it is loaded. */
export async function* measureLoad({ leftovers, log, rounds }: BenchOptions): AsyncGenerator<Result> {
  const cwd = await realpath(await mkdtemp(join(tmpdir(), 'dexter-bench-')));
  leftovers.defer(() => rm(cwd, { recursive: true, force: true, maxRetries: 3 }));
  log('action: load');
  const taken = await medians(
    {
      action: { run: () => runToEnd(process.execPath, [main], { cwd, leftovers }) },
      node: { run: () => runToEnd(process.execPath, ['-e', '0'], { cwd, leftovers }) },
    },
    rounds,
    log,
  );
  yield { figure: 'load_extra', value: taken.action - taken.node, unit: 'ms', goal: '<300' };
}
