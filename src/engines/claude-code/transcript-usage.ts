import { constants, type Dirent } from 'node:fs';
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { hasCode } from '../../core/errors.ts';
import { splitLines } from './lines.ts';
import { addMessage, type RunRecord } from './run-record.ts';
import { parseLine } from './stream.ts';

/** Bytes of the transcripts of a session, its own and those of its sub-agents, by their path beside it. */
export const TranscriptSizes = z.record(z.string(), z.number().int().nonnegative());
export type TranscriptSizes = z.infer<typeof TranscriptSizes>;

/** As much as a session may hold; the agent may have made a file that is longer. */
const mostBytes = 1024 * 1024 * 1024;

interface Transcript {
  /** Path beside the session. */
  name: string;
  path: string;
  /** Of the main conversation. */
  isMain: boolean;
}

/** How long the transcripts of a session are: what is added from now on belongs to the next run. */
export async function transcriptSizes(configDirectory: string, sessionId: string): Promise<TranscriptSizes> {
  const sizes: TranscriptSizes = {};
  for (const { name, path } of await transcriptsOf(configDirectory, sessionId)) {
    const stats = await orNothing(lstat(path));
    if (stats?.isFile()) sizes[name] = Math.max(stats.size, sizes[name] ?? 0);
  }
  return sizes;
}

/**
 * Counts what a run has added to the transcripts. They hold the tokens of each answer that came to its end, and of
 * sub-agents, but not those of the CLI's own requests on the side, such as for a title. A record without usage counts
 * nothing, and so does a transcript that is gone or has become shorter. Returns when the newest answer in the main
 * conversation came, if the transcript says.
 */
export async function addTranscripts(
  run: RunRecord,
  configDirectory: string,
  sessionId: string,
  before: TranscriptSizes,
): Promise<Date | undefined> {
  let newest: Date | undefined;
  let room = mostBytes;
  for (const transcript of await transcriptsOf(configDirectory, sessionId)) {
    await using file = await openPlain(transcript.path);
    if (file === undefined || room <= 0) continue;
    const start = before[transcript.name] ?? 0;
    const options = { start, end: start + room - 1, encoding: 'utf8', autoClose: false } as const;
    const stream = file.createReadStream(options);
    for await (const text of splitLines(stream)) {
      const line = parseLine(text);
      if (line?.type !== 'assistant' || line.error) continue;
      const isMain = transcript.isMain && !line.isSidechain;
      const known = run.requests.size;
      addMessage(run, line.message, { isMain });
      if (run.requests.size > known && line.timestamp) newest = new Date(line.timestamp);
    }
    room -= stream.bytesRead;
  }
  return newest;
}

/** The folder below `projects/` has another name with some versions, so the session's name counts alone. */
async function transcriptsOf(configDirectory: string, sessionId: string): Promise<Transcript[]> {
  const projects = join(configDirectory, 'projects');
  const found: Transcript[] = [];
  for (const folder of await listed(projects, false)) {
    if (!folder.isDirectory()) continue;
    const name = `${sessionId}.jsonl`;
    found.push({ name, path: join(projects, folder.name, name), isMain: true });
    const beside = join(projects, folder.name, sessionId, 'subagents');
    for (const entry of await listed(beside, true)) {
      if (!entry.isFile() || !entry.name.endsWith('.jsonl')) continue;
      const path = join(entry.parentPath, entry.name);
      found.push({ name: `subagents${path.slice(beside.length)}`, path, isMain: false });
    }
  }
  return found;
}

/** Undefined for what is no plain file: a link may lead out of the session, and a pipe would be waited for. */
async function openPlain(path: string): Promise<FileHandle | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await orNothing(open(path, flags));
  if (file === undefined || (await file.stat()).isFile()) return file;
  await file.close();
  return undefined;
}

async function listed(directory: string, recursive: boolean): Promise<Dirent[]> {
  return (await orNothing(readdir(directory, { withFileTypes: true, recursive }))) ?? [];
}

async function orNothing<Value>(promise: Promise<Value>): Promise<Value | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES')) return undefined;
    throw error;
  }
}
