/** Lines of a code block that stay when a text is too long: most from its beginning, some from its end. */
const codeLines = { first: 40, last: 15 };

/**
 * A text of at most `limit` characters, with notes of how much is missing: without the middle of its long code blocks
 * when that is enough, else its beginning; just the beginning where a note has no room.
 */
export function shorten(whole: string, limit: number): string {
  if (whole.length <= limit) return whole;
  const text = withoutLongCode(whole);
  if (text.length <= limit) return text;
  const note = (missing: number) => `\n\n(${missing} more characters are left out)`;
  const room = limit - note(text.length).length;
  const kept = text.slice(0, Math.max(0, room > 0 ? room : limit)).replace(/[\ud800-\udbff]$/, '');
  return room > 0 ? kept + note(text.length - kept.length) : kept;
}

/** Long code blocks without their middle. */
function withoutLongCode(text: string): string {
  const lines = text.split('\n');
  const kept: string[] = [];
  for (let index = 0; index < lines.length; ) {
    const line = lines[index] ?? '';
    const fence = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    kept.push(line);
    index += 1;
    if (fence === undefined) continue;
    const closing = lines.findIndex((other, at) => at >= index && other.trim().startsWith(fence));
    const end = closing < 0 ? lines.length : closing;
    const code = lines.slice(index, end);
    const missing = code.length - codeLines.first - codeLines.last;
    if (missing <= 1) kept.push(...code);
    else
      kept.push(
        ...code.slice(0, codeLines.first),
        `(${missing} lines are left out)`,
        ...code.slice(-codeLines.last),
      );
    index = end;
    if (closing >= 0) {
      kept.push(lines[closing] ?? '');
      index += 1;
    }
  }
  return kept.join('\n');
}

/** The end of a text, from the beginning of a line. */
export function endOf(text: string, limit: number): string {
  return text.length <= limit ? text : text.slice(-limit).replace(/^(?:[^\n]*\n|[\udc00-\udfff])/, '');
}

/** A name from outside on one line, short enough for a heading. */
export function oneLine(name: string, limit = 200): string {
  return name
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, limit)
    .toWellFormed();
}

/** A path as it stands in a table: on one line, as code, with nothing that ends its cell. */
export function pathCell(path: string): string {
  const line = oneLine(path, 300).replaceAll('`', "'").replaceAll('|', '\\|');
  return `\`${line}\``;
}

/** `3 files`, `1 file`. */
export function counted(count: number, one: string, several = `${one}s`): string {
  return `${count} ${count === 1 ? one : several}`;
}
