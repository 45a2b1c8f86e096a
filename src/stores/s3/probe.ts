import { openBucket } from './bucket.ts';
import { explain, StoreFault } from './explain.ts';
import { completeOptions, type S3StoreOptions } from './options.ts';
import { statusOf } from './retry.ts';

/** What a session store does with a bucket, by the permission of AWS that each takes. */
export type ProbeStep =
  | 's3:ListBucket'
  | 's3:ListBucketMultipartUploads'
  | 's3:PutObject'
  | 'conditional write'
  | 's3:GetObject'
  | 's3:AbortMultipartUpload'
  | 's3:DeleteObject';

export interface ProbeFailure {
  step: ProbeStep;
  /** Whether the server knows who asks and says no. */
  isRefused: boolean;
  what: string;
  hint: string;
}

/** Far less patience than a run has: somebody waits for the answer. */
const patience = { tries: 2, silenceMs: 8_000, partMs: 8_000 };

/**
 * Tries each thing that the store does with its bucket, on one small object of its own below the prefix, which is
 * deleted in the end. A step that failed does not keep the others from being tried, so that all is said at once.
 */
export async function probeBucket(options: S3StoreOptions, id: string): Promise<ProbeFailure[]> {
  const setup = completeOptions({ ...options, patience });
  const bucket = openBucket(setup);
  const prefix = `${setup.place.prefix}/doctor-${id}`;
  const key = `${prefix}/object`;
  const failures: ProbeFailure[] = [];

  async function attempt(step: ProbeStep, act: () => Promise<unknown>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      failures.push({ step, isRefused: isForbidden(error), ...explain(error, setup.place) });
      return false;
    }
  }

  await attempt('s3:ListBucket', () => Array.fromAsync(bucket.objects(`${prefix}/`)));
  // Where nobody answers, or nobody is known, the other steps would only say the same again.
  if (failures.some(({ isRefused }) => !isRefused)) return failures;
  await attempt('s3:ListBucketMultipartUploads', () => bucket.uploads(`${prefix}/`));
  const isWritten = await attempt('s3:PutObject', () => bucket.put(key, Buffer.from(id)));
  if (!isWritten) return failures;
  try {
    await attempt('conditional write', async () => {
      const outcome = await bucket.putIf(key, Buffer.from('another'), { ifNoneMatch: '*' });
      if (outcome === 'written') throw unconditional(setup.place.bucket);
    });
    await attempt('s3:GetObject', () => bucket.get(key, 1000));
    let upload = '';
    const hasBegun = await attempt('s3:PutObject', async () => {
      upload = await bucket.beginParts(`${prefix}/parts`);
    });
    if (hasBegun) {
      await attempt('s3:AbortMultipartUpload', () => bucket.abortParts(`${prefix}/parts`, upload));
    }
  } finally {
    await attempt('s3:DeleteObject', () => bucket.remove([key]));
  }
  return failures;
}

/** The server wrote although it was told not to: two runs would overwrite each other's session. */
function unconditional(bucket: string): StoreFault {
  return new StoreFault(
    `the server of the bucket ${bucket} wrote an object that it was asked to leave alone (\`If-None-Match\`)`,
    'Use a server that knows conditional writes (`If-Match`, `If-None-Match`): without them two runs overwrite each other.',
  );
}

/** Keys that are unknown are answered with 403 as well, under other names. */
function isForbidden(error: unknown): boolean {
  return statusOf(error) === 403 && error instanceof Error && error.name === 'AccessDenied';
}
