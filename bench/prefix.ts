import { temporaryDirectory } from '../test/fakes/temporary-directory.ts';
import type { Bench } from './bench.ts';
import { judge } from './figure.ts';
import { measureBase } from './prefix/base.ts';
import { measureChanges } from './prefix/changes.ts';
import type { Ground } from './prefix/session.ts';

const parts: Record<string, (ground: Ground) => AsyncGenerator<Parameters<typeof judge>[1]>> = {
  base: measureBase,
  changes: measureChanges,
};

export const prefix: Bench = {
  description:
    'what the prompt cache knows of a session after each change, by the real CLI and a simulated model',
  parts: Object.keys(parts),

  async *run({ only, log, leftovers }) {
    const { path: directory, remove } = await temporaryDirectory();
    leftovers.defer(remove);
    for (const [name, measure] of Object.entries(parts)) {
      if (only.length > 0 && !only.includes(name)) continue;
      for await (const result of measure({ directory, log })) yield judge('prefix', result);
    }
  },
};
