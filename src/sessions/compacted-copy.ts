import { appendFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../core/errors.ts';
import { graft } from './graft.ts';
import { messageTokens } from './message-tokens.ts';
import { linesIn, readPieces } from './read-pieces.ts';
import { transcriptPath } from './session-files.ts';
import { parseFields, type RecordFields } from './transcript.ts';
import { isBoundary, preservedBy, trimCopy } from './trim-copy.ts';

export type CopyResult =
  | {
      outcome: 'made';
      /** Tokens of its messages, without what every request begins with. */
      messageTokens: number;
    }
  /** A clause without a full stop. */
  | { outcome: 'unfit'; reason: string };

/** Cuts the transcript that a compaction left down to what follows from its summary. */
export async function trimCopyFile(configDirectory: string, copyId: string): Promise<CopyResult> {
  const path = join(configDirectory, transcriptPath(copyId));
  const trimmed = trimCopy(await recordsSinceBoundary(path));
  if (trimmed.outcome === 'no-summary') return { outcome: 'unfit', reason: 'it has no summary' };
  // Under another name first: a copy is whole or not there.
  const temporary = `${path}.trimmed`;
  await writeFile(temporary, linesOf(trimmed.records), { mode: 0o600 });
  await rename(temporary, path);
  return { outcome: 'made', messageTokens: messageTokens(trimmed.records) };
}

export interface GraftOptions {
  /** Session of the whole conversation. */
  sessionId: string;
  copyId: string;
  /** Length of its transcript before the run: what stands behind it is new. */
  bytesBefore: number;
}

/** Appends what a run added to the whole conversation to its compacted copy. The whole is only read. */
export async function graftCopyFile(
  configDirectory: string,
  { sessionId, copyId, bytesBefore }: GraftOptions,
): Promise<CopyResult> {
  const whole = join(configDirectory, transcriptPath(sessionId));
  const copy = join(configDirectory, transcriptPath(copyId));
  const size = await sizeOf(whole);
  const { leaf, uuids } = await endOf(copy);
  if (leaf === undefined) return { outcome: 'unfit', reason: 'its transcript is missing or empty' };
  if (size === undefined || size < bytesBefore) {
    return { outcome: 'unfit', reason: 'the transcript of the whole conversation was written anew' };
  }
  const added: RecordFields[] = [];
  for await (const { fields } of linesOfFile(whole, bytesBefore)) if (fields) added.push(fields);
  // A run that died may have done it already.
  const done = added.findLastIndex(({ uuid }) => uuids.has(uuid));
  const grafted = graft(added.slice(done + 1), { sessionId: copyId, leaf });
  if (grafted.outcome === 'unfit') return grafted;
  await appendFile(copy, linesOf(grafted.records));
  return { outcome: 'made', messageTokens: messageTokens(grafted.records) };
}

/** Removes a copy that is of no use, finished or not. */
export async function removeCopyFile(configDirectory: string, copyId: string): Promise<void> {
  const path = join(configDirectory, transcriptPath(copyId));
  for (const name of [path, `${path}.trimmed`]) await rm(name, { force: true });
  await rm(path.replace(/\.jsonl$/, ''), { recursive: true, force: true });
}

const boundaryMark = '"compact_boundary"';

/** Only what is needed of a transcript that may be large: the newest boundary, what follows, and what it preserves. */
async function recordsSinceBoundary(path: string): Promise<RecordFields[]> {
  let boundary: RecordFields | undefined;
  let start = 0;
  for await (const { at, text } of linesWith(path, boundaryMark)) {
    const record = parseFields(text);
    if (record && isBoundary(record)) [boundary, start] = [record, at];
  }
  if (boundary === undefined) return [];
  const { uuids } = preservedBy(boundary);
  const preserved: { at: number; record: RecordFields }[] = [];
  for (const uuid of uuids) {
    for await (const { at, text } of linesWith(path, `"uuid":${JSON.stringify(uuid)}`, start)) {
      const record = parseFields(text);
      if (record?.uuid === uuid) preserved.push({ at, record });
    }
  }
  const records = preserved.toSorted((one, other) => one.at - other.at).map(({ record }) => record);
  for await (const { fields } of linesOfFile(path, start)) if (fields) records.push(fields);
  return records;
}

/** Lines that hold a text, up to the byte `end`; the others are not parsed. */
async function* linesWith(path: string, text: string, end = Number.POSITIVE_INFINITY) {
  let position = 0;
  for await (const { bytes } of readPieces(path, { end })) {
    if (bytes.includes(text)) {
      for (const line of linesIn(bytes)) {
        const found = bytes.toString('utf8', line.start, line.end);
        if (found.includes(text)) yield { at: position + line.start, text: found };
      }
    }
    position += bytes.length;
  }
}

/** What is no JSON object, a last line that was cut for example, has no fields. */
async function* linesOfFile(path: string, start: number): AsyncGenerator<{ fields?: RecordFields }> {
  for await (const { bytes } of readPieces(path, { start })) {
    for (const line of linesIn(bytes)) {
      const fields = parseFields(bytes.toString('utf8', line.start, line.end));
      yield fields === undefined ? {} : { fields };
    }
  }
}

/** The record that a conversation ends with, and all that it has; nothing for a file that is not there. */
async function endOf(path: string): Promise<{ leaf?: string; uuids: Set<unknown> }> {
  let leaf: string | undefined;
  const uuids = new Set<unknown>();
  try {
    for await (const { fields } of linesOfFile(path, 0)) {
      if (fields === undefined || fields.isSidechain === true || fields.parentUuid === undefined) continue;
      if (typeof fields.uuid !== 'string') continue;
      leaf = fields.uuid;
      uuids.add(leaf);
    }
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  return leaf === undefined ? { uuids } : { leaf, uuids };
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function linesOf(records: readonly RecordFields[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

/** English and code have about as many characters in a token. */
