import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import { SessionManifest } from '../core/session.ts';
import { findSessionFiles, limits, transcriptPath } from './session-files.ts';
import { type TarFile, writeTar } from './tar-stream.ts';

export const manifestName = 'manifest.json';

export type ManifestFacts = Omit<SessionManifest, 'format' | 'files'>;

/** Transcripts repeat themselves over long distances: a long window makes them several times smaller. */
const compression = {
  params: {
    [constants.ZSTD_c_compressionLevel]: 3,
    [constants.ZSTD_c_enableLongDistanceMatching]: 1,
    [constants.ZSTD_c_windowLog]: 27,
  },
};

export type PackResult =
  | { outcome: 'packed'; manifest: SessionManifest; archive: ReadableStream<Uint8Array> }
  /** The engine wrote no transcript. */
  | { outcome: 'nothing' }
  /** More than could be restored again. */
  | { outcome: 'too-large'; reason: string };

/** Packs a session's files, its manifest first, as a zstd-compressed tar stream. */
export async function pack(configDirectory: string, facts: ManifestFacts): Promise<PackResult> {
  const paths = await findSessionFiles(configDirectory, facts.sessionId);
  if (!paths.includes(transcriptPath(facts.sessionId))) return { outcome: 'nothing' };
  const reason = await whyTooLarge(configDirectory, paths);
  if (reason !== undefined) return { outcome: 'too-large', reason };
  const files = [];
  for (const path of paths) files.push(await describe(configDirectory, path));

  const manifest = SessionManifest.parse({ ...facts, format: 1, files });
  const compressed = createZstdCompress(compression);
  // A failure of the source reaches the reader as an error of the stream it reads.
  pipeline(Readable.from(writeTar(contents(configDirectory, manifest))), compressed).catch((error: Error) =>
    compressed.destroy(error),
  );
  return { outcome: 'packed', manifest, archive: Readable.toWeb(compressed) };
}

async function describe(configDirectory: string, path: string): Promise<SessionManifest['files'][number]> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(join(configDirectory, path)), hash);
  const { size } = await stat(join(configDirectory, path));
  return { path, bytes: size, sha256: hash.digest('hex') };
}

async function whyTooLarge(configDirectory: string, paths: string[]): Promise<string | undefined> {
  if (paths.length > limits.files) return `it has ${paths.length} files, more than ${limits.files}`;
  let total = 0;
  for (const path of paths) {
    const { size } = await stat(join(configDirectory, path));
    if (size > limits.fileBytes) return `${path} has ${size} bytes, more than ${limits.fileBytes}`;
    total += size;
  }
  return total > limits.totalBytes ? `it has ${total} bytes, more than ${limits.totalBytes}` : undefined;
}

async function* contents(configDirectory: string, manifest: SessionManifest): AsyncGenerator<TarFile> {
  const json = Buffer.from(JSON.stringify(manifest));
  yield { path: manifestName, size: json.byteLength, content: Readable.from([json]) };
  for (const { path, bytes } of manifest.files) {
    yield { path, size: bytes, content: createReadStream(join(configDirectory, path)) };
  }
}
