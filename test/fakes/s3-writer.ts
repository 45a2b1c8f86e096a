import { s3Store } from '../../src/stores/s3.ts';

/** A process of its own that saves generation 2 of a session; for tests that kill it. */
const { S3_URL: endpoint, S3_BUCKET = '', S3_PREFIX, S3_KEY = '', S3_SECRET = '' } = process.env;
const store = s3Store({
  endpoint,
  bucket: S3_BUCKET,
  region: 'us-east-1',
  prefix: S3_PREFIX,
  forcePathStyle: true,
  credentials: { accessKeyId: S3_KEY, secretAccessKey: S3_SECRET },
});
// A test that fails must not leave it behind.
setTimeout(() => process.exit(3), 50_000).unref();
await store.write(
  { installationId: 1, repositoryId: 20, issueKey: 'DXTR-1' },
  2,
  new Blob(['of the process that dies']).stream(),
);
