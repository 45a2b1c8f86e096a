import type { Readable } from 'node:stream';

/** A line without its end, or what can be said of one that is too long to be held. */
export type Line = { outcome: 'line'; text: string } | { outcome: 'too-long'; bytes: number; ends: string };

/** How much is kept of the beginning and of the end of a line that is too long: there its id may stand. */
const keptOfEnds = 4096;

/**
 * The lines of a stream. Of one that is longer than `maxBytes` only the ends are held in memory; the lines after
 * it come as usual. What stands after the last line end is no line: the writer did not finish it.
 */
export async function* readLines(stream: Readable, maxBytes: number): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    let rest: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      yield finish(rest.subarray(0, end));
      rest = rest.subarray(end + 1);
    }
    add(rest);
  }

  function add(part: Buffer): void {
    if (part.length === 0) return;
    bytes += part.length;
    parts.push(part);
    if (bytes > maxBytes) parts = endsOf(Buffer.concat(parts));
  }

  function finish(part: Buffer): Line {
    add(part);
    const whole = Buffer.concat(parts);
    const line: Line =
      bytes > maxBytes
        ? { outcome: 'too-long', bytes, ends: whole.toString('utf8') }
        : { outcome: 'line', text: whole.toString('utf8').replace(/\r$/, '') };
    parts = [];
    bytes = 0;
    return line;
  }
}

function endsOf(held: Buffer): Buffer[] {
  if (held.length <= 2 * keptOfEnds) return [held];
  // Copies, so that the megabytes between them can go.
  return [Buffer.from(held.subarray(0, keptOfEnds)), Buffer.from(held.subarray(-keptOfEnds))];
}
