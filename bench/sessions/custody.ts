import { join } from 'node:path';
import type { SessionFile } from '../../src/core/session.ts';
import { restore } from '../../src/sessions/restore.ts';
import { writeSession } from '../../src/sessions/save.ts';
import type { SessionStore } from '../../src/stores/session-store.ts';
import type { Contestant } from '../rounds.ts';
import { emptied, factsOf, type Ground, ref } from './ground.ts';

/** Saves the scrubbed session again and again, one generation after the other. */
export function saving(
  { keys }: Ground,
  store: SessionStore,
  from: { directory: string; files: SessionFile[] },
): Contestant & { bytes: () => number } {
  let generation = 0;
  let bytes = 0;
  return {
    async run() {
      generation += 1;
      const facts = factsOf(generation);
      const written = await writeSession({ store, keys, facts }, from.directory, from.files);
      if (written.outcome !== 'saved') throw new Error(`The session was not saved: ${written.outcome}`);
      bytes = written.bytes;
    },
    bytes: () => bytes,
  };
}

/** Restores the newest generation into a directory that is not there. */
export function restoring({ keys, directory }: Ground, store: SessionStore, name: string): Contestant {
  const target = join(directory, `restored-${name}`);
  return {
    prepare: () => emptied(target),
    async run() {
      const restored = await restore({
        store,
        keys,
        ref,
        configDirectory: join(target, 'config'),
        temporaryDirectory: join(directory, 'opening'),
      });
      if (restored.outcome !== 'restored') throw new Error(`Nothing was restored: ${restored.outcome}`);
      if (restored.notices.length > 0) throw new Error(restored.notices.join(' '));
    },
  };
}
