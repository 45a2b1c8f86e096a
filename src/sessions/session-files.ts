import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../core/errors.ts';
import type { SessionManifest } from '../core/session.ts';
import { fitsHeader } from './tar-stream.ts';

/**
 * The CLI names the folder of a checkout's sessions after the path of the checkout, unless this name is given
 * to it in `CLAUDE_CODE_PROJECT_DIR_NAME`. With a name of its own a session is found wherever it is restored.
 */
export const projectFolder = 'work';

/** Most that one archive may hold; a bomb is refused before it fills the disk. */
export const limits = {
  files: 5_000,
  totalBytes: 1024 * 1024 * 1024,
  /**
   * Times that an archive may grow when it is unpacked. Transcripts of real work stay below 100; a long run of
   * one byte reaches 20,000.
   */
  ratio: 1_000,
  manifestBytes: 4 * 1024 * 1024,
};

const segment = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;

export function transcriptPath(sessionId: string): string {
  return `projects/${projectFolder}/${sessionId}.jsonl`;
}

/**
 * Whether a file of the configuration directory belongs into an archive: the transcript, what its sub-agents
 * said, and tool results that were too long for it, and the same of the compacted copy. Everything else there
 * either holds credentials or is executed by the next start of the CLI (settings, hooks, plugins, shell snapshots).
 */
export function isSessionFile(path: string, sessionId: string, copyId?: string): boolean {
  if (!fitsHeader(path)) return false;
  return isOf(path, sessionId) || (copyId !== undefined && isOf(path, copyId));
}

function isOf(path: string, sessionId: string): boolean {
  if (path === transcriptPath(sessionId)) return true;
  const [projects, folder, session, kind, ...rest] = path.split('/');
  return (
    projects === 'projects' &&
    folder === projectFolder &&
    session === sessionId &&
    isKind(kind) &&
    rest.length >= 1 &&
    rest.length <= 4 &&
    rest.every((name) => segment.test(name))
  );
}

const isKind = (name: string | undefined) => name === 'subagents' || name === 'tool-results';

/** Whether a session and a copy of it can lie side by side: under one id they would be one transcript. */
export function hasCopy({ sessionId, compacted }: Pick<SessionManifest, 'sessionId' | 'compacted'>): boolean {
  return compacted !== undefined && compacted.sessionId !== sessionId;
}

/** A manifest of the whole conversation alone. */
export function withoutCopy(manifest: SessionManifest): SessionManifest {
  const { compacted: _, ...rest } = manifest;
  return { ...rest, files: rest.files.filter(({ path }) => isSessionFile(path, rest.sessionId)) };
}

/**
 * Paths of the files of a session and its copy, relative to the configuration directory, sorted; links are left out.
 */
export async function findSessionFiles(
  configDirectory: string,
  sessionId: string,
  copyId?: string,
): Promise<string[]> {
  const folder = `projects/${projectFolder}`;
  const ids = copyId === undefined ? [sessionId] : [sessionId, copyId];
  const found: string[] = [];
  for (const entry of await listed(join(configDirectory, folder), false)) {
    const isTranscript = ids.some((id) => entry.name === `${id}.jsonl`);
    if (entry.isFile() && isTranscript) found.push(`${folder}/${entry.name}`);
  }
  for (const id of ids) found.push(...(await filesBeside(configDirectory, id)));
  return found.filter((path) => isSessionFile(path, sessionId, copyId)).sort();
}

/** How many files are where those of a session are, and cannot be kept because of their names. */
export async function countLeftOut(configDirectory: string, sessionId: string): Promise<number> {
  const files = await filesBeside(configDirectory, sessionId);
  return files.filter((path) => isKind(path.split('/')[3]) && !isSessionFile(path, sessionId)).length;
}

async function filesBeside(configDirectory: string, sessionId: string): Promise<string[]> {
  const beside = `projects/${projectFolder}/${sessionId}`;
  const root = join(configDirectory, beside);
  const files = (await listed(root, true)).filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => beside + join(parentPath, name).slice(root.length));
}

async function listed(directory: string, recursive: boolean) {
  try {
    return await readdir(directory, { withFileTypes: true, recursive });
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}
