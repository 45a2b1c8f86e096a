import type { StoreName } from '../src/core/session.ts';

/** A store for the demo's sessions, with what stands behind it on this machine. */
export interface DemoStore {
  /** For the reader: what it is, and what of it is simulated. */
  description: string;
  /** What the app's environment has to say of it. */
  env: Record<string, string>;
  close(): Promise<void>;
}

/** Starts what the store needs; its servers are loaded only when they are wanted. */
export async function startStore(name: StoreName): Promise<DemoStore> {
  const env = { DEXTER_STORE: name };
  switch (name) {
    case 'workspace':
      return { description: 'a directory of the runner', env, close: async () => undefined };
    case 's3': {
      const { startS3 } = await import('./s3/start-s3.ts');
      const s3 = await startS3();
      return {
        description: `the bucket ${s3.bucket} of a simulated S3 at ${s3.url}`,
        env: {
          ...env,
          DEXTER_S3_BUCKET: s3.bucket,
          DEXTER_S3_REGION: s3.region,
          DEXTER_S3_ENDPOINT: s3.url,
          DEXTER_S3_PATH_STYLE: 'true',
          AWS_ACCESS_KEY_ID: s3.accessKeyId,
          AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
        },
        close: () => s3.close(),
      };
    }
    case 'actions-cache': {
      const { startCacheService } = await import('./actions-cache/start-cache-service.ts');
      const service = await startCacheService();
      return {
        description: `a simulated Actions cache service at ${service.url}; the toolkit of GitHub Actions talks to it`,
        env: { ...env, ...service.env },
        close: () => service.close(),
      };
    }
  }
}
