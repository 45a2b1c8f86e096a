import { Header } from 'tar';

/**
 * The part of the tar format that an archive of ours needs: plain files whose names fit into a header, one after another.
 * Links, devices and extension headers, which most attacks on archives are made of, do not exist here.
 */
const block = 512;

/** Two empty blocks close an archive. */
const endBytes = 2 * block;

export interface TarFile {
  path: string;
  size: number;
  content: AsyncIterable<Uint8Array>;
}

class TarError extends Error {
  override name = 'TarError';
}

/** Bytes of an archive of files with these sizes. */
export function tarBytes(sizes: number[]): number {
  return sizes.reduce((sum, size) => sum + block + size + padding(size), endBytes);
}

/** A content is asked for its next chunk only when the one before has been taken from here. */
export async function* writeTar(files: AsyncIterable<TarFile>): AsyncGenerator<Uint8Array> {
  for await (const { path, size, content } of files) {
    yield encodeHeader(path, size);
    let written = 0;
    for await (const chunk of content) {
      written += chunk.byteLength;
      if (written > size) break;
      yield chunk;
    }
    if (written !== size) throw new TarError(`${path} changed while it was packed`);
    if (padding(size) > 0) yield Buffer.alloc(padding(size));
  }
  yield Buffer.alloc(endBytes);
}

/** Whether a path of ASCII letters needs no extension header: it can be cut at a slash into two fields. */
export function fitsHeader(path: string): boolean {
  const [longestPrefix, longestName] = [155, 100];
  if (path.length < longestName) return true;
  const cut = path.lastIndexOf('/', longestPrefix);
  return cut > 0 && path.length - cut - 1 <= longestName;
}

function encodeHeader(path: string, size: number): Buffer {
  const buffer = Buffer.alloc(block);
  const header = new Header({ path, size, type: 'File', mode: 0o600, mtime: new Date(0) });
  // Of some names that do not fit the library would write the beginning.
  if (!fitsHeader(path) || header.encode(buffer))
    throw new TarError(`${path} does not fit into a plain tar header`);
  return buffer;
}

/**
 * Yields each file; its content must be read before the next one is asked for. Ends where the archive ends,
 * and fails when anything follows.
 */
export async function* readTar(stream: AsyncIterable<Uint8Array>): AsyncGenerator<TarFile> {
  const reader = blockReader(stream);
  try {
    for (;;) {
      const bytes = await reader.exactly(block);
      if (isEmpty(bytes)) break;
      const header = decodeHeader(bytes);
      let unread = true;
      yield {
        ...header,
        content: (async function* () {
          unread = false;
          yield* reader.upTo(header.size);
        })(),
      };
      if (unread) throw new TarError(`${header.path} was not read`);
      if (!isEmpty(await reader.exactly(padding(header.size))))
        throw new TarError('the padding is not empty');
    }
    if (!isEmpty(await reader.exactly(block))) throw new TarError('the archive is not closed');
    if (await reader.hasMore()) throw new TarError('something follows the end of the archive');
  } finally {
    await reader.close();
  }
}

const isEmpty = (bytes: Buffer) => bytes.every((byte) => byte === 0);

function decodeHeader(bytes: Buffer): { path: string; size: number } {
  const header = new Header(bytes, 0);
  if (!header.cksumValid) throw new TarError('a header is damaged');
  const { path, size, type } = header;
  if (path === undefined || size === undefined || size < 0) throw new TarError('a header is not complete');
  if (type !== 'File') throw new TarError(`${JSON.stringify(path)} is not a plain file (${type})`);
  return { path, size };
}

function padding(size: number): number {
  return (block - (size % block)) % block;
}

function blockReader(stream: AsyncIterable<Uint8Array>) {
  const iterator = stream[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array();

  /** Whether there is something to read; afterwards it is in `rest`. */
  async function hasMore(): Promise<boolean> {
    while (rest.byteLength === 0) {
      const next = await iterator.next();
      if (next.done) return false;
      rest = next.value;
    }
    return true;
  }

  async function* upTo(count: number): AsyncGenerator<Uint8Array> {
    let missing = count;
    while (missing > 0) {
      if (!(await hasMore())) throw new TarError('the archive ends too early');
      const part = rest.subarray(0, missing);
      rest = rest.subarray(part.byteLength);
      missing -= part.byteLength;
      yield part;
    }
  }

  return {
    upTo,
    hasMore,
    async exactly(count: number): Promise<Buffer> {
      const parts: Uint8Array[] = [];
      for await (const part of upTo(count)) parts.push(Buffer.from(part));
      return Buffer.concat(parts);
    },
    async close(): Promise<void> {
      await iterator.return?.();
    },
  };
}
