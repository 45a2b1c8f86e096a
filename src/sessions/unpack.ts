import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdDecompress } from 'node:zlib';
import { hasCode, messageOf } from '../core/errors.ts';
import { SessionManifest, type SessionRef } from '../core/session.ts';
import { manifestName } from './pack.ts';
import { isSessionFile, limits, transcriptPath } from './session-files.ts';
import { readTar, type TarFile } from './tar-stream.ts';

export interface Expected {
  ref: SessionRef;
  generation: number;
}

export type UnpackResult =
  | { outcome: 'unpacked'; manifest: SessionManifest }
  /** The archive is damaged, forged, or another one than was asked for; nothing of it is left on disk. */
  | { outcome: 'unusable'; reason: string };

/** What is wrong with an archive; never leaves this file. */
class Unusable extends Error {}

/**
 * Unpacks an archive into `configDirectory`, which is replaced as a whole and only when everything was right:
 * the manifest comes first and names the session and generation that were asked for, each file is one that
 * the manifest lists, with its size and hash, under a path that a session may have.
 */
export async function unpack(
  archive: ReadableStream<Uint8Array>,
  expected: Expected,
  configDirectory: string,
): Promise<UnpackResult> {
  const staging = `${configDirectory}.unpacking-${randomUUID()}`;
  try {
    await mkdir(staging, { recursive: true, mode: 0o700 });
    const manifest = await extract(archive, expected, staging);
    await rm(configDirectory, { recursive: true, force: true });
    await rename(staging, configDirectory);
    return { outcome: 'unpacked', manifest };
  } catch (error) {
    if (isDiskProblem(error)) throw error;
    return { outcome: 'unusable', reason: messageOf(error) };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function extract(
  archive: ReadableStream<Uint8Array>,
  expected: Expected,
  staging: string,
): Promise<SessionManifest> {
  const tar = createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: 27 } });
  // A failure is seen as an error of `tar`, which is read below; here it only must not go unhandled.
  const decompressing = Promise.allSettled([pipeline(Readable.fromWeb(archive), tar)]);
  try {
    let manifest: SessionManifest | undefined;
    let missing = new Map<string, SessionManifest['files'][number]>();
    for await (const file of readTar(tar)) {
      if (manifest === undefined) {
        manifest = await readManifest(file, expected);
        missing = new Map(manifest.files.map((described) => [described.path, described]));
        continue;
      }
      const described = missing.get(file.path);
      if (described === undefined) throw new Unusable(`${JSON.stringify(file.path)} is not in the manifest`);
      missing.delete(file.path);
      await writeChecked(file, described, staging);
    }
    if (manifest === undefined) throw new Unusable('the archive is empty');
    const [lost] = missing.keys();
    if (lost !== undefined) throw new Unusable(`${lost} is missing`);
    return manifest;
  } finally {
    tar.destroy();
    await decompressing;
  }
}

async function readManifest(file: TarFile, expected: Expected): Promise<SessionManifest> {
  if (file.path !== manifestName) throw new Unusable('the manifest does not come first');
  if (file.size > limits.manifestBytes) throw new Unusable('the manifest is too large');
  const json = Buffer.concat(await Readable.from(file.content).toArray()).toString('utf8');
  const manifest = SessionManifest.parse(JSON.parse(json));
  const { ref, generation, sessionId, files } = manifest;
  if (
    ref.installationId !== expected.ref.installationId ||
    ref.repositoryId !== expected.ref.repositoryId ||
    ref.issueKey !== expected.ref.issueKey
  ) {
    throw new Unusable('it belongs to another session');
  }
  if (generation !== expected.generation) {
    throw new Unusable(`it is generation ${generation}, not ${expected.generation}`);
  }
  if (files.length > limits.files) throw new Unusable(`it lists ${files.length} files`);
  if (new Set(files.map(({ path }) => path)).size !== files.length)
    throw new Unusable('it lists a file twice');
  if (!files.some(({ path }) => path === transcriptPath(sessionId)))
    throw new Unusable('it has no transcript');
  const foreign = files.find(({ path }) => !isSessionFile(path, sessionId));
  if (foreign) throw new Unusable(`${JSON.stringify(foreign.path)} is no part of a session`);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > limits.totalBytes || files.some(({ bytes }) => bytes > limits.fileBytes)) {
    throw new Unusable(`it holds ${total} bytes`);
  }
  return manifest;
}

/** The new file's time is now: the CLI sweeps old transcripts when it starts. */
async function writeChecked(
  { path, size, content }: TarFile,
  described: SessionManifest['files'][number],
  staging: string,
): Promise<void> {
  if (size !== described.bytes) throw new Unusable(`${path} has another size than the manifest says`);
  const target = join(staging, path);
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  const hash = createHash('sha256');
  await using file = await open(target, 'wx', 0o600);
  for await (const chunk of content) {
    hash.update(chunk);
    await file.writeFile(chunk);
  }
  if (hash.digest('hex') !== described.sha256) throw new Unusable(`${path} is damaged`);
}

/** A full or read-only disk says nothing about the archive. */
function isDiskProblem(error: unknown): boolean {
  return hasCode(error, 'ENOSPC', 'EROFS', 'EACCES', 'EPERM', 'EDQUOT', 'EMFILE');
}
