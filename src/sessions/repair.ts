import { randomUUID } from 'node:crypto';
import { appendFile, open, rm, stat, truncate } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { hasCode } from '../core/errors.ts';
import { linesIn, readPieces } from './read-pieces.ts';
import { findSessionFiles, transcriptPath } from './session-files.ts';
import {
  isMessage,
  isPrompt,
  parseRecord,
  type TranscriptRecord,
  toolResults,
  toolUses,
} from './transcript.ts';

export type RepairResult =
  | { outcome: 'whole' }
  /** What is missing now, or was made up, one sentence each. */
  | { outcome: 'repaired'; dropped: string[] }
  /** A sentence that says why the session cannot be resumed. */
  | { outcome: 'broken'; reason: string };

/** What is wrong with a transcript, a sentence; never leaves this file. */
class Broken extends Error {}

const interrupted =
  'The run was interrupted before this tool ended, so its result is unknown. Check what it did before you rely on it or call it again.';

/**
 * Makes a session whole again after the run that wrote it was ended at any moment, in place: a last line that
 * was cut in the middle is dropped, and a tool use that has no result gets one that says so. It is not cut off
 * instead, as what the tool has done is done, and the model has to know that. Damage anywhere else is not
 * mended: the CLI skips such a line without a word, and what came before it is forgotten.
 *
 * `isVerified` says that the hashes of all files were just compared: it was whole when it was saved, so that only
 * the very end is looked at.
 */
export async function repair(
  configDirectory: string,
  sessionId: string,
  { isVerified = false }: { isVerified?: boolean } = {},
): Promise<RepairResult> {
  const transcript = join(configDirectory, transcriptPath(sessionId));
  const dropped: string[] = [];
  try {
    if (!isVerified) await checkLines(transcript);
    if (await dropCutLine(transcript)) {
      dropped.push('The last line of the transcript was cut in the middle and is left out.');
    }
    const mostBytes = isVerified ? verifiedTurn : longestTurn;
    const ended = await endInterruptedTools(transcript, sessionId, mostBytes);
    if (ended > 0) {
      const uses = ended === 1 ? 'One tool use' : `${ended} tool uses`;
      dropped.push(`${uses} had no result because the run was interrupted; the session now says so.`);
    }
  } catch (error) {
    if (error instanceof Broken) return { outcome: 'broken', reason: error.message };
    if (hasCode(error, 'ENOENT')) return { outcome: 'broken', reason: 'The transcript is missing.' };
    throw error;
  }
  dropped.push(...(await repairSubagents(configDirectory, sessionId, isVerified)));
  return dropped.length === 0 ? { outcome: 'whole' } : { outcome: 'repaired', dropped };
}

/** What sub-agents said to themselves is not resumed: one damaged file of it is no reason to lose the rest. */
async function repairSubagents(
  configDirectory: string,
  sessionId: string,
  isVerified: boolean,
): Promise<string[]> {
  const dropped: string[] = [];
  for (const path of await findSessionFiles(configDirectory, sessionId)) {
    if (!path.endsWith('.jsonl') || path === transcriptPath(sessionId)) continue;
    const file = join(configDirectory, path);
    const name = basename(path, '.jsonl');
    try {
      if (!isVerified) await checkLines(file);
      if (await dropCutLine(file))
        dropped.push(`The last line of the sub-agent ${name} was cut and is left out.`);
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      await rm(file);
      dropped.push(`What the sub-agent ${name} said was damaged and is left out.`);
    }
  }
  return dropped;
}

const [brace, endBrace, zero] = [0x7b, 0x7d, 0];

/** How records begin that follow on one another, or on the start of the CLI. */
const beginnings = ['{"parentUuid":', '{"type":"queue-operation"'];

/**
 * Looks at the first and last byte of each line, for zero bytes, which a crash of the disk leaves behind, and for
 * a record that begins in the middle of a line, as after a line that was cut. Parsing all lines would take ten
 * times as long and find little else: a line is written at once.
 */
async function checkLines(path: string): Promise<void> {
  let count = 0;
  let bad: number | undefined;
  for await (const { bytes } of readPieces(path)) {
    const hasZero = bytes.includes(zero);
    const joined = joinedLines(bytes);
    for (const { start, end } of linesIn(bytes)) {
      // The last line may be cut; only when another one follows it, it is not the last.
      if (bad !== undefined) throw new Broken(`Line ${bad} of ${basename(path)} is damaged.`);
      count += 1;
      if (start === end) continue;
      const isWhole = bytes[start] === brace && bytes[end - 1] === endBrace && !joined.has(start);
      if (!isWhole || (hasZero && bytes.subarray(start, end).includes(zero))) bad = count;
    }
  }
}

/** Start of each line that another one runs into. */
function joinedLines(bytes: Buffer): Set<number> {
  const starts = new Set<number>();
  for (const beginning of beginnings) {
    for (let at = bytes.indexOf(beginning); at >= 0; at = bytes.indexOf(beginning, at + 1)) {
      const start = at === 0 ? 0 : bytes.lastIndexOf(0x0a, at - 1) + 1;
      if (start === at || starts.has(start)) continue;
      const end = bytes.indexOf(0x0a, at);
      if (parseRecord(bytes.toString('utf8', start, end < 0 ? bytes.length : end)) === undefined)
        starts.add(start);
    }
  }
  return starts;
}

/** Whether there was one. A whole last line that only lacks its line end gets it. */
async function dropCutLine(path: string): Promise<boolean> {
  for await (const { start, text, hasEnd } of linesFromEnd(path)) {
    if (parseRecord(text) === undefined) {
      await truncate(path, start);
      return true;
    }
    if (!hasEnd) await appendFile(path, '\n');
    break;
  }
  return false;
}

/** Appends a result for each tool use of the last turn that has none, and says how many there were. */
async function endInterruptedTools(path: string, sessionId: string, mostBytes: number): Promise<number> {
  const turn = await lastTurn(path, mostBytes);
  const done = new Set(turn.flatMap(toolResults));
  const open = turn.filter((record) => toolUses(record).some((id) => !done.has(id)));
  const last = turn.findLast(({ uuid }) => uuid !== undefined);
  const asked = open.at(-1);
  if (last === undefined || asked === undefined) return 0;
  const uses = open.flatMap(toolUses).filter((id) => !done.has(id));
  const content = uses.map((id) => ({
    type: 'tool_result',
    tool_use_id: id,
    is_error: true,
    content: interrupted,
  }));
  const record = {
    // Results of tools that ran side by side hang from one another's calls: the last record leads to all.
    parentUuid: last.uuid,
    isSidechain: false,
    type: 'user',
    message: { role: 'user', content },
    uuid: randomUUID(),
    timestamp: new Date().toISOString(),
    toolUseResult: interrupted,
    sourceToolAssistantUUID: asked.uuid,
    userType: 'external',
    cwd: last.cwd,
    sessionId,
    version: last.version,
    gitBranch: last.gitBranch,
  };
  await appendFile(path, `${JSON.stringify(record)}\n`);
  return uses.length;
}

/** Looked at for the beginning of the last turn; of a longer one only this much. */
const longestTurn = 16 * 1024 * 1024;
const verifiedTurn = 1024 * 1024;

/** Records of the main conversation since the last thing that a person said, in their order. */
async function lastTurn(path: string, mostBytes: number): Promise<TranscriptRecord[]> {
  const turn: TranscriptRecord[] = [];
  let hasMessage = false;
  let seen = 0;
  for await (const { start, end, text } of linesFromEnd(path)) {
    const record = parseRecord(text);
    if (record === undefined) throw new Broken('A line near the end of the transcript is damaged.');
    if (!record.isSidechain) {
      turn.unshift(record);
      hasMessage ||= isMessage(record);
      if (isPrompt(record)) break;
    }
    seen += end - start;
    if (hasMessage && seen > mostBytes) break;
  }
  if (!hasMessage) throw new Broken('The transcript holds no message.');
  return turn;
}

interface Line {
  start: number;
  end: number;
  text: string;
  hasEnd: boolean;
}

const firstTail = 1024 * 1024;

/** Lines of a file from the last to the first, empty ones left out; read from the end, more and more of it. */
async function* linesFromEnd(path: string): AsyncGenerator<Line> {
  const { size } = await stat(path);
  await using file = await open(path, 'r');
  let end = size;
  let tailBytes = firstTail;
  while (end > 0) {
    const from = Math.max(0, end - tailBytes);
    const tail = Buffer.allocUnsafe(end - from);
    await readFully(file, tail, from);
    // What stands before the first line end belongs to a line that begins further ahead.
    const first = from === 0 ? 0 : tail.subarray(0, -1).indexOf(0x0a) + 1;
    if (from > 0 && first === 0) {
      tailBytes *= 2;
      continue;
    }
    for (const line of [...linesIn(tail.subarray(first))].toReversed()) {
      if (line.start === line.end) continue;
      const [start, stop] = [first + line.start, first + line.end];
      yield {
        start: from + start,
        end: from + stop,
        text: tail.toString('utf8', start, stop),
        hasEnd: stop < tail.length,
      };
    }
    end = from + first;
    tailBytes = Math.min(tailBytes * 2, longestTurn);
  }
}

async function readFully(
  file: {
    read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  },
  memory: Buffer,
  position: number,
): Promise<void> {
  for (let filled = 0; filled < memory.length; ) {
    const { bytesRead } = await file.read(memory, filled, memory.length - filled, position + filled);
    if (bytesRead === 0) throw new Broken('The transcript became shorter while it was read.');
    filled += bytesRead;
  }
}
