// node memory-process.ts: saves or restores a session, whole, in a process that does nothing else. Reads a job as
// JSON from stdin, prints { megabytes }: the most memory that the process ever had.
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { SessionKeys } from '../../src/core/session-key.ts';
import { restore } from '../../src/sessions/restore.ts';
import { save } from '../../src/sessions/save.ts';
import { workspaceStore } from '../../src/stores/workspace.ts';
import { factsOf, ref } from './ground.ts';

const Job = z.object({
  action: z.enum(['save', 'restore']),
  root: z.string(),
  configDirectory: z.string(),
  temporaryDirectory: z.string(),
  keys: SessionKeys,
});
const { action, root, configDirectory, temporaryDirectory, keys } = Job.parse(
  JSON.parse(await text(process.stdin)),
);

const store = workspaceStore({ root });
const places = { store, keys, configDirectory, temporaryDirectory };
const { outcome } =
  action === 'save'
    ? await save({ ...places, facts: factsOf(1), secrets: ['benchmark-secret-value-0123456789'] })
    : await restore({ ...places, ref });
if (outcome !== 'saved' && outcome !== 'restored')
  throw new Error(`The session was not ${action}d: ${outcome}`);

// Not the `maxRSS` of this process: that begins with what its parent had when it was started.
const status = await readFile('/proc/self/status', 'utf8');
const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
if (kilobytes === undefined) throw new Error('The system does not tell how much memory was used');
console.log(JSON.stringify({ megabytes: (Number(kilobytes) * 1024) / 1e6 }));
