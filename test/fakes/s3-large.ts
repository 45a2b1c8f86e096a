import { createHash } from 'node:crypto';
import { s3OfEnvironment } from './s3-of-environment.ts';

/**
 * A process of its own that saves and reads an archive of as many megabytes as its argument says, and prints
 * what it took: `{ isSame, bytes, savePeakMB, peakMB, saveMs, readMs }`.
 */
const total = Number(process.argv[2]) * 1_000_000;
const ref = { installationId: 1, repositoryId: 20, issueKey: 'LARGE-1' };
const store = s3OfEnvironment();

const sent = createHash('sha256');
let left = total;
let count = 0;
const archive = new ReadableStream<Uint8Array>(
  {
    pull(controller) {
      count += 1;
      const chunk = Buffer.alloc(Math.min(left, 100_000), count % 256);
      left -= chunk.length;
      sent.update(chunk);
      controller.enqueue(chunk);
      if (left === 0) controller.close();
    },
  },
  { highWaterMark: 0 },
);

const started = performance.now();
await store.write(ref, 1, archive);
const saved = performance.now();
const savePeakMB = peakMB();
const found = await store.read(ref);
if (found.outcome !== 'hit') throw new Error('miss');
const received = createHash('sha256');
let bytes = 0;
for await (const chunk of found.archive) {
  received.update(chunk);
  bytes += chunk.length;
}
const read = performance.now();
await store.remove(ref);
console.log(
  JSON.stringify({
    isSame: sent.digest('hex') === received.digest('hex'),
    bytes,
    savePeakMB,
    peakMB: peakMB(),
    saveMs: Math.round(saved - started),
    readMs: Math.round(read - saved),
  }),
);

function peakMB(): number {
  // Node counts in kilobytes.
  return Math.round((process.resourceUsage().maxRSS * 1024) / 1_000_000);
}
