import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll } from 'vitest';
import { type Blobs, startBlobs } from '../../demo/actions-cache/start-blobs.ts';
import { startCacheService } from '../../demo/actions-cache/start-cache-service.ts';
import { cacheEntries } from '../../src/github/cache-entries.ts';
import { tokenClient } from '../../src/github/token-client.ts';
import { type ActionsCacheOptions, actionsCacheStore } from '../../src/stores/actions-cache.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

const source = fileURLToPath(new URL('../../src/stores/actions-cache/save-program.ts', import.meta.url));

/** What the tests of a file share: one Azurite, and the saving program as a bundle, as the action has it. */
export function actionsCacheWorld() {
  let blobs: Blobs;
  let bundle: Awaited<ReturnType<typeof temporaryDirectory>>;
  let program: string;

  beforeAll(async () => {
    bundle = await temporaryDirectory();
    program = join(bundle.path, 'save-program.mjs');
    // Loading the toolkit from its many files takes three times as long.
    await using build = await rolldown({ input: source, platform: 'node', cwd: bundle.path });
    await build.write({ file: program, format: 'esm' });
    blobs = await startBlobs();
  });
  afterAll(async () => {
    await blobs.close();
    await bundle.remove();
  });

  return {
    blobs: () => blobs,
    /** A cache service of its own for each test, and a store of a job there. */
    async start(protocol: 1 | 2, more: Partial<ActionsCacheOptions> = {}) {
      const service = await startCacheService({ blobs });
      const temporary = await temporaryDirectory();
      const options: ActionsCacheOptions = {
        env: service.runner({ protocol }),
        temporaryDirectory: temporary.path,
        attempt: 1,
        entries: cacheEntries(tokenClient('token', service.url), { id: 20, owner: 'acme', name: 'shop' }),
        program,
        // As patient as in earnest with a writer that is slow, in less time.
        reservation: { looks: 100, pauseMs: 25 },
        pause: (ms) => sleep(Math.min(ms, 25)),
        ...more,
      };
      const cleanUp = async () => {
        await service.close();
        await temporary.remove();
      };
      return { service, options, store: actionsCacheStore(options), temporary: temporary.path, cleanUp };
    },
  };
}
