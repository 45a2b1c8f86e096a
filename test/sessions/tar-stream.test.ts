import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitsHeader, readTar, type TarFile, tarBytes, writeTar } from '../../src/sessions/tar-stream.ts';

function file(path: string, content: Uint8Array, size = content.byteLength): TarFile {
  return { path, size, content: Readable.from(content.byteLength === 0 ? [] : [content]) };
}

async function* of<T>(items: T[]): AsyncGenerator<T> {
  yield* items;
}

describe('writeTar and readTar', () => {
  it('bring files through, however the stream is cut into pieces', async () => {
    const contents = fc.array(fc.uint8Array({ maxLength: 1_500 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(contents, fc.integer({ min: 1, max: 2_000 }), async (files, pieceLength) => {
        const written = writeTar(of(files.map((content, index) => file(`f/${index}`, content))));
        const whole = Buffer.concat(await Array.fromAsync(written));
        expect(tarBytes(files.map((content) => content.length))).toBe(whole.length);
        const pieces = Array.from({ length: Math.ceil(whole.length / pieceLength) }, (_, index) =>
          whole.subarray(index * pieceLength, (index + 1) * pieceLength),
        );
        const read: [string, Buffer][] = [];
        for await (const { path, content } of readTar(of(pieces))) {
          read.push([path, Buffer.concat(await Array.fromAsync(content))]);
        }
        expect(read).toEqual(files.map((content, index) => [`f/${index}`, Buffer.from(content)]));
      }),
      { numRuns: 60 },
    );
  });

  it.each([2, 4])('fails when a file has %i bytes instead of 3', async (length) => {
    const written = writeTar(of([file('a', new Uint8Array(length), 3)]));
    await expect(Array.fromAsync(written)).rejects.toThrow('a changed while it was packed');
  });

  it('bring every path through that fits, and no other', async () => {
    const names = fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(names, async (lengths) => {
        const path = lengths.map((length) => 'n'.repeat(length)).join('/');
        const written = Array.fromAsync(writeTar(of([file(path, new Uint8Array())])));
        if (!fitsHeader(path)) {
          await expect(written).rejects.toThrow('plain tar header');
          return;
        }
        for await (const read of readTar(of(await written))) {
          expect(read.path).toBe(path);
          await Array.fromAsync(read.content);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('fails for a path that a plain header cannot hold', async () => {
    const written = writeTar(of([file('a'.repeat(300), new Uint8Array())]));
    await expect(Array.fromAsync(written)).rejects.toThrow('plain tar header');
  });

  it('fails when a content is passed over, instead of reading it as a header', async () => {
    const whole = await Array.fromAsync(writeTar(of([file('a', new Uint8Array(10))])));
    await expect(Array.fromAsync(readTar(of(whole)))).rejects.toThrow('a was not read');
  });

  it('fails for a header with a wrong checksum', async () => {
    const whole = Buffer.concat(await Array.fromAsync(writeTar(of([file('a', new Uint8Array(10))]))));
    whole[0] = 'b'.charCodeAt(0);
    await expect(Array.fromAsync(readTar(of([whole])))).rejects.toThrow('damaged');
  });

  it('fails for an archive that ends anywhere before its end', async () => {
    const whole = Buffer.concat(await Array.fromAsync(writeTar(of([file('a', new Uint8Array(10))]))));
    for (const length of [0, 1, 511, 512, 515, 522, 1023, 1024, 1100, 1536, 2047]) {
      await expect(readAll(whole.subarray(0, length)), `cut at ${length}`).rejects.toThrow('ends too early');
    }
    await expect(readAll(whole)).resolves.toEqual(['a']);
  });

  it.each([
    ['a byte', Buffer.from('x')],
    ['an empty block', Buffer.alloc(512)],
    ['another archive', Buffer.alloc(2048, 1)],
  ])('fails when %s follows the end', async (_name, more) => {
    const whole = Buffer.concat(await Array.fromAsync(writeTar(of([file('a', new Uint8Array(10))]))));
    await expect(readAll(Buffer.concat([whole, more]))).rejects.toThrow('follows the end');
    await expect(readAll(whole, more)).rejects.toThrow('follows the end');
  });

  it('fails when one empty block is followed by a file', async () => {
    const [header, ...rest] = await Array.fromAsync(writeTar(of([file('a', new Uint8Array(10))])));
    if (header === undefined) throw new Error('no header');
    await expect(readAll(Buffer.alloc(512), header, ...rest)).rejects.toThrow('not closed');
  });

  it('fails when the padding of a file hides something', async () => {
    const whole = Buffer.concat(await Array.fromAsync(writeTar(of([file('a', new Uint8Array(10))]))));
    whole[512 + 11] = 1;
    await expect(readAll(whole)).rejects.toThrow('padding');
  });
});

/** Paths of the files in an archive, all read. */
async function readAll(...pieces: Uint8Array[]): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path, content } of readTar(of(pieces))) {
    await Array.fromAsync(content);
    paths.push(path);
  }
  return paths;
}
