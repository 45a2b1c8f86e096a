import { type AdfNode, holdsNode, readAdf } from './adf.ts';
import { type AdfOptions, adfToLiteralText, adfToMarkdown } from './adf-to-markdown.ts';
import { removeInvisible } from './remove-invisible.ts';
import { wikiToAdf } from './wiki-to-adf.ts';

/** Who Dexter is in this JIRA: by its account id when that is known, by its name anyway. */
export interface OwnIdentity {
  name: string;
  accountId?: string;
}

export interface MarkdownText {
  text: string;
  /** Invisible characters that were removed. */
  invisible: number;
}

/**
 * The text of a comment as the command parser wants it: words as they were typed, a mention of Dexter reads
 * `@<name>`, and quotes and code stand in Markdown's own marks. Takes ADF (REST v3) or a string (REST v2,
 * webhooks), which may hold wiki markup.
 */
export function commentText(body: unknown, own: OwnIdentity): string {
  if (typeof body === 'string') return wikiToText(body, own);
  const read = readAdf(body);
  return read === undefined ? '' : adfToLiteralText(read.document, { mention: mentionFor(own) });
}

/**
 * A comment, a description or another text of a ticket as Markdown for a reader: characters that would be taken for
 * marks are escaped, so that HTML comments show, and invisible ones are gone. Strings are wiki markup.
 */
export function toMarkdownText(
  body: unknown,
  own: OwnIdentity,
  attachment: NonNullable<AdfOptions['attachment']> = () => undefined,
): MarkdownText {
  const read = readBody(body);
  if (!read) return { text: '', invisible: 0 };
  const text = adfToMarkdown(read.document, { mention: mentionFor(own), attachment });
  return { text, invisible: read.removed };
}

function readBody(body: unknown): { document: AdfNode; removed: number } | undefined {
  if (typeof body !== 'string') return readAdf(body);
  const { text, removed } = removeInvisible(body);
  return { document: wikiToAdf(text), removed };
}

function mentionFor(own: OwnIdentity): NonNullable<AdfOptions['mention']> {
  return (accountId, text) => (isOwn(accountId, text, own) ? `@${own.name}` : text);
}

/** Whether the body mentions an account that may be Dexter's own: its id is not known yet. */
export function mentionsUnknownAccount(body: unknown, own: OwnIdentity): boolean {
  if (own.accountId !== undefined) return false;
  if (typeof body === 'string') return /\[~accountid:[^\]]+\]/.test(body);
  return holdsNode(body, 'mention');
}

function isOwn(accountId: string, text: string, own: OwnIdentity): boolean {
  if (own.accountId !== undefined && accountId === own.accountId) return true;
  return text.replace(/^@/, '').toLowerCase() === own.name.toLowerCase();
}

/** https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all */
function wikiToText(wiki: string, own: OwnIdentity): string {
  // Code is taken out before the rest is read and put back after: nothing in it is markup.
  const codes: string[] = [];
  const withCode = (text: string) =>
    text.replaceAll(/\u{f0000}(\d+)\u{f0001}/gu, (_, index) => codes[Number(index)] ?? '');
  const text = wiki
    .replaceAll('\r\n', '\n')
    .replaceAll(/[\u{f0000}\u{f0001}]/gu, '')
    .replaceAll(/\{(code|noformat)(?::[^}\n]*)?\}([\s\S]*?)(?:\{\1\}|$)/g, (_, __, code: string) => {
      codes.push(`\n${fenced(code)}\n`);
      return `\u{f0000}${codes.length - 1}\u{f0001}`;
    })
    .replaceAll(/\{quote\}([\s\S]*?)(?:\{quote\}|$)/g, (_, quoted: string) => quote(withCode(quoted)))
    .replaceAll(/^bq\. (.*)$/gm, (_, quoted: string) => quote(withCode(quoted)))
    .replaceAll(/\[~accountid:([^\]\n]+)\]/g, (mention, accountId) =>
      accountId === own.accountId ? `@${own.name}` : mention,
    )
    .replaceAll(/\[~([^\]\n:]+)\]/g, (mention, user: string) =>
      user.toLowerCase() === own.name.toLowerCase() ? `@${own.name}` : mention,
    );
  return withCode(text);
}

/** A fence that the code cannot close. */
function fenced(code: string): string {
  const longest = [...code.matchAll(/`+/g)].reduce((most, [run]) => Math.max(most, run.length), 2);
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${code}\n${fence}`;
}

function quote(text: string): string {
  const lines = text.trim().split('\n');
  return `\n${lines.map((line) => `> ${line}`).join('\n')}\n`;
}
