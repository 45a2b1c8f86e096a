/** A code fence that the text cannot close. */
export function fenced(text: string, language: string, fewest = 3): string {
  const longest = [...text.matchAll(/`+/g)].reduce((most, [run]) => Math.max(most, run.length), 0);
  const fence = '`'.repeat(Math.max(fewest, longest + 1));
  return `${fence}${language}\n${text}\n${fence}`;
}
