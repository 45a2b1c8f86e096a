import { isFields, type RecordFields, textOfRecord } from './transcript.ts';

export type TrimResult =
  | { outcome: 'trimmed'; records: RecordFields[] }
  /** There is no summary, or nothing stands in it: what a follow-up would go on from is missing. */
  | { outcome: 'no-summary' };

/** What the CLI writes around the summary; the words differ a little between its versions. */
const frame = [
  /^This session is being continued from a previous conversation.*$/m,
  /<system-reminder>[\s\S]*?<\/system-reminder>/,
  /^(?:Summary|Analysis):\s*$/m,
  /^The messages after this summary are .*$/m,
];

/**
 * Parts of that frame which are wrong in a copy: it names a file that does not hold the conversation any more, and
 * it forbids questions about an instruction that it does not know yet.
 */
const misleading = [
  /^If you need specific details from before compaction.*\n?/m,
  /^(?:Please )?continue the conversation from where (?:it|we) left (?:it )?off.*\n?/im,
];

/** The records that the caller has to know from before the boundary: the CLI keeps the last messages word for word. */
export function preservedBy(boundary: RecordFields): { uuids: Set<string>; head?: string; anchor?: string } {
  const { preservedSegment, preservedMessages } = fieldsOf(boundary.compactMetadata);
  const segment = fieldsOf(preservedSegment);
  const messages = fieldsOf(preservedMessages);
  const listed = [messages.uuids, messages.allUuids].flatMap((list) => (Array.isArray(list) ? list : []));
  const uuids = new Set([...listed, segment.headUuid, segment.tailUuid].filter(isText));
  return {
    uuids,
    ...(isText(segment.headUuid) ? { head: segment.headUuid } : {}),
    ...(isText(segment.anchorUuid) ? { anchor: segment.anchorUuid } : {}),
  };
}

/**
 * The transcript that a compaction left, from its summary on. `records` are the newest compact boundary, what came
 * after it, and the records of before that it preserves, in the order of the file.
 *
 * Left out are: contents of files, which the CLI attaches again whether they are needed or not; the command itself;
 * and what the CLI notes about requests and costs of the conversation that this is a copy of.
 */
export function trimCopy(records: readonly RecordFields[]): TrimResult {
  const at = records.findLastIndex(isBoundary);
  const boundary = records[at];
  const after = records.slice(at + 1);
  const summary = after.find(({ isCompactSummary }) => isCompactSummary === true);
  if (boundary === undefined || summary === undefined || isEmptySummary(summary)) {
    return { outcome: 'no-summary' };
  }
  const { uuids, head, anchor } = preservedBy(boundary);
  const preserved = records
    .slice(0, at)
    .filter(({ uuid }) => isText(uuid) && uuids.has(uuid))
    .map((record) => (record.uuid === head ? { ...record, parentUuid: anchor ?? summary.uuid } : record));
  const rest = after.filter((record) => record !== summary && isKept(record));
  const kept = [cutFree(boundary), withoutMisleading(summary), ...preserved, ...rest];
  return { outcome: 'trimmed', records: relinked(kept, records) };
}

export function isBoundary({ type, subtype }: RecordFields): boolean {
  return type === 'system' && subtype === 'compact_boundary';
}

/** Says nothing of what is no longer there. */
function cutFree(boundary: RecordFields): RecordFields {
  const { logicalParentUuid: _, ...rest } = boundary;
  const { preservedSegment, preservedMessages, ...metadata } = fieldsOf(boundary.compactMetadata);
  return { ...rest, compactMetadata: metadata };
}

/** Kinds without a place in the conversation that speak of one process of the CLI. */
const bookkeeping =
  /^(?:api-request.*|cost-state|last-prompt|queue-operation|resume-head-vouch|file-history-.*)$/;

export function isBookkeeping({ type }: RecordFields): boolean {
  return isText(type) && bookkeeping.test(type);
}

function isKept(record: RecordFields): boolean {
  if (isBookkeeping(record)) return false;
  if (record.type === 'attachment') return !fileContents.has(String(fieldsOf(record.attachment).type));
  return !/^<(?:local-command|command-name|command-message)/.test(textOfRecord(record));
}

/** Plans, lists of tasks, skills and notes of what tools there are stay: nothing else brings them back. */
const fileContents = new Set(['file', 'compact_file_reference', 'pdf_reference', 'already_read_file']);

/** Each record hangs from what it hung from, or from what is left of that. */
function relinked(kept: readonly RecordFields[], all: readonly RecordFields[]): RecordFields[] {
  const ids = new Set(kept.map(({ uuid }) => uuid));
  const parents = new Map(all.map(({ uuid, parentUuid }) => [uuid, parentUuid]));
  let before: unknown = null;
  return kept.map((record) => {
    if (!('parentUuid' in record)) return record;
    let parent = record.parentUuid;
    for (let step = 0; !ids.has(parent) && parents.has(parent) && step < all.length; step += 1) {
      parent = parents.get(parent);
    }
    // Only the first one begins a conversation: with a second beginning the CLI would forget what is before it.
    const linked = { ...record, parentUuid: ids.has(parent) ? parent : before };
    before = record.uuid;
    return linked;
  });
}

function isEmptySummary(summary: RecordFields): boolean {
  return (
    [...frame, ...misleading].reduce((text, part) => text.replace(part, ''), textOfRecord(summary)).trim() ===
    ''
  );
}

function withoutMisleading(summary: RecordFields): RecordFields {
  const cut = (text: string) =>
    misleading.reduce((left, part) => left.replace(part, ''), text).replace(/\n{3,}/g, '\n\n');
  const message = fieldsOf(summary.message);
  const { content } = message;
  if (isText(content)) return { ...summary, message: { ...message, content: cut(content) } };
  if (!Array.isArray(content)) return summary;
  const blocks = content.map((block: unknown) =>
    isFields(block) && isText(block.text) ? { ...block, text: cut(block.text) } : block,
  );
  return { ...summary, message: { ...message, content: blocks } };
}

function fieldsOf(value: unknown): RecordFields {
  return isFields(value) ? value : {};
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
