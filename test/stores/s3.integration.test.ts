import { afterAll, beforeAll } from 'vitest';
import { type S3Simulation, startS3 } from '../../demo/s3/start-s3.ts';
import { s3Store } from '../../src/stores/s3.ts';
import { sessionStoreContract } from '../contracts/session-store.ts';

let s3: S3Simulation;
beforeAll(async () => {
  s3 = await startS3();
});
afterAll(() => s3.close());

let tests = 0;
sessionStoreContract('the S3 store', async () => {
  tests += 1;
  const { url, bucket, region, accessKeyId, secretAccessKey } = s3;
  const credentials = { accessKeyId, secretAccessKey };
  return {
    store: s3Store({
      endpoint: url,
      bucket,
      region,
      credentials,
      forcePathStyle: true,
      // The tests share a server: each has a folder of its own.
      prefix: `test-${tests}`,
    }),
  };
});
