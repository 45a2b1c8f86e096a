// node toolkit-process.ts: saves or restores a folder as `actions/cache` does it. A process of its own, because
// the toolkit knows one working directory and one environment. Reads { action, folder, key } as JSON from stdin,
// prints { ms } of the call alone.
import { text } from 'node:stream/consumers';
import { restoreCache, saveCache } from '@actions/cache';
import { z } from 'zod';

const Job = z.object({ action: z.enum(['save', 'restore']), folder: z.string(), key: z.string() });
const { action, folder, key } = Job.parse(JSON.parse(await text(process.stdin)));

const start = performance.now();
if (action === 'save') {
  if ((await saveCache([folder], key)) === -1) throw new Error('The toolkit saved nothing');
} else if ((await restoreCache([folder], key)) !== key) {
  throw new Error('The toolkit restored nothing');
}
const ms = performance.now() - start;
// What the toolkit prints need not end with a line.
console.log(`\n${JSON.stringify({ ms })}`);
