/** A node of the Atlassian Document Format. https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/ */
export type AdfNode = {
  type: string;
  version?: number;
  text?: string;
  attrs?: Record<string, unknown>;
  marks?: { type: string; attrs?: Record<string, unknown> }[];
  content?: AdfNode[];
};
export type AdfDocument = AdfNode & { type: 'doc'; version: 1; content: AdfNode[] };

export function document(...content: AdfNode[]): AdfDocument {
  return { type: 'doc', version: 1, content };
}

function text(value: string): AdfNode {
  return { type: 'text', text: value };
}

export function paragraph(...content: (AdfNode | string)[]): AdfNode {
  return {
    type: 'paragraph',
    content: content.map((node) => (typeof node === 'string' ? text(node) : node)),
  };
}

export function heading(level: number, value: string): AdfNode {
  return { type: 'heading', attrs: { level }, content: [text(value)] };
}

export function bulletList(...items: string[]): AdfNode {
  return {
    type: 'bulletList',
    content: items.map((item) => ({ type: 'listItem', content: [paragraph(item)] })),
  };
}

export function codeBlock(language: string, value: string): AdfNode {
  return { type: 'codeBlock', attrs: { language }, content: [text(value)] };
}

export function code(value: string): AdfNode {
  return { type: 'text', text: value, marks: [{ type: 'code' }] };
}

/** A person picked from the list that JIRA offers after an `@`. */
export function mention(accountId: string, name: string): AdfNode {
  return { type: 'mention', attrs: { id: accountId, text: `@${name}` } };
}

/** Plain text as JIRA's editor stores it: one paragraph for each line. */
export function fromText(value: string): AdfDocument {
  return document(...value.split('\n').map((line) => (line === '' ? paragraph() : paragraph(line))));
}

/**
 * The text that webhooks and automation rules send instead of the document: JIRA's wiki markup, a mention
 * as `[~accountid:…]`.
 */
export function toWiki(node: AdfNode): string {
  const inner = (separator: string) => (node.content ?? []).map(toWiki).join(separator);
  switch (node.type) {
    case 'text':
      return node.marks?.some((mark) => mark.type === 'code') ? `{{${node.text}}}` : (node.text ?? '');
    case 'hardBreak':
      return '\n';
    case 'mention':
      return `[~accountid:${node.attrs?.id}]`;
    case 'inlineCard':
      return String(node.attrs?.url ?? '');
    case 'heading':
      return `h${node.attrs?.level}. ${inner('')}`;
    case 'codeBlock':
      return `{code:${node.attrs?.language ?? 'none'}}\n${inner('')}\n{code}`;
    case 'blockquote':
      return `{quote}\n${inner('\n')}\n{quote}`;
    case 'listItem':
      return inner('\n');
    case 'bulletList':
      return (node.content ?? []).map((item) => `* ${toWiki(item)}`).join('\n');
    case 'orderedList':
      return (node.content ?? []).map((item) => `# ${toWiki(item)}`).join('\n');
    case 'doc':
      return inner('\n\n');
    default:
      return inner('');
  }
}
