import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const docs = join(import.meta.dirname, '../docs');

/** Puts what a bench has measured into its place on a page of docs/. Throws when the page has no such place. */
export async function publishTable(pageName: string, bench: string, markdown: string): Promise<void> {
  const page = join(docs, pageName);
  const [open, close] = [`<!-- measured:${bench} -->`, `<!-- /measured:${bench} -->`];
  const text = await readFile(page, 'utf8');
  const [start, end] = [text.indexOf(open), text.indexOf(close)];
  if (start < 0 || end < start) throw new Error(`${page} has no place between ${open} and ${close}`);
  await writeFile(page, `${text.slice(0, start + open.length)}\n${markdown}\n${text.slice(end)}`);
}
