import { createReadStream } from 'node:fs';
import { hasCode } from '../../core/errors.ts';
import { splitLines } from '../claude-code/lines.ts';
import { blocksOf, isBoundary, parseTranscriptRecord, type TranscriptRecord } from './transcript-record.ts';

export interface Conversation {
  /** In the order in which the model was told them: from the last compaction, or the beginning, to the end. */
  records: TranscriptRecord[];
  /** What the next record hangs from; null where there is none. */
  leaf: string | null;
}

/**
 * The newest conversation of a session; empty where there is no transcript. What is no whole record, a last line that
 * was cut for example, is passed over.
 */
export async function readTranscript(path: string): Promise<Conversation> {
  let records: TranscriptRecord[] = [];
  try {
    for await (const line of splitLines(createReadStream(path, { encoding: 'utf8' }))) {
      const record = parseTranscriptRecord(line);
      if (record === undefined || record.isSidechain) continue;
      if (isBoundary(record)) {
        // What is before it is never asked for again, and may be long.
        const preserved = preservedBy(record);
        records = records.filter(({ uuid }) => preserved.has(uuid));
      }
      records.push(record);
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return { records: [], leaf: null };
    throw error;
  }
  return newestConversation(records);
}

/**
 * What leads to the last record, by its parents. A message whose parts are in several records, and the results of tools
 * that ran side by side, branch off from one another: all parts of a message in the chain, and their results, belong to it.
 */
export function newestConversation(records: readonly TranscriptRecord[]): Conversation {
  const known = new Map(records.map((record) => [record.uuid, record]));
  const boundary = records.findLast(isBoundary);
  const segment = boundary?.compactMetadata?.preservedSegment;
  const summary = records.find(({ parentUuid }) => boundary !== undefined && parentUuid === boundary.uuid);
  const parentOf = (record: TranscriptRecord): TranscriptRecord | undefined => {
    if (isBoundary(record)) return undefined;
    const isHead = record.uuid === segment?.headUuid;
    return known.get((isHead ? (segment.anchorUuid ?? summary?.uuid) : record.parentUuid) ?? '');
  };
  const chain: TranscriptRecord[] = [];
  const seen = new Set<string>();
  for (let next = records.at(-1); next !== undefined && !seen.has(next.uuid); next = parentOf(next)) {
    seen.add(next.uuid);
    chain.push(next);
  }
  return { records: withBranches(chain.reverse(), seen, records), leaf: records.at(-1)?.uuid ?? null };
}

function preservedBy({ compactMetadata }: TranscriptRecord): Set<string> {
  const { preservedSegment: segment, preservedMessages: messages } = compactMetadata ?? {};
  return new Set([
    ...(messages?.uuids ?? []),
    ...(messages?.allUuids ?? []),
    ...(segment === undefined ? [] : [segment.headUuid, segment.tailUuid]),
  ]);
}

function withBranches(
  chain: readonly TranscriptRecord[],
  seen: ReadonlySet<string>,
  records: readonly TranscriptRecord[],
): TranscriptRecord[] {
  const parts = Map.groupBy(records, messageId);
  const results = new Map<string | undefined, TranscriptRecord>();
  for (const record of records) {
    if (seen.has(record.uuid)) continue;
    for (const { type, tool_use_id: id } of blocksOf(record)) {
      if (type === 'tool_result') results.set(id, record);
    }
  }
  const told = new Set<string>();
  return chain.flatMap((record) => {
    const id = messageId(record);
    if (id === undefined) return [record];
    if (told.has(id)) return [];
    told.add(id);
    const whole = parts.get(id) ?? [record];
    const uses = whole.flatMap(blocksOf).filter(({ type }) => type === 'tool_use');
    const strays = uses.flatMap((use) => results.get(use.id) ?? []);
    return [...whole, ...new Set(strays)];
  });
}

function messageId({ type, message }: TranscriptRecord): string | undefined {
  return type === 'assistant' ? message?.id : undefined;
}
