import type { Bench } from './bench.ts';
import { judge, type Result } from './figure.ts';
import { measureActionsCache } from './sessions/actions-cache.ts';
import { type Ground, prepareGround } from './sessions/ground.ts';
import { measureMemory } from './sessions/memory.ts';
import { measureS3 } from './sessions/s3.ts';
import { measureScrub, type Scrubbed, scrubbedCopy } from './sessions/scrub.ts';
import { measureWorkspace } from './sessions/workspace.ts';

const parts: Record<string, (ground: Ground, scrubbed: Scrubbed) => AsyncGenerator<Result>> = {
  workspace: measureWorkspace,
  scrub: measureScrub,
  s3: measureS3,
  'actions-cache': measureActionsCache,
  memory: measureMemory,
};

export const sessions: Bench = {
  description: 'speed, size and memory of saving and restoring a session, in every store',
  parts: Object.keys(parts),

  async *run(options) {
    const ground = await prepareGround(options);
    const scrubbed = await scrubbedCopy(ground, 'scrubbed', ground.configDirectory);
    for (const [name, measure] of Object.entries(parts)) {
      if (options.only.length > 0 && !options.only.includes(name)) continue;
      for await (const result of measure(ground, scrubbed)) yield judge('sessions', result);
    }
  },
};
