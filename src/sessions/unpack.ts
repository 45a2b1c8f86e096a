import { createHash, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { constants, createZstdDecompress, type ZstdDecompress } from 'node:zlib';
import { isDiskProblem } from '../core/disk-problem.ts';
import { hasCode, messageOf } from '../core/errors.ts';
import { type SessionFile, SessionManifest, type SessionRef } from '../core/session.ts';
import { giveBack } from './give-back.ts';
import { growsTooMuch } from './growth.ts';
import { manifestName, written } from './pack.ts';
import { hasCopy, isSessionFile, limits, transcriptPath, withoutCopy } from './session-files.ts';
import { readTar, type TarFile } from './tar-stream.ts';

export interface Expected {
  ref: SessionRef;
  generation: number;
}

export type UnpackResult =
  | { outcome: 'unpacked'; manifest: SessionManifest }
  /** The archive is damaged, forged, or another one than was asked for; nothing of it is left on disk. */
  | { outcome: 'unusable'; reason: string };

/** Each chunk is a trip to another thread: few large ones are faster. */
const chunkBytes = 512 * 1024;

/** What is wrong with an archive; never leaves this file. */
class Unusable extends Error {}

/**
 * Unpacks an archive into `configDirectory`, which is replaced as a whole and only when everything was right:
 * the manifest comes first and names the session and generation that were asked for, each file is one that
 * the manifest lists, with its size and hash, under a path that a session may have. The chunks of the archive
 * are used up: their memory is given back. A compacted copy that is damaged is left out, and so is its place in the
 * manifest: the whole conversation goes on.
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
    // What is missing is the directory that was made a moment ago: this too says nothing about the archive.
    if (isDiskProblem(error) || hasCode(error, 'ENOENT')) throw error;
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
  const tar = createZstdDecompress({
    params: { [constants.ZSTD_d_windowLogMax]: 27 },
    chunkSize: chunkBytes,
  });
  const reader = archive.getReader();
  let received = 0;
  const feed = async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      received += value.byteLength;
      await written(tar, value);
      giveBack(value);
    }
    tar.end();
  };
  // A failure of the source is seen as an error of what is read below.
  const feeding = feed().catch((error: Error) => tar.destroy(error));
  try {
    const manifest = await extractFiles(readTar(withinGrowth(tar)), expected, staging);
    // What follows the compressed data in the same chunk is passed over in silence.
    if (tar.bytesWritten !== received) throw new Unusable('something follows the end of the archive');
    return manifest;
  } finally {
    tar.destroy();
    // A source that is broken rejects here once more with what broke it.
    await reader.cancel().catch(() => undefined);
    await feeding;
  }
}

async function* withinGrowth(tar: ZstdDecompress): AsyncGenerator<Uint8Array> {
  let unpacked = 0;
  for await (const chunk of tar) {
    unpacked += chunk.byteLength;
    if (growsTooMuch(tar.bytesWritten, unpacked)) {
      throw new Unusable(`it grows more than ${limits.ratio} times when it is unpacked`);
    }
    yield chunk;
  }
}

async function extractFiles(
  files: AsyncIterable<TarFile>,
  expected: Expected,
  staging: string,
): Promise<SessionManifest> {
  let manifest: SessionManifest | undefined;
  let missing = new Map<string, SessionFile>();
  for await (const file of files) {
    if (manifest === undefined) {
      manifest = await readManifest(file, expected);
      missing = new Map(manifest.files.map((described) => [described.path, described]));
      continue;
    }
    const described = missing.get(file.path);
    if (described === undefined) throw new Unusable(`${JSON.stringify(file.path)} is not in the manifest`);
    missing.delete(file.path);
    try {
      await writeChecked(file, described, staging);
    } catch (error) {
      if (!(error instanceof Unusable) || isOfWhole(file.path, manifest)) throw error;
      for await (const rest of file.content) giveBack(rest);
      missing.set(file.path, described);
    }
  }
  if (manifest === undefined) throw new Unusable('the archive is empty');
  const lost = [...missing.keys()];
  for (const path of lost) if (isOfWhole(path, manifest)) throw new Unusable(`${path} is missing`);
  if (manifest.compacted === undefined) return manifest;
  const copyPath = transcriptPath(manifest.compacted.sessionId);
  const isThere = manifest.files.some(({ path }) => path === copyPath);
  if (isThere && lost.length === 0 && hasCopy(manifest)) return manifest;
  for (const { path } of manifest.files) {
    if (!isOfWhole(path, manifest)) await rm(join(staging, path), { force: true });
  }
  return withoutCopy(manifest);
}

function isOfWhole(path: string, { sessionId }: SessionManifest): boolean {
  return isSessionFile(path, sessionId);
}

async function readManifest(file: TarFile, expected: Expected): Promise<SessionManifest> {
  if (file.path !== manifestName) throw new Unusable('the manifest does not come first');
  if (file.size > limits.manifestBytes) throw new Unusable('the manifest is too large');
  const parts: Uint8Array[] = [];
  for await (const part of file.content) parts.push(Buffer.from(part));
  const json = Buffer.concat(parts).toString('utf8');
  const manifest = SessionManifest.parse(JSON.parse(json));
  const { ref, generation, sessionId, files, compacted } = manifest;
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
  const foreign = files.find(({ path }) => !isSessionFile(path, sessionId, compacted?.sessionId));
  if (foreign) throw new Unusable(`${JSON.stringify(foreign.path)} is no part of a session`);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > limits.totalBytes) throw new Unusable(`it holds ${total} bytes`);
  return manifest;
}

/** The new file's time is now: the CLI sweeps old transcripts when it starts. */
async function writeChecked(
  { path, size, content }: TarFile,
  described: SessionFile,
  staging: string,
): Promise<void> {
  if (size !== described.bytes) throw new Unusable(`${path} has another size than the manifest says`);
  const target = join(staging, path);
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  const hash = createHash('sha256');
  await using file = await open(target, 'wx', 0o600);
  for await (const chunk of content) {
    // Into the memory of the operating system, while the next chunk is unpacked in another thread. To go to a
    // third thread for this takes a quarter longer in all.
    writeFileSync(file.fd, chunk);
    hash.update(chunk);
    giveBack(chunk);
  }
  if (hash.digest('hex') !== described.sha256) throw new Unusable(`${path} is damaged`);
}
