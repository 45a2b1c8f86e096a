import { isUtf8 } from 'node:buffer';
import { readPieces } from '../read-pieces.ts';
import type { Output } from './output.ts';
import { findSecrets, type Scrubber, scrubText } from './scrub-text.ts';
import type { ScrubbedFile } from './scrub-transcript.ts';
import type { Suspects } from './suspects.ts';

/** Read at once; a result of a tool is rarely longer. */
const pieceBytes = 4 * 1024 * 1024;
/** Held back from each piece until the next is there, so that a key over many lines is seen whole. */
const heldBytes = 64 * 1024;

/** Scrubs a file of plain text, as the spilled result of a tool. */
export async function scrubTextFile(
  path: string,
  output: Output,
  { scrubber, suspects }: { scrubber: Scrubber; suspects: Suspects },
): Promise<ScrubbedFile> {
  let replaced = 0;
  const write = async (bytes: Buffer): Promise<void> => {
    const { encoding, text } = decoded(bytes);
    const scrubbed = scrubText(text, scrubber);
    replaced += scrubbed.replaced;
    await output.write(scrubbed.replaced === 0 ? bytes : Buffer.from(scrubbed.text, encoding));
  };
  let held: Buffer = Buffer.alloc(0);
  for await (const piece of readPieces(path, { size: pieceBytes })) {
    const bytes = Buffer.concat([held, piece.bytes]);
    const isSuspect = suspects.mayHoldAny(bytes);
    const end = isSuspect ? boundary(bytes, scrubber) : lineStart(bytes, bytes.length - heldBytes);
    const ready = bytes.subarray(0, end);
    if (isSuspect) await write(ready);
    else await output.write(ready);
    held = bytes.subarray(end);
  }
  if (suspects.mayHoldAny(held)) await write(held);
  else await output.write(held);
  return { outcome: 'scrubbed', replaced, blocksDropped: 0 };
}

/** A file that is no UTF-8 is read byte by byte, so that all other bytes stay what they are. */
function decoded(bytes: Buffer): { encoding: 'utf8' | 'latin1'; text: string } {
  const encoding = isUtf8(bytes) ? 'utf8' : 'latin1';
  return { encoding, text: bytes.toString(encoding) };
}

/** Start of the last line that begins at or before `at`, 0 when there is none. */
function lineStart(bytes: Buffer, at: number): number {
  return at <= 0 ? 0 : bytes.lastIndexOf(0x0a, at - 1) + 1;
}

/** Where a suspect piece may be parted: at a line's start that lies in no secret. */
function boundary(bytes: Buffer, scrubber: Scrubber): number {
  const wanted = lineStart(bytes, bytes.length - heldBytes);
  if (wanted === 0) return 0;
  const { encoding, text } = decoded(bytes);
  let at = bytes.toString(encoding, 0, wanted).length;
  for (const { start, end } of findSecrets(text, scrubber).toReversed()) {
    if (start < at && at < end) at = start === 0 ? 0 : text.lastIndexOf('\n', start - 1) + 1;
  }
  return Buffer.byteLength(text.slice(0, at), encoding);
}
