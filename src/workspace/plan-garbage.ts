import { basename } from 'node:path';
import type { SessionRef } from '../core/session.ts';
import type { WorkspaceCheckout, WorkspaceContents } from './list-workspace.ts';

/** What a workspace may hold; what is not given is without limit. */
export interface GarbageLimits {
  /** Checkouts. */
  maxSessions?: number;
  /** Since something was used. */
  maxAgeDays?: number;
  /** Of checkouts and mirrors together; what is saved is not counted, as it would not become less. */
  maxBytes?: number;
}

export interface Removal {
  kind: 'checkout' | 'mirror' | 'leftover';
  path: string;
  /** The session that it is of, when that is known. */
  ref: SessionRef | undefined;
  bytes: number;
  /** When it was used or changed: somebody who has used it since keeps it. */
  usedAt: Date;
  /** Whether commits go with it that could not be pushed. */
  unpushed: boolean;
  because: 'age' | 'count' | 'size' | 'unused' | 'left behind';
}

const dayMs = 24 * 60 * 60_000;
/** What is being written changes more often than that. */
const leftoverAfterMs = 60 * 60_000;

/**
 * What to remove, in this order: what dead processes left, what is older than the limit, and then checkouts,
 * the least recently used first, until count and size are within theirs; those with commits that could not be
 * pushed come last. What is in use stays. Saved sessions are none of it, for they cannot be made again: they go
 * by the app's retention and by `dexter session gc`. A mirror goes when nobody borrows from it any more, and it
 * is old or the room is needed.
 */
export function planGarbage(contents: WorkspaceContents, limits: GarbageLimits, now: Date): Removal[] {
  const { maxSessions = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY } = limits;
  const oldest = now.getTime() - (limits.maxAgeDays ?? Number.POSITIVE_INFINITY) * dayMs;
  const isOld = (when: Date) => when.getTime() < oldest;

  const removals: Removal[] = contents.leftovers
    .filter(({ changedAt }) => changedAt.getTime() < now.getTime() - leftoverAfterMs)
    .map(({ path, bytes, changedAt }) => removal('leftover', { path, bytes }, changedAt, 'left behind'));

  const { checkouts, mirrors, leftovers } = contents;
  let bytes = sum([...checkouts, ...mirrors, ...leftovers]) - sum(removals);
  let left = contents.checkouts;
  const drop = (checkout: WorkspaceCheckout, because: Removal['because']) => {
    removals.push(removal('checkout', checkout, checkout.usedAt, because));
    left = left.filter((each) => each !== checkout);
    bytes -= checkout.bytes;
  };
  const candidates = contents.checkouts.filter(({ inUse }) => !inUse).sort(leastWantedFirst);
  for (const checkout of candidates) {
    if (isOld(checkout.usedAt)) drop(checkout, 'age');
  }
  const isBorrowed = (path: string) => left.some(({ borrows }) => borrows.includes(basename(path)));
  const idle = () =>
    contents.mirrors
      .filter(
        ({ inUse, path }) => !inUse && !isBorrowed(path) && !removals.some((each) => each.path === path),
      )
      .sort((a, b) => a.usedAt.getTime() - b.usedAt.getTime());
  const dropMirrors = (because: 'unused' | 'size') => {
    for (const mirror of idle()) {
      if (because === 'unused' ? !isOld(mirror.usedAt) : bytes <= maxBytes) continue;
      removals.push(removal('mirror', mirror, mirror.usedAt, because));
      bytes -= mirror.bytes;
    }
  };
  dropMirrors('unused');
  dropMirrors('size');
  for (const checkout of candidates) {
    if (!left.includes(checkout)) continue;
    if (left.length > maxSessions) drop(checkout, 'count');
    else if (bytes > maxBytes) drop(checkout, 'size');
    dropMirrors('size');
  }
  return removals;
}

function leastWantedFirst(a: WorkspaceCheckout, b: WorkspaceCheckout): number {
  return Number(a.unpushed) - Number(b.unpushed) || a.usedAt.getTime() - b.usedAt.getTime();
}

function removal(
  kind: Removal['kind'],
  { path, ref, bytes, unpushed = false }: Pick<Removal, 'path' | 'bytes'> & Partial<Removal>,
  usedAt: Date,
  because: Removal['because'],
): Removal {
  return { kind, path, ref, bytes, usedAt, because, unpushed };
}

function sum(parts: { bytes: number }[]): number {
  return parts.reduce((total, { bytes }) => total + bytes, 0);
}
