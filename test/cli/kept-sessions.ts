import type { OpenedStore } from '../../src/cli/opened-store.ts';
import type { CompactedCopy, SessionRef } from '../../src/core/session.ts';
import { type MasterKeys, sessionKeys } from '../../src/core/session-key.ts';
import { save } from '../../src/sessions/save.ts';
import { transcriptPath } from '../../src/sessions/session-files.ts';
import type { SessionStore } from '../../src/stores/session-store.ts';
import type { memoryStore } from '../fakes/memory-store.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { conversation, factsOf, sessionId, writeFiles } from '../sessions/session-folder.ts';

export function refOf(issueKey: string, installationId = 1, repositoryId = 20): SessionRef {
  return { installationId, repositoryId, issueKey };
}

/** Saves a small session as a run does, sealed. */
export async function keep(
  store: SessionStore,
  ref: SessionRef,
  keys: MasterKeys,
  generation = 1,
  compacted?: CompactedCopy,
): Promise<void> {
  await using from = await temporaryDirectory();
  await writeFiles(from.path, { [transcriptPath(sessionId)]: conversation(3 + generation) });
  if (compacted) await writeFiles(from.path, { [transcriptPath(compacted.sessionId)]: conversation(1) });
  const { scrubRules, ...facts } = factsOf(generation);
  const saved = await save({
    store,
    keys: sessionKeys(keys, ref),
    configDirectory: from.path,
    temporaryDirectory: from.path,
    facts: { ...facts, ref, ...(compacted === undefined ? {} : { compacted }) },
    secrets: [],
  });
  if (saved.outcome !== 'saved') throw new Error(`the session was not saved: ${saved.outcome}`);
}

/** A store as the command line has it; the installations are those of the sessions that are in memory. */
export function openedMemory(store: ReturnType<typeof memoryStore>): OpenedStore {
  return {
    name: 'workspace',
    place: 'the directory /workspace',
    store,
    installations: async () => [
      ...new Set([...store.sessions.values()].map(({ ref }) => ref.installationId)),
    ],
  };
}

/** Makes what is kept of a session look as if it had been saved so long ago. */
export function age(store: ReturnType<typeof memoryStore>, issueKey: string, savedAt: Date): void {
  for (const { ref, generations } of store.sessions.values()) {
    if (ref.issueKey === issueKey) for (const generation of generations) generation.savedAt = savedAt;
  }
}
