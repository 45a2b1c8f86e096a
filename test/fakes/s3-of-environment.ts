import { s3Store } from '../../src/stores/s3.ts';

/** The store that a test names to a process of its own: by environment, because it takes credentials. */
export function s3OfEnvironment() {
  const { S3_URL: endpoint, S3_BUCKET = '', S3_PREFIX, S3_KEY = '', S3_SECRET = '' } = process.env;
  return s3Store({
    endpoint,
    bucket: S3_BUCKET,
    region: 'us-east-1',
    prefix: S3_PREFIX,
    forcePathStyle: true,
    credentials: { accessKeyId: S3_KEY, secretAccessKey: S3_SECRET },
  });
}
