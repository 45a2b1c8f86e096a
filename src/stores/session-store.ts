import type { SessionRef } from '../core/session.ts';

export interface ReadOptions {
  /** Newest generation below this one instead of the newest of all, which turned out to be unusable. */
  below?: number;
  /** What `write` answered when the ledger's newest generation was saved; for stores that search by prefix. */
  entry?: string;
}

export type ReadResult =
  | { outcome: 'hit'; generation: number; savedAt: Date; bytes: number; archive: ReadableStream<Uint8Array> }
  | { outcome: 'miss' };

export type WriteResult =
  /** `entry` is the name under which the store keeps this generation, when it is more than its number. */
  { outcome: 'saved'; bytes: number; entry?: string } | { outcome: 'conflict'; newest: number };

/**
 * Where sessions are kept: opaque archives, by ref and generation. What is in an archive, and whether it is
 * whole, is checked above the store (sessions/).
 *
 * - A failure is an AppError (`session-unreadable`, `session-not-saved`), never a miss.
 * - A crash during `write` leaves the previous generation readable.
 * - At least the newest three generations stay readable.
 */
export interface SessionStore {
  /** The newest generation of `ref`, or a miss when nothing was ever written or all was removed. */
  read(ref: SessionRef, options?: ReadOptions): Promise<ReadResult>;
  /**
   * Writes `generation`, which must be one more than the newest; otherwise somebody else was faster and
   * nothing is changed (`conflict`). The archive stream is read to its end or cancelled.
   */
  write(ref: SessionRef, generation: number, archive: ReadableStream<Uint8Array>): Promise<WriteResult>;
  /** Removes all generations of `ref`; removing what is not there is no error. Returns how many went. */
  remove(ref: SessionRef): Promise<number>;
  /** Newest generation of every session of an installation, in no order; `bytes` is what the store holds for it. */
  list(
    installationId: number,
  ): AsyncIterable<{ ref: SessionRef; generation: number; bytes: number; savedAt: Date }>;
}
