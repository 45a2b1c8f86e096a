import { createHash } from 'node:crypto';
import type { Bucket } from './bucket.ts';
import { StoreFault } from './explain.ts';
import type { StoredGeneration } from './pointer.ts';

const rangeBytes = 8 * 1024 * 1024;
/** Ranges under way or waiting to be read: with the one that is handed out, what a download holds in memory. */
const rangesAtATime = 3;

/**
 * The object at `key` as a stream. Its first range is there when this returns, so that an object which cannot
 * be read at all is an error here. Length and hash are checked before the last bytes are handed out: an archive
 * that ends is the one that was saved. `failed` makes the error that the stream ends with.
 */
export async function download(
  bucket: Bucket,
  key: string,
  { bytes: total, sha256 }: StoredGeneration,
  failed: (error: unknown) => Error,
): Promise<ReadableStream<Uint8Array>> {
  const stop = new AbortController();
  const hash = createHash('sha256');
  const ranges: Promise<Buffer>[] = [];
  let asked = 0;
  let given = 0;
  const askAhead = (most: number) => {
    while (ranges.length < most && asked < total) {
      const end = Math.min(total, asked + rangeBytes);
      const range = bucket.range(key, { start: asked, end, total }, stop.signal);
      // Its failure is met when it is its turn.
      range.catch(() => undefined);
      ranges.push(range);
      asked = end;
    }
  };

  // Only one range before anybody reads: whoever does not want the archive has not paid for three.
  askAhead(1);
  await ranges[0];
  if (total === 0) checkHash(hash.digest('hex'), sha256, key);

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          askAhead(rangesAtATime);
          const range = await ranges.shift();
          if (range === undefined) return controller.close();
          askAhead(rangesAtATime);
          hash.update(range);
          given += range.length;
          if (given === total) checkHash(hash.digest('hex'), sha256, key);
          controller.enqueue(range);
          if (given === total) controller.close();
        } catch (error) {
          stop.abort();
          controller.error(failed(error));
        }
      },
      cancel() {
        stop.abort();
      },
    },
    { highWaterMark: 0 },
  );
}

function checkHash(actual: string, expected: string, key: string): void {
  if (actual === expected) return;
  throw new StoreFault(
    `the object ${key} is not what was saved (its SHA-256 differs)`,
    'Start again with `--fresh`, and find out who else writes to the bucket.',
  );
}
