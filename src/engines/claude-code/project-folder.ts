import type { Dirent } from 'node:fs';
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../core/errors.ts';
import { isSince } from './cli-version.ts';

const firstWithFolderName = '2.1.234';
const firstWithShortNames = '2.1.47';
const longestName = 200;

/**
 * Name of the folder below `projects/` in which a version of the CLI keeps the sessions of a checkout: the one
 * in `CLAUDE_CODE_PROJECT_DIR_NAME` where it knows that variable, else one made of the checkout's real path.
 */
export function projectFolderOf(
  version: string | undefined,
  options: { workingDirectory: string; projectFolder: string },
): string {
  if (isSince(version, firstWithFolderName)) return options.projectFolder;
  // Per UTF-16 unit, without normalisation: an emoji becomes two dashes.
  const name = options.workingDirectory.replaceAll(/[^A-Za-z0-9]/g, '-');
  if (name.length <= longestName || !isSince(version, firstWithShortNames)) return name;
  return `${name.slice(0, longestName)}-${hashOf(options.workingDirectory)}`;
}

/** The CLI's own hash of a long path: 32 bits, each unit added to 31 times what was before it. */
function hashOf(text: string): string {
  let hash = 0;
  for (let index = 0; index < text.length; index += 1) {
    hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  }
  return Math.abs(hash).toString(36);
}

/**
 * Gives the session's folder the name under which the CLI looks for it. It is renamed and not linked: versions
 * that keep to the real path deny the agent its own tool results behind a link.
 */
export async function lendProjectFolder(
  configDirectory: string,
  projectFolder: string,
  wanted: string,
): Promise<void> {
  if (wanted === projectFolder) return;
  const projects = join(configDirectory, 'projects');
  if (!(await exists(join(projects, projectFolder)))) return;
  await rm(join(projects, wanted), { recursive: true, force: true });
  await rename(join(projects, projectFolder), join(projects, wanted));
}

/**
 * Gives the folder that holds the session its own name again, whatever the CLI called it. Goes by what is on
 * disk, so it also mends what a run that died has left. Where several folders hold the session and none has
 * the right name, the transcript that was written last counts.
 */
export async function bringProjectFolderHome(
  configDirectory: string,
  sessionId: string,
  projectFolder: string,
): Promise<void> {
  const projects = join(configDirectory, 'projects');
  const transcript = `${sessionId}.jsonl`;
  if (await writtenAt(join(projects, projectFolder, transcript))) return;
  let newest = { name: '', at: 0 };
  for (const folder of await listed(projects)) {
    if (!folder.isDirectory()) continue;
    const at = (await writtenAt(join(projects, folder.name, transcript))) ?? 0;
    if (at > newest.at) newest = { name: folder.name, at };
  }
  if (newest.name === '') return;
  await rm(join(projects, projectFolder), { recursive: true, force: true });
  await rename(join(projects, newest.name), join(projects, projectFolder));
}

/** Milliseconds since 1970, or undefined for what is no plain file: a link may lead out of the session. */
async function writtenAt(path: string): Promise<number | undefined> {
  try {
    const found = await lstat(path);
    return found.isFile() ? found.mtimeMs : undefined;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}

async function listed(directory: string): Promise<Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}
