import type { SessionRef } from '../../src/core/session.ts';
import type { SessionStore } from '../../src/stores/session-store.ts';

interface Saved {
  ref: SessionRef;
  generations: { generation: number; bytes: Uint8Array; savedAt: Date }[];
}

/** A session store in memory; `sessions` is there for a test to look into and to spoil. */
export function memoryStore(): SessionStore & { sessions: Map<string, Saved> } {
  const sessions = new Map<string, Saved>();
  const keyOf = ({ installationId, repositoryId, issueKey }: SessionRef) =>
    JSON.stringify([installationId, repositoryId, issueKey]);

  return {
    sessions,

    async read(ref, { below = Number.POSITIVE_INFINITY } = {}) {
      const newest = sessions.get(keyOf(ref))?.generations.findLast(({ generation }) => generation < below);
      if (!newest) return { outcome: 'miss' };
      const { generation, savedAt, bytes } = newest;
      return {
        outcome: 'hit',
        generation,
        savedAt,
        bytes: bytes.byteLength,
        archive: new Blob([bytes.slice()]).stream(),
      };
    },

    async write(ref, generation, archive) {
      const bytes = await new Response(archive).bytes();
      const saved = sessions.get(keyOf(ref)) ?? { ref, generations: [] };
      const newest = saved.generations.at(-1)?.generation ?? 0;
      if (generation !== newest + 1) return { outcome: 'conflict', newest };
      saved.generations.push({ generation, bytes, savedAt: new Date() });
      sessions.set(keyOf(ref), saved);
      return { outcome: 'saved', bytes: bytes.byteLength };
    },

    async remove(ref) {
      const count = sessions.get(keyOf(ref))?.generations.length ?? 0;
      sessions.delete(keyOf(ref));
      return count;
    },

    async *list(installationId) {
      for (const { ref, generations } of sessions.values()) {
        const newest = generations.at(-1);
        if (ref.installationId !== installationId || !newest) continue;
        yield { ref, generation: newest.generation, bytes: newest.bytes.byteLength, savedAt: newest.savedAt };
      }
    },
  };
}
