import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SessionFile } from '../../core/session.ts';
import { readPieces } from '../read-pieces.ts';
import { findSessionFiles, transcriptPath } from '../session-files.ts';
import { createOutput, type Output } from './output.ts';
import { createRecordChain, holdsRecord } from './record-chain.ts';
import { createScrubber, findSecrets, ScrubError } from './scrub-text.ts';
import { scrubTextFile } from './scrub-text-file.ts';
import { type ScrubbedFile, scrubTranscript, type TranscriptTools } from './scrub-transcript.ts';
import { createSuspects } from './suspects.ts';

/** Names what a session was scrubbed with; another name means that everything is scrubbed again. */
export const scrubRules = '1+secretlint-13.0.7';

export interface ScrubOptions {
  /** Values that must not be in an archive, whatever they look like. */
  secrets: readonly string[];
  /** Key of the marks: the same secret has the same mark under the same key. */
  markKey: Uint8Array;
  /** What was scrubbed before, as the manifest of the restored archive says; it is not scrubbed twice. */
  before?: { scrubRules: string; files: readonly SessionFile[] };
  /** Session id of the compacted copy that is scrubbed with it. */
  copyId?: string | undefined;
}

export type ScrubResult =
  | {
      outcome: 'scrubbed';
      files: SessionFile[];
      /** Secrets that a mark has taken the place of. */
      replaced: number;
      /** Thoughts that were left out, as they are signed and may not be changed. */
      blocksDropped: number;
    }
  /** The session cannot be saved without a secret in it; a clause without a full stop. */
  | { outcome: 'refused'; reason: string }
  /** What it scrubbed could not be resumed as a whole; a sentence. */
  | { outcome: 'broken'; reason: string };

interface FileTools extends Omit<TranscriptTools, 'onRecord'> {
  /** What is known of the file as it was before. */
  before: SessionFile | undefined;
  /** From which byte on its records have to follow on one another; undefined for a file where they need not. */
  chainedFrom: number | undefined;
}

/**
 * Copies a session's files to `target`, under the same relative paths and without their secrets. `target` must
 * not exist yet, its parent must; it is there afterwards only when the outcome is `scrubbed`.
 */
export async function scrub(
  configDirectory: string,
  sessionId: string,
  target: string,
  { secrets, markKey, before, copyId }: ScrubOptions,
): Promise<ScrubResult> {
  const scrubber = createScrubber(secrets, markKey);
  const tools = { scrubber, suspects: createSuspects(scrubber) };
  const scrubbedBefore = before?.scrubRules === scrubRules ? before.files : [];
  await mkdir(target, { mode: 0o700 });
  let isDone = false;
  try {
    const files: SessionFile[] = [];
    const result = { replaced: 0, blocksDropped: 0 };
    for (const path of await findSessionFiles(configDirectory, sessionId, copyId)) {
      const [source, copy] = [join(configDirectory, path), join(target, path)];
      const known = scrubbedBefore.find((file) => file.path === path);
      // What was saved before is as it is: to refuse it now would refuse the session for ever.
      const savedBytes = before?.files.find((file) => file.path === path)?.bytes ?? 0;
      const isTranscript = [sessionId, copyId].some((id) => id !== undefined && path === transcriptPath(id));
      const chainedFrom = isTranscript ? savedBytes : undefined;
      if (findSecrets(path, scrubber).length > 0) {
        return { outcome: 'refused', reason: 'a secret stands in the name of one of its files' };
      }
      const scrubbed = await scrubFile(source, copy, { ...tools, before: known, chainedFrom });
      if (scrubbed.outcome === 'broken') return scrubbed;
      if (scrubbed.outcome === 'refused') {
        return { outcome: 'refused', reason: `${path} cannot be saved, because ${scrubbed.reason}` };
      }
      files.push({ path, ...scrubbed.written });
      result.replaced += scrubbed.replaced;
      result.blocksDropped += scrubbed.blocksDropped;
    }
    isDone = true;
    return { outcome: 'scrubbed', files, ...result };
  } catch (error) {
    if (error instanceof ScrubError) return { outcome: 'refused', reason: error.message };
    throw error;
  } finally {
    if (!isDone) await rm(target, { recursive: true, force: true });
  }
}

type ScrubbedCopy =
  | (ScrubbedFile & { outcome: 'refused' })
  | (ScrubResult & { outcome: 'broken' })
  | (ScrubbedFile & { written: Written });
type Written = Pick<SessionFile, 'bytes' | 'sha256'>;

async function scrubFile(source: string, copy: string, tools: FileTools): Promise<ScrubbedCopy> {
  if (tools.before) {
    const rest = await scrubRest(source, copy, tools.before, tools);
    if (rest) return rest;
    await rm(copy, { force: true });
  }
  await using output = await createOutput(copy);
  if (source.endsWith('.jsonl')) return await scrubRecords(source, 0, output, tools);
  const scrubbed = await scrubTextFile(source, output, tools);
  return { ...scrubbed, written: output.written() };
}

/** Scrubs a transcript from the byte `start` on. */
async function scrubRecords(
  source: string,
  start: number,
  output: Output,
  { chainedFrom, ...tools }: FileTools,
): Promise<ScrubbedCopy> {
  const chain = createRecordChain();
  const scrubbed = await scrubTranscript(source, start, output, {
    ...tools,
    onRecord(record, at) {
      if (chainedFrom !== undefined && at >= chainedFrom) chain.add(record);
    },
  });
  if (scrubbed.outcome === 'refused') return scrubbed;
  const reason = await chain.problem((uuid) => holdsRecord(source, chainedFrom ?? 0, uuid));
  if (reason !== undefined) return { outcome: 'broken', reason };
  return { ...scrubbed, written: output.written() };
}

/**
 * Copies the part of a file that was scrubbed before and scrubs what came after it. Undefined when the part
 * is another one by now, or may hold a value that was not known then.
 */
async function scrubRest(
  source: string,
  copy: string,
  before: SessionFile,
  tools: FileTools,
): Promise<ScrubbedCopy | undefined> {
  const { size } = await stat(source);
  const isTranscript = source.endsWith('.jsonl');
  // Text has no lines that stand for themselves: a secret may begin in the old part and end in the new one.
  if (size < before.bytes || (!isTranscript && size > before.bytes)) return undefined;
  await using output = await createOutput(copy);
  for await (const { bytes, isWhole } of readPieces(source, { end: before.bytes })) {
    if (isTranscript && !isWhole) return undefined;
    const { holdsKnown, mayHoldKnown } = tools.suspects;
    if (isTranscript ? holdsKnown(bytes) : mayHoldKnown(bytes)) return undefined;
    await output.write(bytes);
  }
  if (output.written().sha256 !== before.sha256) return undefined;
  if (size > before.bytes) return await scrubRecords(source, before.bytes, output, tools);
  return { outcome: 'scrubbed', replaced: 0, blocksDropped: 0, written: output.written() };
}
