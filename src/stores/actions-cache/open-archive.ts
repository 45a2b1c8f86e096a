import { pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { messageOf } from '../../core/errors.ts';
import { CacheProblem, type FoundEntry, tryLater } from './cache-service.ts';
import { type OneFile, readOneFile } from './one-file-tar.ts';

export interface OpenArchive extends OneFile {
  savedAt: Date;
  /** Ends the download, for whoever does not read to the end. */
  close(): void;
}

/** A connection that brings nothing for so long is given up. */
const stallMs = 60_000;
const pieceBytes = 512 * 1024;
/** Times in a row that a download is taken up again without a byte of progress. */
const resumes = 3;

/**
 * The sealed file in an entry of the cache, unpacked while it is downloaded; nothing touches the disk. Throws a
 * CacheProblem, from the content as well.
 */
export async function openArchive(
  { url, packing, createdAt }: FoundEntry,
  pause: (ms: number) => Promise<void>,
): Promise<OpenArchive> {
  const contents = await startDownload(url, pause);
  const unpacker = (packing === 'gzip' ? createGunzip : createZstdDecompress)({ chunkSize: pieceBytes });
  const close = () => {
    contents.close();
    unpacker.destroy();
  };
  const unpacked = pipeline(Readable.from(joined(contents.chunks), { objectMode: false }), unpacker, () => {
    // What went wrong is thrown to whoever reads from the unpacker.
  });
  try {
    const { bytes, content } = await readOneFile(unpacked);
    return { bytes, content: guarded(content), savedAt: createdAt ?? contents.savedAt, close };
  } catch (error) {
    close();
    throw damaged(error);
  }
}

/** Connections bring small pieces, and to unpack each one costs a trip to another thread. */
async function* joined(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    held.push(chunk);
    bytes += chunk.byteLength;
    if (bytes < pieceBytes) continue;
    yield Buffer.concat(held);
    held = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(held);
}

async function* guarded(content: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* content;
  } catch (error) {
    throw damaged(error);
  }
}

function damaged(error: unknown): CacheProblem {
  if (error instanceof CacheProblem) return error;
  return new CacheProblem(
    `the entry in the cache is damaged: ${messageOf(error)}`,
    "Delete the entry on the repository's page Actions > Caches, or start again with `--fresh`.",
    error,
  );
}

async function startDownload(url: string, pause: (ms: number) => Promise<void>) {
  let connection = await connect(url, pause);
  let isClosed = false;
  const savedAt = new Date(connection.response.headers.get('last-modified') ?? 0);
  const tag = connection.response.headers.get('etag');

  /** A broken connection is taken up where it ended, of the same contents only. */
  async function* chunks(): AsyncGenerator<Uint8Array> {
    let at = 0;
    let fruitless = 0;
    try {
      for (;;) {
        const next = await connection.next();
        if (next.done || isClosed) return;
        if (next.value) {
          at += next.value.byteLength;
          fruitless = 0;
          yield next.value;
          continue;
        }
        fruitless += 1;
        if (fruitless > resumes) throw unreachable(next.error);
        await connection.close();
        await pause(1000 * 2 ** fruitless);
        connection = await connect(url, pause, { at, tag });
      }
    } finally {
      await connection.close();
    }
  }

  return {
    chunks: chunks(),
    savedAt,
    /** For a reader that waits for a chunk, and so cannot be told to end. */
    close() {
      isClosed = true;
      void connection.close();
    },
  };
}

interface Resume {
  at: number;
  tag: string | null;
}

/** Next chunk of a download, its end, or what broke it. */
type Next =
  | { done: true }
  | { done: false; value: Uint8Array }
  | { done: false; value?: undefined; error: unknown };

async function connect(url: string, pause: (ms: number) => Promise<void>, resume?: Resume) {
  for (let attempt = 1; ; attempt++) {
    const controller = new AbortController();
    const headers: Record<string, string> = resume ? { range: `bytes=${resume.at}-` } : {};
    if (resume?.tag) headers['if-match'] = resume.tag;
    const answer = await withinStall(controller, fetch(url, { headers, signal: controller.signal })).catch(
      (error: unknown) => ({ error }),
    );
    if ('error' in answer) {
      if (attempt > resumes) throw unreachable(answer.error);
    } else if (answer.status === (resume ? 206 : 200) && answer.body) {
      return download(answer, controller);
    } else {
      await answer.body?.cancel();
      if (answer.status < 500 || attempt > resumes) {
        throw new CacheProblem(
          `the contents of the cache entry were answered with HTTP ${answer.status}`,
          tryLater,
        );
      }
    }
    await pause(1000 * 2 ** attempt);
  }
}

function download(response: Response, controller: AbortController) {
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
  return {
    response,
    async next(): Promise<Next> {
      try {
        const { done, value } = await withinStall(controller, reader.read());
        return done ? { done } : { done, value };
      } catch (error) {
        return { done: false, error };
      }
    },
    async close() {
      controller.abort();
      // The stream of a broken connection rejects once more with what broke it.
      await reader.cancel().catch(() => undefined);
    },
  };
}

async function withinStall<T>(controller: AbortController, promise: Promise<T>): Promise<T> {
  const timer = setTimeout(() => {
    controller.abort(new Error(`nothing came for ${stallMs / 1000} seconds`));
  }, stallMs);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

function unreachable(error: unknown): CacheProblem {
  const reason = error instanceof Error && error.cause ? messageOf(error.cause) : messageOf(error);
  return new CacheProblem(`the download from the cache broke off (${reason})`, tryLater, error);
}
