import { AdfNode, adfToMarkdown } from './adf-to-markdown.ts';

/** Who Dexter is in this JIRA: by its account id when that is known, by its name anyway. */
export interface OwnIdentity {
  name: string;
  accountId?: string;
}

/**
 * The text of a comment as the command parser wants it: Markdown in which a mention of Dexter reads `@<name>`
 * and quotes and code stand in Markdown's own marks. Takes ADF (REST v3) or a string (REST v2, webhooks), which
 * may hold wiki markup.
 */
export function commentText(body: unknown, own: OwnIdentity): string {
  if (typeof body === 'string') return wikiToText(body, own);
  const document = AdfNode.safeParse(body);
  if (!document.success) return '';
  return adfToMarkdown(document.data, (accountId, text) =>
    isOwn(accountId, text, own) ? `@${own.name}` : text,
  );
}

/** Whether the body mentions an account that may be Dexter's own: its id is not known yet. */
export function mentionsUnknownAccount(body: unknown, own: OwnIdentity): boolean {
  if (own.accountId !== undefined) return false;
  if (typeof body === 'string') return /\[~accountid:[^\]]+\]/.test(body);
  return JSON.stringify(body ?? null).includes('"mention"');
}

function isOwn(accountId: string, text: string, own: OwnIdentity): boolean {
  if (own.accountId !== undefined && accountId === own.accountId) return true;
  return text.replace(/^@/, '').toLowerCase() === own.name.toLowerCase();
}

/** https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all */
function wikiToText(wiki: string, own: OwnIdentity): string {
  return wiki
    .replaceAll('\r\n', '\n')
    .replace(
      /\{(code|noformat)(?::[^}\n]*)?\}([\s\S]*?)(?:\{\1\}|$)/g,
      (_, __, code) => `\n\`\`\`\n${code}\n\`\`\`\n`,
    )
    .replace(/\{quote\}([\s\S]*?)(?:\{quote\}|$)/g, (_, quoted) => `\n${quoteLines(quoted)}\n`)
    .replace(/^bq\. (.*)$/gm, (_, quoted) => `> ${quoted}`)
    .replace(/\[~accountid:([^\]\n]+)\]/g, (mention, accountId) =>
      accountId === own.accountId ? `@${own.name}` : mention,
    )
    .replace(/\[~([^\]\n:]+)\]/g, (mention, user) =>
      user.toLowerCase() === own.name.toLowerCase() ? `@${own.name}` : mention,
    );
}

function quoteLines(text: string): string {
  return text
    .trim()
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n');
}
