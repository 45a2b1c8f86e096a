import type { Hit } from './hit.ts';

const header = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
const footer = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/;
/** What makes a key of it: code that only names the two lines has nothing like this between them. */
const body = /[A-Za-z0-9+/]{24}/;
/** A key of 16,384 bits has 12,700 characters; more come from line numbers and quotes. */
const longest = 20_000;
/** Line ends, also escaped ones, line numbers, quotes, and headers as `DEK-Info: AES-256-CBC,…`. */
const between =
  /(?:[ \t\r\n"'+,;|]|\\[nrt\\]|(?<=\n[ \t]{0,8})\d{1,7}(?:\t|→)|(?<=\n[ \t]{0,8})[A-Z][A-Za-z-]{2,20}: [^\n\\]{1,100})*/y;
/** A word of a sentence is not followed by a line end. */
const line = /[A-Za-z0-9+/=]{4,}(?=\r?\n|\\+[rn]|["'`]|$)/y;

/** Private keys in PEM, whole or cut off. */
export function findPrivateKeys(text: string): Hit[] {
  const headers = [...text.matchAll(header)];
  return headers.flatMap(({ index, 0: { length } }, at) => {
    const from = index + length;
    const until = Math.min(headers[at + 1]?.index ?? text.length, from + longest);
    const after = text.slice(from, until);
    const last = footer.exec(after);
    const end = last ? from + last.index + last[0].length : endOfCutKey(text, from, until);
    return body.test(text.slice(from, end)) ? [{ start: index, end, rule: 'private-key' }] : [];
  });
}

function endOfCutKey(text: string, from: number, until: number): number {
  let end = from;
  for (;;) {
    between.lastIndex = end;
    between.test(text);
    line.lastIndex = Math.max(between.lastIndex, end);
    if (line.lastIndex >= until || !line.test(text)) return end;
    end = line.lastIndex;
  }
}
