import { s3OfEnvironment } from './s3-of-environment.ts';

/** A process of its own that saves generation 2 of a session; for tests that kill it. */
const store = s3OfEnvironment();
// A test that fails must not leave it behind.
setTimeout(() => process.exit(3), 50_000).unref();
await store.write(
  { installationId: 1, repositoryId: 20, issueKey: 'DXTR-1' },
  2,
  new Blob(['of the process that dies']).stream(),
);
