import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idInEnds } from '../../src/mcp/id-in-ends.ts';
import { readLines } from '../../src/mcp/read-lines.ts';

async function linesOf(chunks: Buffer[], maxBytes = 1_000_000) {
  return Array.fromAsync(readLines(Readable.from(chunks), maxBytes));
}

describe('reading lines', () => {
  it('does not depend on how the bytes arrive', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'binary' }).filter((text) => !/[\r\n]/.test(text) && text.isWellFormed())),
        fc.integer({ min: 1, max: 7 }),
        async (texts, size) => {
          const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
          const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
            bytes.subarray(index * size, (index + 1) * size),
          );
          expect(await linesOf(chunks)).toEqual(texts.map((text) => ({ outcome: 'line', text })));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('takes line ends of Windows, and no unfinished line', async () => {
    const lines = await linesOf([Buffer.from('a\r\nb\n{"half":')]);
    expect(lines.map((line) => (line.outcome === 'line' ? line.text : ''))).toEqual(['a', 'b']);
  });

  it('holds the ends of a line that is too long, and goes on after it', async () => {
    const long = `{"jsonrpc":"2.0","id":7,"result":"${'x'.repeat(200_000)}"}`;
    const chunks = [Buffer.from(`${long.slice(0, 90_000)}`), Buffer.from(`${long.slice(90_000)}\nnext\n`)];
    const [first, second] = await linesOf(chunks, 10_000);
    expect(first).toMatchObject({ outcome: 'too-long', bytes: long.length });
    expect(first?.outcome === 'too-long' && idInEnds(first.ends)).toBe(7);
    expect(first?.outcome === 'too-long' && first.ends.length).toBeLessThan(140_000);
    expect(second).toEqual({ outcome: 'line', text: 'next' });
  });

  it('takes a line of exactly the limit', async () => {
    expect(await linesOf([Buffer.from('12345\n123456\n')], 5)).toEqual([
      { outcome: 'line', text: '12345' },
      { outcome: 'too-long', bytes: 6, ends: '123456' },
    ]);
  });
});

describe('the id in the ends of a message', () => {
  it.each([
    ['{"jsonrpc":"2.0","id":7,"result":{"x":', 7],
    ['{"id":"a\\"b","jsonrpc":"2.0","result":', 'a"b'],
    ['{"result":{"content":[{"id":3}]},"jsonrpc":"2.0","id":8}', 8],
    ['{"result":{},"id":9,"jsonrpc":"2.0"}', 9],
    ['{"result":{"id":3},"x":1', undefined],
    ['{"jsonrpc":"2.0","method":"x","params":{"id":4}}', undefined],
    ['', undefined],
  ])('of %s is %j', (ends, id) => {
    expect(idInEnds(ends)).toBe(id);
  });
});
