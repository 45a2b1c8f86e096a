/** The input of the CLI's Edit tool: `old_string` occurs exactly once in the file. */
export interface Replacement {
  old_string: string;
  new_string: string;
}

/**
 * The one replacement of whole lines that turns `before` into `after`, with as many lines around it as it takes
 * to be unique. Nothing when the texts are equal or when it would have to be the whole file.
 */
export function replacement(before: string, after: string): Replacement | undefined {
  if (before === after) return undefined;
  const old = before.split('\n');
  const wanted = after.split('\n');
  const shorter = Math.min(old.length, wanted.length);
  let tail = 0;
  while (tail < shorter && old.at(-1 - tail) === wanted.at(-1 - tail)) tail += 1;
  let head = 0;
  while (head < shorter - tail && old[head] === wanted[head]) head += 1;

  while (head > 0 || tail > 0) {
    const old_string = old.slice(head, old.length - tail).join('\n');
    const new_string = wanted.slice(head, wanted.length - tail).join('\n');
    const isUnique = old_string !== '' && before.split(old_string).length === 2;
    if (isUnique && before.replace(old_string, () => new_string) === after) return { old_string, new_string };
    if (head > 0) head -= 1;
    else tail -= 1;
  }
  return undefined;
}
