/** A line of the stream holds one message, with a whole file in it at times; a longer one is passed over. */
const longestLine = 32 * 1024 * 1024;

/** Splits text that comes in pieces into lines; what has no line end yet waits, also at the end. */
export async function* splitLines(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let waiting: string[] = [];
  let length = 0;
  for await (const piece of pieces) {
    const [first = '', ...others] = piece.split('\n');
    waiting.push(first);
    length += first.length;
    for (const next of others) {
      if (length <= longestLine) yield waiting.join('');
      waiting = [next];
      length = next.length;
    }
    if (length > longestLine) waiting = [];
  }
  if (length > 0 && length <= longestLine) yield waiting.join('');
}
