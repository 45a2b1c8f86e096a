import { join } from 'node:path';
import type { SessionRef } from '../../src/core/session.ts';
import { type MasterKeys, newMasterKey, type SessionKeys, sessionKeys } from '../../src/core/session-key.ts';
import { type RestoreOptions, type RestoreResult, restore } from '../../src/sessions/restore.ts';
import { type SaveOptions, type SaveResult, save } from '../../src/sessions/save.ts';
import type { SessionStore } from '../../src/stores/session-store.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { factsOf, ref, sessionFiles, writeFiles } from './session-folder.ts';

export const master: MasterKeys = { current: newMasterKey(), previous: [] };

/** A runner that keeps sessions in `store`: with its own configuration directory and keys. */
export async function custody(store: SessionStore, keys: SessionKeys = sessionKeys(master, ref)) {
  const temporary = await temporaryDirectory();
  const at = {
    store,
    keys,
    configDirectory: join(temporary.path, 'config'),
    temporaryDirectory: join(temporary.path, 'tmp'),
  };
  await writeFiles(at.configDirectory, sessionFiles);
  return {
    ...at,
    directory: temporary.path,
    save(facts: Partial<SaveOptions['facts']> = {}, more: Partial<SaveOptions> = {}): Promise<SaveResult> {
      return save({ ...at, facts: { ...factsOf(facts.generation ?? 1), ...facts }, secrets: [], ...more });
    },
    restore(of: SessionRef = ref, more: Partial<RestoreOptions> = {}): Promise<RestoreResult> {
      return restore({ ...at, ref: of, configDirectory: join(temporary.path, 'restored'), ...more });
    },
    [Symbol.asyncDispose]: temporary.remove,
  };
}
