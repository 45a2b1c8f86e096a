import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitLines } from '../../../src/engines/claude-code/lines.ts';

async function* of(pieces: string[]): AsyncGenerator<string> {
  yield* pieces;
}

const linesOf = (pieces: string[]) => Array.fromAsync(splitLines(of(pieces)));

describe('splitLines', () => {
  it('gives the same lines, however the text is cut into pieces', async () => {
    const line = fc.string().map((text) => text.replaceAll('\n', ' '));
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 9 }), async (lines, length) => {
        const text = lines.map((each) => `${each}\n`).join('');
        const pieces = text.match(new RegExp(`[\\s\\S]{1,${length}}`, 'g')) ?? [];
        expect(await linesOf(pieces)).toEqual(lines);
      }),
    );
  });

  it('gives the last line also without its end', async () => {
    expect(await linesOf(['a\nb', 'c'])).toEqual(['a', 'bc']);
  });

  it('passes over a line that is too long, and goes on after it', async () => {
    const piece = 'x'.repeat(4 * 1024 * 1024);
    expect(await linesOf(['a\n', ...Array.from({ length: 10 }, () => piece), '\nb\n'])).toEqual(['a', 'b']);
  });
});
