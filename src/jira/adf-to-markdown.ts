import type { BlockContent, ListItem, PhrasingContent, Root, TableRow, Text } from 'mdast';
import { gfmToMarkdown } from 'mdast-util-gfm';
import { defaultHandlers, type Handle, type Handlers, toMarkdown } from 'mdast-util-to-markdown';
import { z } from 'zod';

/**
 * A node of the Atlassian Document Format, as far as it is looked at. Loose on purpose: the format grows, and
 * a node that is not known must still show its text.
 * https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
 */
export interface AdfNode {
  type: string;
  text?: string;
  attrs?: Record<string, unknown>;
  marks?: AdfNode[];
  content?: AdfNode[];
}

export const AdfNode: z.ZodType<AdfNode> = z.lazy(() =>
  z.looseObject({
    type: z.string(),
    text: z.string().optional(),
    attrs: z.record(z.string(), z.unknown()).optional(),
    marks: z.array(AdfNode).optional(),
    content: z.array(AdfNode).optional(),
  }),
);

/** How a mention is written; the default is its own text, `@Maria`. */
export type RenderMention = (accountId: string, text: string) => string;

/**
 * ADF as GitHub-flavoured Markdown. The tree is translated node by node and written by mdast-util-to-markdown,
 * which does the escaping; the published converters drop or refuse what they do not know (panels, status,
 * dates, tasks, media).
 */
export function adfToMarkdown(document: AdfNode, renderMention: RenderMention = (_, text) => text): string {
  return write(document, renderMention, {});
}

/**
 * The same with the words as they were typed: `<T> in a*b` stays that, at the price that a Markdown reader may see
 * marks where there were none. Blocks keep their marks, and no text is taken for a code fence.
 */
export function adfToLiteralText(document: AdfNode, renderMention: RenderMention): string {
  return write(document, renderMention, {
    text: ({ value }: Text) => value.replaceAll(fenceAtStart, '$1\\$2'),
    // The library's own ones write characters beside the marks as references (`&#x20;`).
    strong: around('**'),
    emphasis: around('_'),
    delete: around('~~'),
  });
}

/** In a list item as well, be it only typed as one. */
const fenceAtStart = /^([ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)(`{3}|~{3})/gm;

function around(mark: string): Handle {
  return (node, _parent, state, info) =>
    `${mark}${state.containerPhrasing(node, { ...info, before: mark, after: mark })}${mark}`;
}

function write(document: AdfNode, mention: RenderMention, handlers: Partial<Handlers>): string {
  const root: Root = { type: 'root', children: blocks(document.content ?? [], mention) };
  return toMarkdown(root, {
    extensions: [gfmToMarkdown()],
    bullet: '-',
    emphasis: '_',
    fences: true,
    handlers: {
      // A plain line end: a backslash before it would be taken for a part of the command.
      break: (...line) => defaultHandlers.break(...line).replace('\\\n', '\n'),
      ...handlers,
    },
  }).trim();
}

function blocks(nodes: AdfNode[], mention: RenderMention): BlockContent[] {
  return nodes.flatMap((node) => block(node, mention));
}

function block(node: AdfNode, mention: RenderMention): BlockContent[] {
  const children = node.content ?? [];
  switch (node.type) {
    case 'paragraph':
      return children.length === 0 ? [] : [paragraph(inlines(children, mention))];
    case 'heading':
      return [{ type: 'heading', depth: depthOf(node.attrs?.level), children: inlines(children, mention) }];
    case 'bulletList':
    case 'orderedList':
      return [
        {
          type: 'list',
          ordered: node.type === 'orderedList',
          start: typeof node.attrs?.order === 'number' ? node.attrs.order : undefined,
          spread: false,
          children: children.map((item) => listItem(item, mention)),
        },
      ];
    case 'taskList':
    case 'decisionList':
      return [{ type: 'list', ordered: false, spread: false, children: tasks(children, mention) }];
    case 'codeBlock':
      return [{ type: 'code', lang: text(node.attrs?.language) || undefined, value: plain(node) }];
    case 'blockquote':
      return [{ type: 'blockquote', children: blocks(children, mention) }];
    case 'panel':
      return [
        {
          type: 'blockquote',
          children: [label(`[${text(node.attrs?.panelType) || 'panel'}]`), ...blocks(children, mention)],
        },
      ];
    case 'expand':
    case 'nestedExpand':
      return [label(text(node.attrs?.title) || 'Details'), ...blocks(children, mention)];
    case 'rule':
      return [{ type: 'thematicBreak' }];
    case 'table':
      return children.length === 0 ? [] : [{ type: 'table', children: rows(children, mention) }];
    case 'mediaSingle':
    case 'mediaGroup':
      return [paragraph(spaced(children, mention))];
    case 'blockCard':
    case 'embedCard':
      return [paragraph(inline(node, mention))];
    default:
      return unknown(node, mention);
  }
}

/** A node that is not known, or one that stands where it does not belong: its text is kept. */
function unknown(node: AdfNode, mention: RenderMention): BlockContent[] {
  const children = node.content ?? [];
  const holdsBlocks = children.some((child) => child.content !== undefined);
  if (holdsBlocks) return blocks(children, mention);
  const content = children.length > 0 ? inlines(children, mention) : inline(node, mention);
  return content.length > 0 ? [paragraph(content)] : [];
}

function listItem(node: AdfNode, mention: RenderMention): ListItem {
  const content = node.type === 'listItem' ? (node.content ?? []) : [node];
  return { type: 'listItem', spread: false, children: blocks(content, mention) };
}

/** Task lists nest beside their items; Markdown nests inside them. */
function tasks(nodes: AdfNode[], mention: RenderMention): ListItem[] {
  const items: ListItem[] = [];
  for (const node of nodes) {
    if (node.type === 'taskList') {
      const nested = block(node, mention);
      const parent = items.at(-1);
      if (parent) parent.children.push(...nested);
      else items.push({ type: 'listItem', spread: false, children: nested });
      continue;
    }
    items.push({
      type: 'listItem',
      spread: false,
      checked: node.type === 'decisionItem' ? undefined : node.attrs?.state === 'DONE',
      children:
        node.type === 'blockTaskItem'
          ? blocks(node.content ?? [], mention)
          : [paragraph(inline(node, mention))],
    });
  }
  return items;
}

/** Markdown cells hold one line. */
function rows(nodes: AdfNode[], mention: RenderMention): TableRow[] {
  return nodes.map((row) => ({
    type: 'tableRow',
    children: (row.type === 'tableRow' ? (row.content ?? []) : [row]).map((cell) => ({
      type: 'tableCell',
      children: spaced([cell], mention),
    })),
  }));
}

/** Blocks on one line, joined by spaces. */
function spaced(nodes: AdfNode[], mention: RenderMention): PhrasingContent[] {
  const parts = nodes.map((node) => {
    if (node.type === 'codeBlock') return [code(plain(node).replaceAll(/\s+/g, ' ').trim())];
    const holdsBlocks = (node.content ?? []).some((child) => child.content !== undefined);
    return holdsBlocks ? spaced(node.content ?? [], mention) : inline(node, mention);
  });
  return parts
    .filter((part) => part.length > 0)
    .flatMap((part, index) => (index === 0 ? part : [word(' '), ...part]));
}

function inlines(nodes: AdfNode[], mention: RenderMention): PhrasingContent[] {
  return nodes.flatMap((node) => inline(node, mention));
}

function inline(node: AdfNode, mention: RenderMention): PhrasingContent[] {
  const attributes = node.attrs ?? {};
  switch (node.type) {
    case 'text':
      return marked(node);
    case 'hardBreak':
      return [{ type: 'break' }];
    case 'mention':
      return [word(mention(text(attributes.id), text(attributes.text) || '@somebody'))];
    case 'emoji':
      return [word(text(attributes.text) || text(attributes.shortName))];
    case 'date':
      return [word(dateOf(attributes.timestamp))];
    case 'status':
      return [code(text(attributes.text))];
    case 'inlineCard':
    case 'blockCard':
    case 'embedCard':
      return link(text(attributes.url));
    case 'media':
    case 'mediaInline':
      return [word(`[attachment: ${text(attributes.alt) || text(attributes.id) || 'file'}]`)];
    default:
      return node.content ? inlines(node.content, mention) : fallback(node);
  }
}

function fallback(node: AdfNode): PhrasingContent[] {
  const shown = node.text ?? text(node.attrs?.text) ?? '';
  return shown === '' ? [] : [word(shown)];
}

function marked(node: AdfNode): PhrasingContent[] {
  const value = node.text ?? '';
  const marks = node.marks ?? [];
  if (value === '') return [];
  if (marks.some((mark) => mark.type === 'code')) return [withMarks(code(value), marks)];
  if (marks.some((mark) => mark.type === 'link')) return [withMarks(word(value), marks)];
  return linked(value).map((part) => withMarks(part, marks));
}

/** Addresses that nobody made a link become one: as text, their characters would be escaped. */
function linked(value: string): PhrasingContent[] {
  return value
    .split(/(https?:\/\/[^\s<>"'`()[\]]*[^\s<>"'`()[\].,:;!?])/)
    .filter((part) => part !== '')
    .flatMap((part) => (/^https?:\/\/./.test(part) ? link(part) : [word(part)]));
}

function withMarks(content: PhrasingContent, marks: AdfNode[]): PhrasingContent {
  let result = content;
  for (const mark of marks) {
    if (mark.type === 'strong') result = { type: 'strong', children: [result] };
    if (mark.type === 'em') result = { type: 'emphasis', children: [result] };
    if (mark.type === 'strike') result = { type: 'delete', children: [result] };
    if (mark.type === 'link' && text(mark.attrs?.href)) {
      result = { type: 'link', url: text(mark.attrs?.href), children: [result] };
    }
  }
  return result;
}

function link(url: string): PhrasingContent[] {
  return url === '' ? [] : [{ type: 'link', url, children: [word(url)] }];
}

/** Milliseconds since 1970 in a string, shown as a day in UTC. */
function dateOf(timestamp: unknown): string {
  const date = new Date(text(timestamp) === '' ? Number.NaN : Number(timestamp));
  return Number.isNaN(date.getTime()) ? text(timestamp) : date.toISOString().slice(0, 10);
}

function depthOf(level: unknown): 1 | 2 | 3 | 4 | 5 | 6 {
  return level === 1 || level === 2 || level === 3 || level === 4 || level === 5 || level === 6 ? level : 3;
}

function plain(node: AdfNode): string {
  return (node.text ?? '') + (node.content ?? []).map(plain).join('');
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function word(value: string): Text {
  return { type: 'text', value };
}

/** Empty code would be two backticks, which are code no more. */
function code(value: string): PhrasingContent {
  return value === '' ? word('') : { type: 'inlineCode', value };
}

/** Space at the ends of its lines means nothing in Markdown, but would be written as `&#x20;`. */
function paragraph(children: PhrasingContent[]): BlockContent {
  return {
    type: 'paragraph',
    children: children.map((child, index) => {
      if (child.type !== 'text') return child;
      const isFirst = index === 0 || children[index - 1]?.type === 'break';
      const isLast = index === children.length - 1 || children[index + 1]?.type === 'break';
      const value = isFirst ? child.value.trimStart() : child.value;
      return word(isLast ? value.trimEnd() : value);
    }),
  };
}

function label(value: string): BlockContent {
  return paragraph([{ type: 'strong', children: [word(value)] }]);
}
