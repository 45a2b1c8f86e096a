/** The beginning of a text and how much is missing; just the beginning where the note has no room. */
export function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const note = (missing: number) => `\n\n(${missing} more characters are left out)`;
  const room = limit - note(text.length).length;
  const kept = text.slice(0, Math.max(0, room > 0 ? room : limit)).replace(/[\ud800-\udbff]$/, '');
  return room > 0 ? kept + note(text.length - kept.length) : kept;
}

/** The end of a text, from the beginning of a line. */
export function endOf(text: string, limit: number): string {
  return text.length <= limit ? text : text.slice(-limit).replace(/^(?:[^\n]*\n|[\udc00-\udfff])/, '');
}

/** A code fence that the text cannot close. */
export function fenced(text: string, language: string): string {
  const longest = [...text.matchAll(/`+/g)].reduce((most, [run]) => Math.max(most, run.length), 2);
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
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
