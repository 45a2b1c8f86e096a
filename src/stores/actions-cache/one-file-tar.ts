/** One block of a tar archive, in bytes. https://www.gnu.org/software/tar/manual/html_node/Standard.html */
const block = 512;
/** The extended header that `tar --posix` writes before a file is below 300 bytes. */
const longestExtension = 16 * 1024;
/** GNU tar fills its last record up with zeros to 20 blocks. */
const longestEnd = 64 * 1024;

export interface OneFile {
  bytes: number;
  /** Must be read to its end, or returned from, for the source to be let go. */
  content: AsyncGenerator<Uint8Array>;
}

/**
 * The one file in a tar archive. Its name is never looked at and nothing is written: an entry of the cache may
 * come from anybody, and a path in it could lead anywhere. Everything but one plain file is refused; what comes
 * after it is checked when its content has been read.
 */
export async function readOneFile(source: AsyncIterable<Uint8Array>): Promise<OneFile> {
  const reader = byteReader(source);
  try {
    const bytes = await readHeader(reader);
    return { bytes, content: contentOf(reader, bytes) };
  } catch (error) {
    await reader.close();
    throw error;
  }
}

type ByteReader = ReturnType<typeof byteReader>;

async function* contentOf(reader: ByteReader, bytes: number): AsyncGenerator<Uint8Array> {
  try {
    yield* reader.upTo(bytes);
    await reader.exactly(padding(bytes));
    await readEnd(reader);
  } finally {
    await reader.close();
  }
}

/** Size of the file that follows; steps over extended headers, which hold times and owners. */
async function readHeader(reader: ByteReader): Promise<number> {
  for (;;) {
    const header = await reader.exactly(block);
    const { type, size } = decodeHeader(header);
    if (type === '0' || type === '\0') return size;
    if (type !== 'x' && type !== 'g') throw new Error('it holds something else than a plain file');
    if (size > longestExtension) throw new Error('an extended header of it is too long');
    const records = (await reader.exactly(size)).toString('utf8');
    if (/^\d+ size=/m.test(records)) throw new Error('it says its size in an extended header');
    await reader.exactly(padding(size));
  }
}

async function readEnd(reader: ByteReader): Promise<void> {
  let length = 0;
  for await (const chunk of reader.rest()) {
    length += chunk.byteLength;
    if (length > longestEnd || chunk.some((byte) => byte !== 0)) {
      throw new Error('it holds more than one file');
    }
  }
}

function decodeHeader(header: Buffer): { type: string; size: number } {
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  if (octal(header, 148, 8) !== sum) throw new Error('a header of it is damaged');
  return { type: header.toString('latin1', 156, 157), size: octal(header, 124, 12) };
}

function octal(header: Buffer, start: number, length: number): number {
  const text = header.toString('latin1', start, start + length);
  const [, digits] = /^ *([0-7]+)[ \0]*$/.exec(text) ?? [];
  if (digits === undefined) throw new Error('a header of it is damaged');
  return Number.parseInt(digits, 8);
}

function padding(size: number): number {
  return (block - (size % block)) % block;
}

function byteReader(source: AsyncIterable<Uint8Array>) {
  const iterator = source[Symbol.asyncIterator]();
  let kept: Uint8Array = new Uint8Array();

  /** The next bytes, at most `most`; none at the end. */
  async function some(most: number): Promise<Uint8Array> {
    while (kept.byteLength === 0) {
      const next = await iterator.next();
      if (next.done) return new Uint8Array();
      kept = next.value;
    }
    const part = kept.subarray(0, most);
    kept = kept.subarray(part.byteLength);
    return part;
  }

  async function* upTo(bytes: number): AsyncGenerator<Uint8Array> {
    for (let left = bytes; left > 0; ) {
      const part = await some(left);
      if (part.byteLength === 0) throw new Error('it ends too early');
      left -= part.byteLength;
      yield part;
    }
  }

  return {
    upTo,
    exactly: async (bytes: number) => Buffer.concat(await Array.fromAsync(upTo(bytes))),
    async *rest(): AsyncGenerator<Uint8Array> {
      for (;;) {
        const part = await some(Number.POSITIVE_INFINITY);
        if (part.byteLength === 0) return;
        yield part;
      }
    },
    close: async () => {
      await iterator.return?.();
    },
  };
}
