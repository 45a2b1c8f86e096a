import type { RecordFields } from './transcript.ts';
import { isBookkeeping, isBoundary } from './trim-copy.ts';

export type GraftResult =
  | { outcome: 'grafted'; records: RecordFields[] }
  /** A clause without a full stop. */
  | { outcome: 'unfit'; reason: string };

/**
 * What a run added to the whole conversation, as it is to follow on the last record of the copy: under the copy's id,
 * and hanging from `leaf` where it hung from an earlier record of the whole. Nothing else of it is changed.
 */
export function graft(
  added: readonly RecordFields[],
  { sessionId, leaf }: { sessionId: string; leaf: string },
): GraftResult {
  if (added.some(isBoundary)) {
    return { outcome: 'unfit', reason: 'the whole conversation was compacted while the run went on' };
  }
  const records = added.filter((record) => !isBookkeeping(record));
  const ids = new Set(records.map(({ uuid }) => uuid));
  const followsOn = (record: RecordFields) => record.parentUuid !== undefined && !ids.has(record.parentUuid);
  return {
    outcome: 'grafted',
    records: records.map((record) => ({
      ...record,
      ...(followsOn(record) ? { parentUuid: leaf } : {}),
      ...(typeof record.sessionId === 'string' ? { sessionId } : {}),
    })),
  };
}
