import { StringDecoder } from 'node:string_decoder';
import { stripVTControlCharacters } from 'node:util';

/** Of each end; together what the CLI shows. */
const keptCharacters = 15_000;

/** The first and the last of what a command writes, however much it is. */
export function boundedOutput(kept = keptCharacters) {
  const decoder = new StringDecoder('utf8');
  let head = '';
  let tail = '';
  let length = 0;
  function take(text: string): void {
    length += text.length;
    const room = kept - head.length;
    head += text.slice(0, room);
    tail = (tail + text.slice(Math.max(0, room))).slice(-kept);
  }
  return {
    add: (bytes: Buffer): void => take(decoder.write(bytes)),
    text(): string {
      take(decoder.end());
      const left = length - head.length - tail.length;
      const middle = left > 0 ? `\n[… ${left} characters left out …]\n` : '';
      return stripVTControlCharacters(`${head}${middle}${tail}`).trimEnd();
    },
  };
}
