import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** How a text is put into a workflow's input that is too small for it. */
export const packedPrefix = 'zstd+base64:';
/** Says that the text is not in the input: the runner is given it with its claim. */
export const claimMark = 'claim:';

/**
 * GitHub counts characters; the runner hands an input to the action in a variable of the environment, for which
 * Linux has 128 KiB together with its name.
 */
export interface Room {
  characters: number;
  bytes: number;
}

export const mostInputBytes = 120_000;
/** No context is larger when it is unpacked; more is not believed. */
const mostUnpackedBytes = 16 * 1024 * 1024;

/**
 * A text as it is when it fits, else compressed, else `claim:`. White space around it is lost, as in every input
 * of an action, and so are halves of characters, which no encoding has.
 */
export function packText(given: string, room: Room): string {
  const text = given.trim().toWellFormed();
  if (!isMarked(text) && fits(text, room)) return text;
  const packed = zstdCompressSync(text, { params: { [constants.ZSTD_c_compressionLevel]: 9 } });
  const input = packedPrefix + packed.toString('base64');
  return fits(input, room) ? input : claimMark;
}

/** A text that begins like a mark is not taken for one. */
function isMarked(text: string): boolean {
  return text.startsWith(packedPrefix) || text.startsWith(claimMark);
}

function fits(text: string, { characters, bytes }: Room): boolean {
  return text.length <= characters && Buffer.byteLength(text) <= bytes;
}

/** The text of an input; undefined when it comes with the claim. Throws when it is not what `packText` made. */
export function unpackText(input: string): string | undefined {
  if (input === claimMark) return undefined;
  if (!input.startsWith(packedPrefix)) return input;
  const packed = Buffer.from(input.slice(packedPrefix.length), 'base64');
  const text = zstdDecompressSync(packed, { maxOutputLength: mostUnpackedBytes });
  return text.toString('utf8');
}
