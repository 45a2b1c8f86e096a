import { removeInvisible } from './remove-invisible.ts';

/** Of the whole name, in bytes of UTF-8: file systems take 255, and a number may be added. */
const longestBytes = 200;

/** Names that Windows keeps for devices, whatever their extension. */
const device = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|$)/i;

/**
 * The name of an attachment as one that can be written below a directory of our own on any system, and passed to any
 * program: no path, no control, invisible or reserved characters, no `-` or `.` in front, not too long, and not one of `taken`
 * in any case of its letters. The extension is kept.
 */
export function safeFileName(name: string, taken: Iterable<string> = []): string {
  const last = removeInvisible(name.normalize('NFC')).text.split(/[/\\]/).at(-1) ?? '';
  const plain = last
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Emoji_Presentation} ._+@=,()-]/gu, '_')
    .replaceAll(/\s+/g, ' ')
    .replace(/^[\s.~-]+/, '')
    .replace(/[\s.]+$/, '')
    .replace(device, '_$&');
  const { stem, extension } = split(plain === '' ? 'attachment' : plain);
  const used = new Set([...taken].map((one) => one.toLowerCase()));
  const base = shortened(stem, longestBytes - Buffer.byteLength(extension)).trimEnd();
  for (let number = 1; ; number += 1) {
    const candidate = `${base}${number === 1 ? '' : `-${number}`}${extension}`;
    if (!used.has(candidate.toLowerCase())) return candidate;
  }
}

function split(name: string): { stem: string; extension: string } {
  const extension = /(?<=.)\.[A-Za-z0-9]{1,16}$/.exec(name)?.[0] ?? '';
  return { stem: name.slice(0, name.length - extension.length), extension };
}

/** Whole characters of at most so many bytes. */
function shortened(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  let result = '';
  let left = bytes;
  for (const character of text) {
    left -= Buffer.byteLength(character);
    if (left < 0) break;
    result += character;
  }
  return result;
}
