import { open } from 'node:fs/promises';

export interface Piece {
  /** Whole lines; only valid until the next piece is asked for, as the memory is used again. */
  bytes: Buffer;
  /** Whether the last line ends with a line end; false only at the end of a file that has none. */
  isWhole: boolean;
}

const pieceBytes = 1024 * 1024;
const lineEnd = 0x0a;

/**
 * Reads the bytes from `start` to `end` of a file in pieces that end where a line ends. A line that is longer
 * than a piece comes as one larger piece.
 */
export async function* readPieces(
  path: string,
  { start = 0, end = Number.POSITIVE_INFINITY, size = pieceBytes } = {},
): AsyncGenerator<Piece> {
  await using file = await open(path, 'r');
  let memory: Buffer = Buffer.allocUnsafeSlow(size);
  let filled = 0;
  let position = start;
  for (;;) {
    if (filled === memory.length) memory = grown(memory);
    const room = Math.min(memory.length - filled, end - position);
    const { bytesRead } = room > 0 ? await file.read(memory, filled, room, position) : { bytesRead: 0 };
    if (bytesRead === 0) break;
    const before = filled;
    filled += bytesRead;
    position += bytesRead;
    // Only what was just read is searched, so that a very long line costs no more than its length.
    const last = memory.subarray(before, filled).lastIndexOf(lineEnd);
    if (last < 0) continue;
    const whole = before + last + 1;
    yield { bytes: memory.subarray(0, whole), isWhole: true };
    memory.copyWithin(0, whole, filled);
    filled -= whole;
  }
  if (filled > 0) yield { bytes: memory.subarray(0, filled), isWhole: false };
}

function grown(memory: Buffer): Buffer {
  const larger = Buffer.allocUnsafeSlow(memory.length * 2);
  memory.copy(larger);
  return larger;
}

/** Where each line of a piece begins and ends, without its line end. */
export function* linesIn(bytes: Buffer): Generator<{ start: number; end: number }> {
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(lineEnd, start);
    const end = found < 0 ? bytes.length : found;
    yield { start, end };
    start = end + 1;
  }
}
