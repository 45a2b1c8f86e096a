import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { actionsCacheStore } from '../../src/stores/actions-cache.ts';
import { runProgram, startServer } from '../child.ts';
import type { Result } from '../figure.ts';
import { medians } from '../rounds.ts';
import { restoring, saving } from './custody.ts';
import type { Ground } from './ground.ts';
import type { Scrubbed } from './scrub.ts';

const Service = z.object({ url: z.url(), env: z.record(z.string(), z.string()) });
const Entries = z.object({
  actions_caches: z.array(z.object({ key: z.string(), size_in_bytes: z.number() })),
});

/** Our store against the way of `actions/cache`, which packs the folder itself: on the same service. */
export async function* measureActionsCache(ground: Ground, scrubbed: Scrubbed): AsyncGenerator<Result> {
  const { directory, leftovers, log, rounds } = ground;
  const service = Service.parse(await startServer('sessions/cache-process', { cwd: directory, leftovers }));
  const temporaryDirectory = join(directory, 'runner-temp');
  const workspace = join(directory, 'runner-work');
  const folder = join(workspace, 'config');
  await mkdir(temporaryDirectory, { recursive: true });
  await cp(scrubbed.directory, folder, { recursive: true });
  const env = {
    ...service.env,
    RUNNER_TEMP: temporaryDirectory,
    GITHUB_WORKSPACE: workspace,
    HOME: directory,
  };

  const store = actionsCacheStore({ env, temporaryDirectory, attempt: 1 });
  const save = saving(ground, store, scrubbed);
  let saves = 0;
  let key = '';
  const toolkit = async (action: 'save' | 'restore') => {
    const answer = await runProgram(
      'sessions/toolkit-process',
      { action, folder, key },
      { cwd: workspace, env, leftovers },
    );
    return z.object({ ms: z.number() }).parse(answer).ms;
  };
  log('actions-cache: save');
  const saved = await medians(
    {
      ours: save,
      toolkit: {
        // Measured with the start of its process: ours starts one for the toolkit as well.
        run: async () => {
          saves += 1;
          key = `toolkit-${saves}`;
          const ms = await toolkit('save');
          log(`  the call alone: ${Math.round(ms)} ms`);
        },
      },
    },
    rounds,
    log,
  );
  log('actions-cache: restore');
  const restored = await medians(
    {
      ours: restoring(ground, store, 'actions-cache'),
      toolkit: {
        prepare: () => rm(folder, { recursive: true, force: true }),
        // The call alone: ours restores without the toolkit.
        run: () => toolkit('restore'),
      },
    },
    rounds,
    log,
  );
  const isThere = (await readdir(folder)).length > 0;
  if (!isThere) throw new Error('The toolkit brought nothing back');
  const toolkitBytes = await packedSize(service.url, key);
  yield { figure: 'actions_cache_save_ratio', value: saved.ours / saved.toolkit, unit: 'ratio', goal: '<1' };
  yield {
    figure: 'actions_cache_restore_ratio',
    value: restored.ours / restored.toolkit,
    unit: 'ratio',
    goal: '<1',
  };
  yield { figure: 'actions_cache_size_ratio', value: save.bytes() / toolkitBytes, unit: 'ratio', goal: '<1' };
}

/** What the service holds for an entry, as GitHub's REST API tells it. */
async function packedSize(url: string, key: string): Promise<number> {
  const response = await fetch(`${url}/repos/acme/shop/actions/caches?key=${key}`, {
    headers: { authorization: 'Bearer simulated' },
  });
  const entry = Entries.parse(await response.json()).actions_caches.find((one) => one.key === key);
  if (entry === undefined) throw new Error('The entry of the toolkit is not listed');
  return entry.size_in_bytes;
}
