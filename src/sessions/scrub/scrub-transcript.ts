import { linesIn, type Piece, readPieces } from '../read-pieces.ts';
import type { Output } from './output.ts';
import { scrubLine } from './scrub-line.ts';
import type { Scrubber } from './scrub-text.ts';
import type { Suspects } from './suspects.ts';

export type ScrubbedFile =
  | { outcome: 'scrubbed'; replaced: number; blocksDropped: number }
  | { outcome: 'refused'; reason: string };

const lineEnd = Buffer.from('\n');

export interface TranscriptTools {
  scrubber: Scrubber;
  suspects: Suspects;
  /** Told of each record as it was before the scrub, which leaves none out and gives none other ids. */
  onRecord?: ((record: Record<string, unknown>, at: number) => void) | undefined;
}

/**
 * Scrubs the lines of a transcript from the byte `start` on. Lines that cannot hold a secret are copied byte for
 * byte; a last line that was cut in the middle is left out.
 */
export async function scrubTranscript(
  path: string,
  start: number,
  output: Output,
  { scrubber, suspects, onRecord }: TranscriptTools,
): Promise<ScrubbedFile> {
  const result = { replaced: 0, blocksDropped: 0 };
  let position = start;
  for await (const piece of readPieces(path, { start })) {
    const { bytes } = piece;
    const suspected = suspects.lines(bytes);
    // What was not written yet of the piece begins here.
    let from = 0;
    for (const line of linesIn(bytes)) {
      if (line.start === line.end) continue;
      if (isCutOff(piece, line)) {
        await output.write(bytes.subarray(from, line.start));
        return { outcome: 'scrubbed', ...result };
      }
      const text = bytes.toString('utf8', line.start, line.end);
      const record = recordOf(text);
      if (record === undefined) return { outcome: 'refused', reason: 'a line in it is no JSON object' };
      onRecord?.(record, position + line.start);
      if (!suspected.has(line.start)) continue;
      const scrubbed = scrubLine(text, scrubber);
      if (scrubbed.outcome === 'refused') return scrubbed;
      if (scrubbed.outcome === 'clean') continue;
      await output.write(bytes.subarray(from, line.start));
      await output.write(Buffer.from(scrubbed.line));
      from = line.end;
      result.replaced += scrubbed.replaced;
      result.blocksDropped += scrubbed.blocksDropped;
    }
    await output.write(bytes.subarray(from));
    // What the CLI writes next begins on a line of its own.
    if (!piece.isWhole) await output.write(lineEnd);
    position += bytes.length;
  }
  return { outcome: 'scrubbed', ...result };
}

function isCutOff({ bytes, isWhole }: Piece, { start, end }: { start: number; end: number }): boolean {
  return !isWhole && end === bytes.length && recordOf(bytes.toString('utf8', start, end)) === undefined;
}

function recordOf(line: string): Record<string, unknown> | undefined {
  try {
    return line.startsWith('{') ? JSON.parse(line) : undefined;
  } catch {
    return undefined;
  }
}
