import { openBucket } from './bucket.ts';
import { listingError } from './explain.ts';
import { completeOptions, type S3StoreOptions } from './options.ts';

/** Ids of all installations that have something in the bucket, in no order: what `list` can be asked for. */
export async function foldersOf(options: S3StoreOptions): Promise<number[]> {
  const setup = completeOptions(options);
  try {
    const folders = await Array.fromAsync(openBucket(setup).folders(`${setup.place.prefix}/`));
    return folders.filter((name) => /^(?:0|[1-9]\d{0,14})$/.test(name)).map(Number);
  } catch (error) {
    throw listingError(error, setup.place);
  }
}
