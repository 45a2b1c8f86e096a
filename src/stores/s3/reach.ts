import { type Answer, unreachable } from '../../core/answer.ts';
import { openBucket } from './bucket.ts';
import { explain } from './explain.ts';
import { completeOptions, type S3StoreOptions } from './options.ts';
import { codeOf, statusOf } from './retry.ts';

/** Asked again soon anyway. */
const patience = { tries: 1, silenceMs: 8_000 };

/** Whether the bucket is there and lets these credentials look: one request, for the objects of nobody. */
export async function reachBucket(options: S3StoreOptions): Promise<Answer<'reached'>> {
  const setup = completeOptions({ ...options, patience });
  try {
    await Array.fromAsync(openBucket(setup).objects(`${setup.place.prefix}/nobody/`));
    return { outcome: 'answered', value: 'reached' };
  } catch (error) {
    const said = explain(error, setup.place).what;
    const status = statusOf(error);
    if (status !== undefined) return { outcome: 'refused', status, said };
    // The error itself holds the signed request.
    return { ...unreachable(undefined), code: codeOf(error), said };
  }
}
