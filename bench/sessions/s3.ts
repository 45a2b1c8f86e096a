import { join } from 'node:path';
import { z } from 'zod';
import { s3Store } from '../../src/stores/s3.ts';
import { workspaceStore } from '../../src/stores/workspace.ts';
import { startServer } from '../child.ts';
import type { Result } from '../figure.ts';
import { medians } from '../rounds.ts';
import { restoring, saving } from './custody.ts';
import type { Ground } from './ground.ts';
import type { Scrubbed } from './scrub.ts';

const Place = z.object({
  url: z.url(),
  bucket: z.string(),
  region: z.string(),
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
});

/** What a restore over S3 on loopback costs on top of one from the disk. */
export async function* measureS3(ground: Ground, scrubbed: Scrubbed): AsyncGenerator<Result> {
  const { directory, leftovers, log, rounds } = ground;
  const server = await startServer('sessions/s3-process', { cwd: directory, leftovers });
  const { url, bucket, region, accessKeyId, secretAccessKey } = Place.parse(server);
  const s3 = s3Store({
    bucket,
    region,
    endpoint: url,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
  const workspace = workspaceStore({ root: join(directory, 'beside-s3') });
  log('s3: save');
  await saving(ground, s3, scrubbed).run();
  await saving(ground, workspace, scrubbed).run();
  log('s3: restore');
  const ms = await medians(
    { s3: restoring(ground, s3, 's3'), workspace: restoring(ground, workspace, 'beside-s3') },
    rounds,
    log,
  );
  yield { figure: 's3_restore_extra', value: (ms.s3 - ms.workspace) / 1000, unit: 's', goal: '<=1' };
}
