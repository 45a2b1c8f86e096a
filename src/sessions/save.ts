import { AppError } from '../core/errors.ts';
import type { SessionStore } from '../stores/session-store.ts';
import { type ManifestFacts, pack } from './pack.ts';

export type SaveResult =
  | { outcome: 'saved'; generation: number; bytes: number }
  /** The engine left no transcript. */
  | { outcome: 'nothing' }
  /** Another run saved this generation first; its session stays. */
  | { outcome: 'conflict'; newest: number };

/** Packs the session in `configDirectory` and writes it to the store as `facts.generation`. */
export async function save(
  store: SessionStore,
  configDirectory: string,
  facts: ManifestFacts,
): Promise<SaveResult> {
  const packed = await pack(configDirectory, facts);
  if (packed.outcome === 'nothing') return packed;
  if (packed.outcome === 'too-large') {
    throw new AppError('session-not-saved', {
      message: `The session of ${facts.ref.issueKey} is too large to be saved: ${packed.reason}.`,
      hint: 'Start the next command with `--fresh`.',
    });
  }
  const written = await store.write(facts.ref, facts.generation, packed.archive);
  if (written.outcome === 'conflict') return written;
  return { outcome: 'saved', generation: facts.generation, bytes: written.bytes };
}
