import type {
  BlockContent,
  Delete,
  Emphasis,
  Link,
  ListItem,
  Paragraph,
  PhrasingContent,
  Root,
  Strong,
  TableCell,
  TableRow,
  Text,
} from 'mdast';
import { gfmToMarkdown } from 'mdast-util-gfm';
import {
  defaultHandlers,
  type Handle,
  type Handlers,
  type Options as ToMarkdownExtension,
  toMarkdown,
} from 'mdast-util-to-markdown';
import type { AdfNode } from './adf.ts';

/** How a mention is written; the default is its own text, `@Maria`. */
export type RenderMention = (accountId: string, text: string) => string;

export interface AdfOptions {
  mention?: RenderMention;
  /** Name of the attachment that a media node shows, by the node's own name for it, which may be empty. */
  attachment?: (alt: string) => string | undefined;
}

interface Writing extends Required<AdfOptions> {
  /** Words as they were typed, spaces inside of marks as well. */
  literal: boolean;
}

/**
 * ADF as GitHub-flavoured Markdown. The tree is translated node by node and written by mdast-util-to-markdown,
 * which does the escaping; the published converters drop or refuse what they do not know (panels, status,
 * dates, tasks, media). `document` comes from `readAdf`, which bounds its depth.
 */
export function adfToMarkdown(document: AdfNode, options: AdfOptions = {}): string {
  return write(document, options, { text: writeText, link: writeLink, paragraph: writeParagraph });
}

/**
 * The same with the words as they were typed: `<T> in a*b` stays that, at the price that a Markdown reader may see
 * marks where there were none. Blocks keep their marks, and no text is taken for a code fence.
 */
export function adfToLiteralText(document: AdfNode, options: AdfOptions = {}): string {
  return write(
    document,
    options,
    {
      text: ({ value }: Text) => value.replaceAll(fenceAtStart, '$1\\$2'),
      // The library's own ones write characters beside the marks as references (`&#x20;`).
      strong: around('**'),
      emphasis: around('_'),
      delete: around('~~'),
    },
    true,
  );
}

/** In a list item as well, be it only typed as one. */
const fenceAtStart = /^([ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)(`{3}|~{3})/gm;

/** Text in which nothing can be taken for a mark, whatever stands beside it. */
const harmless =
  /^ ?@?\p{L}(?:(?:[\p{L}\p{N} ,;?%$'"()/+=>{}.:-]|(?<= )@(?=\p{L}))*[\p{L}\p{N},;?%'").])? ?$/u;
const maybeAddress = /w\.|ps?:/i;

/** As the library writes text; most of it needs no look at the forty patterns. */
const writeText: Handle = (node: Text, _parent, state, info) => {
  const { value } = node;
  const beginsLine = value.startsWith(' ') && /^[\r\n]?$/.test(info.before);
  const endsLine = value.endsWith(' ') && /^[\r\n]?$/.test(info.after);
  const isAddress = value.startsWith('@') && /[+\-.\w]$/.test(info.before);
  const isPlain = !beginsLine && !endsLine && !isAddress && harmless.test(value) && !maybeAddress.test(value);
  return isPlain ? value : state.safe(value, info);
};

/** An address that shows itself, without the library's look at each of its characters. */
const writeLinkText: Handle = (node: Link, parent, state, info) => {
  const [child] = node.children;
  const showsItself = node.children.length === 1 && child?.type === 'text' && child.value === node.url;
  if (showsItself && !node.title && /^https?:\/\/[!-;=?-~]+$/i.test(node.url)) return `<${node.url}>`;
  return defaultHandlers.link(node, parent, state, info);
};
const writeLink = Object.assign(writeLinkText, { peek: defaultHandlers.link.peek });

/** One object for all documents: the library keeps its compiled patterns there. */
const gfm = gfmToMarkdown();

/** The library takes `www.` for the beginning of an address only before ASCII letters; parsers do so before more. */
const addressesOfAnyKind: ToMarkdownExtension = {
  unsafe: [
    {
      character: '.',
      before: '[Ww]{3}',
      after: '\\S',
      inConstruct: 'phrasing',
      notInConstruct: ['autolink', 'link', 'image', 'label'],
    },
  ],
};

/** The library's own, which puts the boxes before tasks. */
const paragraphWithBox = gfm.extensions?.flatMap((one) => one.handlers?.paragraph ?? [])[0];

/** Most paragraphs are plain from end to end: those need no look at what stands beside what. */
const writeParagraph: Handle = (node: Paragraph, parent, state, info) => {
  const isTask = parent?.type === 'listItem' && typeof parent.checked === 'boolean';
  if (!isTask && node.children.every(({ type }) => type === 'text')) {
    const value = node.children.map((child) => (child.type === 'text' ? child.value : '')).join('');
    if (!/^ | $/.test(value) && harmless.test(value) && !maybeAddress.test(value)) return value;
  }
  return (paragraphWithBox ?? defaultHandlers.paragraph)(node, parent, state, info);
};

function around(mark: string): Handle {
  return (node, _parent, state, info) =>
    `${mark}${state.containerPhrasing(node, { ...info, before: mark, after: mark })}${mark}`;
}

function write(document: AdfNode, options: AdfOptions, handlers: Partial<Handlers>, literal = false): string {
  const writing: Writing = { mention: (_, text) => text, attachment: () => undefined, literal, ...options };
  const root: Root = {
    type: 'root',
    children: [...versionNote(document), ...blocks(document.content ?? [], writing)],
  };
  return toMarkdown(root, {
    extensions: [gfm, addressesOfAnyKind],
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

function versionNote({ version = 1 }: AdfNode): BlockContent[] {
  if (version === 1) return [];
  const note = `(Version ${version} of Atlassian's document format is not known to Dexter: shown as far as it is understood.)`;
  return [paragraph([{ type: 'emphasis', children: [word(note)] }])];
}

function blocks(nodes: AdfNode[], writing: Writing): BlockContent[] {
  return nodes.flatMap((node) => block(node, writing));
}

function block(node: AdfNode, writing: Writing): BlockContent[] {
  const children = node.content ?? [];
  switch (node.type) {
    case 'paragraph':
      return children.length === 0 ? [] : [paragraph(inlines(children, writing))];
    case 'heading':
      return [{ type: 'heading', depth: depthOf(node.attrs?.level), children: inlines(children, writing) }];
    case 'bulletList':
    case 'orderedList':
      return [
        {
          type: 'list',
          ordered: node.type === 'orderedList',
          start: startOf(node),
          spread: false,
          children: children.map((item) => listItem(item, writing)),
        },
      ];
    case 'taskList':
    case 'decisionList':
      return [{ type: 'list', ordered: false, spread: false, children: tasks(children, writing) }];
    case 'codeBlock':
      return [{ type: 'code', lang: text(node.attrs?.language) || undefined, value: plain(node) }];
    case 'blockquote':
      return [{ type: 'blockquote', children: blocks(children, writing) }];
    case 'panel':
      return [{ type: 'blockquote', children: [label(panelName(node)), ...blocks(children, writing)] }];
    case 'expand':
    case 'nestedExpand':
      return [label(text(node.attrs?.title) || 'Details'), ...blocks(children, writing)];
    case 'rule':
      return [{ type: 'thematicBreak' }, ...unknown(node, writing)];
    case 'table': {
      const written = rows(children, writing);
      return written.length === 0 ? [] : [{ type: 'table', children: written }];
    }
    case 'mediaSingle':
    case 'mediaGroup':
      return [paragraph(joined(children, writing, word(' ')))];
    default:
      return unknown(node, writing);
  }
}

/** A node that is not known, or one that stands where it does not belong: its text is kept. */
function unknown(node: AdfNode, writing: Writing): BlockContent[] {
  const children = node.content ?? [];
  if (children.some(holdsContent)) return blocks(children, writing);
  const content = children.length > 0 ? inlines(children, writing) : inline(node, writing);
  return content.length > 0 ? [paragraph(content)] : [];
}

function holdsContent(node: AdfNode): boolean {
  return node.content !== undefined;
}

function listItem(node: AdfNode, writing: Writing): ListItem {
  const content = node.type === 'listItem' ? (node.content ?? []) : [node];
  return { type: 'listItem', spread: false, children: blocks(content, writing) };
}

/** Task lists nest beside their items; Markdown nests inside them. */
function tasks(nodes: AdfNode[], writing: Writing): ListItem[] {
  const items: ListItem[] = [];
  for (const node of nodes) {
    if (node.type === 'taskList') {
      const nested = block(node, writing);
      const parent = items.at(-1);
      if (parent) parent.children.push(...nested);
      else items.push({ type: 'listItem', spread: false, children: nested });
      continue;
    }
    const isDecision = node.type === 'decisionItem';
    const mark: PhrasingContent[] = isDecision ? [strong('Decision:'), word(' ')] : [];
    items.push({
      type: 'listItem',
      spread: false,
      checked: isDecision ? undefined : node.attrs?.state === 'DONE',
      children:
        node.type === 'blockTaskItem'
          ? blocks(node.content ?? [], writing)
          : [paragraph([...mark, ...inline(node, writing)])],
    });
  }
  return items;
}

/** Markdown wants a first row of headers: where the table has none, they are empty. Cells that span hold nothing more. */
function rows(nodes: AdfNode[], writing: Writing): TableRow[] {
  const covered: number[] = [];
  const written: TableRow[] = nodes.map((row, number) => {
    const cells: TableCell[] = [];
    const skipCovered = () => {
      while ((covered[cells.length] ?? 0) > 0) {
        covered[cells.length] = (covered[cells.length] ?? 0) - 1;
        cells.push(emptyCell());
      }
    };
    for (const cell of row.type === 'tableRow' ? (row.content ?? []) : [row]) {
      skipCovered();
      const below = spanOf(cell.attrs?.rowspan) - 1;
      for (let column = 0; column < spanOf(cell.attrs?.colspan); column += 1) {
        covered[cells.length] = below;
        cells.push(column === 0 ? tableCell(cell, number > 0, writing) : emptyCell());
      }
    }
    skipCovered();
    return { type: 'tableRow', children: cells };
  });
  const first = nodes[0];
  if (first?.content === undefined || first.content.some(({ type }) => type === 'tableHeader'))
    return written;
  const columns = Math.max(...written.map(({ children }) => children.length));
  return [{ type: 'tableRow', children: Array.from({ length: columns }, emptyCell) }, ...written];
}

/** A cell of a header in the first column is told by its weight. */
function tableCell(cell: AdfNode, isBelow: boolean, writing: Writing): TableCell {
  const content = cellLines(cell, 0, writing).flatMap((line, index) =>
    index === 0 ? line : [lineEnd(), ...line],
  );
  const isRowHeader = isBelow && cell.type === 'tableHeader' && content.every(({ type }) => type === 'text');
  if (isRowHeader && content.length > 0)
    return { type: 'tableCell', children: [{ type: 'strong', children: content }] };
  return { type: 'tableCell', children: content };
}

function emptyCell(): TableCell {
  return { type: 'tableCell', children: [] };
}

/** JIRA has tables of 1,000 cells at most. */
function spanOf(value: unknown): number {
  return typeof value === 'number' && value >= 1 ? Math.min(Math.floor(value), 100) : 1;
}

const bulletsByDepth = ['•', '◦', '▪'];

/** Markdown's cells hold one line: blocks, items and lines of code are kept apart by line ends of HTML. */
function cellLines(node: AdfNode, depth: number, writing: Writing): PhrasingContent[][] {
  const children = node.content ?? [];
  switch (node.type) {
    case 'codeBlock':
      return plain(node)
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => [code(line)]);
    case 'bulletList':
    case 'orderedList':
    case 'taskList':
    case 'decisionList':
      return children.flatMap((item, index) => {
        if (/List$/.test(item.type)) return cellLines(item, depth + 1, writing);
        const lines = cellLines(item, depth + 1, writing);
        const mark = word(`${cellMark(node, item, index, depth)} `);
        return lines.length === 0 ? [[mark]] : [[mark, ...(lines[0] ?? [])], ...lines.slice(1)];
      });
    case 'panel':
      return [[strong(panelName(node))], ...children.flatMap((child) => cellLines(child, depth, writing))];
    case 'expand':
    case 'nestedExpand':
      return [
        [strong(text(node.attrs?.title) || 'Details')],
        ...children.flatMap((child) => cellLines(child, depth, writing)),
      ];
    default: {
      if (children.some(holdsContent)) return children.flatMap((child) => cellLines(child, depth, writing));
      const line = node.content ? inlines(children, writing) : inline(node, writing);
      const shown = line.flatMap((part) => (part.type === 'break' ? [lineEnd()] : [part]));
      return shown.length === 0 ? [] : [shown];
    }
  }
}

function cellMark(list: AdfNode, item: AdfNode, index: number, depth: number): string {
  if (list.type === 'orderedList') return `${(startOf(list) ?? 1) + index}.`;
  if (list.type === 'taskList') return item.attrs?.state === 'DONE' ? '☑' : '☐';
  if (list.type === 'decisionList') return 'Decision:';
  return bulletsByDepth[Math.min(depth, 2)] ?? '•';
}

/** The contents of nodes on one line. */
function joined(nodes: AdfNode[], writing: Writing, separator: PhrasingContent): PhrasingContent[] {
  return nodes
    .map((node) => inline(node, writing))
    .filter((part) => part.length > 0)
    .flatMap((part, index) => (index === 0 ? part : [separator, ...part]));
}

/** Code beside code would be read as one, with the marks in between. */
function inlines(nodes: AdfNode[], writing: Writing): PhrasingContent[] {
  return besideEachOther(nodes.flatMap((node) => inline(node, writing)));
}

/**
 * What follows each other of one kind becomes one, and code is kept apart: `**a****b**`, ``a``b`` and a text `1` before
 * a text `. a` would be read as something else.
 */
function besideEachOther(nodes: PhrasingContent[]): PhrasingContent[] {
  const written: PhrasingContent[] = [];
  for (const node of nodes) {
    const last = written.at(-1);
    if (last !== undefined && isMark(last) && isMark(node) && last.type === node.type) {
      written.splice(-1, 1, { ...last, children: besideEachOther([...last.children, ...node.children]) });
    } else if (last?.type === 'text' && node.type === 'text') {
      written.splice(-1, 1, word(`${last.value}${node.value}`));
    } else if (node.type === 'inlineCode' && last?.type === 'inlineCode') written.push(word(' '), node);
    else written.push(node);
  }
  return written;
}

function isMark(node: PhrasingContent): node is Strong | Emphasis | Delete {
  return node.type === 'strong' || node.type === 'emphasis' || node.type === 'delete';
}

function inline(node: AdfNode, writing: Writing): PhrasingContent[] {
  const attributes = node.attrs ?? {};
  switch (node.type) {
    case 'text':
      return marked(node, writing);
    case 'hardBreak':
      return [{ type: 'break' }];
    case 'mention':
      return [word(writing.mention(text(attributes.id), text(attributes.text) || '@somebody'))];
    case 'emoji':
      return [word(text(attributes.text) || text(attributes.shortName) || '[emoji]')];
    case 'date':
      return [word(dateOf(attributes.timestamp))];
    case 'status':
      return [code(text(attributes.text))];
    case 'inlineCard':
    case 'blockCard':
    case 'embedCard':
      return card(node);
    case 'media':
    case 'mediaInline':
      return media(node, writing);
    default:
      return node.content === undefined ? fallback(node) : inlineContent(node.content, writing);
  }
}

function inlineContent(content: AdfNode[], writing: Writing): PhrasingContent[] {
  return content.some(holdsContent) ? joined(content, writing, word(' ')) : inlines(content, writing);
}

/** What a node without content says of itself; its type when it says nothing, so that a reader knows of it. */
function fallback({ type, text: own, attrs = {} }: AdfNode): PhrasingContent[] {
  if (silentWhenEmpty.has(type)) return [];
  const shown = own ?? text(attrs.text);
  if (shown !== '') return [word(shown)];
  const name = text(attrs.title) || text(attrs.extensionKey) || text(attrs.key) || text(attrs.url);
  return [word(name === '' ? `[${type}]` : `[${type}: ${name}]`)];
}

/** Nodes of the format that hold others: empty ones show nothing in JIRA either. */
const silentWhenEmpty = new Set([
  ...[
    'doc',
    'paragraph',
    'heading',
    'bulletList',
    'orderedList',
    'listItem',
    'taskList',
    'taskItem',
    'blockTaskItem',
  ],
  ...[
    'decisionList',
    'decisionItem',
    'blockquote',
    'panel',
    'table',
    'tableRow',
    'tableCell',
    'tableHeader',
    'caption',
  ],
  ...['layoutSection', 'layoutColumn', 'mediaSingle', 'mediaGroup', 'codeBlock', 'rule', 'text'],
]);

function media({ attrs = {} }: AdfNode, writing: Writing): PhrasingContent[] {
  const alt = text(attrs.alt) || text(attrs.__fileName);
  if (attrs.type === 'external' && text(attrs.url) !== '')
    return [word(`[image${alt === '' ? '' : ` ${alt}`}: `), ...link(text(attrs.url)), word(']')];
  return [word(`[attachment: ${writing.attachment(alt) || alt || text(attrs.id) || 'file'}]`)];
}

/** A smart link holds its address, or a description of what is there. */
function card(node: AdfNode): PhrasingContent[] {
  const { url, data } = node.attrs ?? {};
  if (text(url) !== '') return link(text(url));
  if (typeof data !== 'object' || data === null) return [];
  const name = 'name' in data ? text(data.name) : '';
  const address = 'url' in data ? text(data.url) : '';
  if (name === '' || address === '')
    return address === '' ? (name === '' ? [] : [word(name)]) : link(address);
  return [{ type: 'link', url: address, children: [word(name)] }];
}

function marked(node: AdfNode, { literal }: Writing): PhrasingContent[] {
  const value = node.text ?? '';
  const marks = node.marks ?? [];
  if (value === '') return [];
  if (marks.some((mark) => mark.type === 'code')) return [withMarks(code(value), marks)];
  if (marks.some((mark) => mark.type === 'link')) return [withMarks(word(value), marks)];
  if (!marks.some((mark) => ['strong', 'em', 'strike'].includes(mark.type))) return linked(value);
  if (literal) return linked(value).map((part) => withMarks(part, marks));
  // Space inside the marks would have to be written as a reference.
  const [, before = '', inner = '', after = ''] = /^(\s*)([\s\S]*?)(\s*)$/.exec(value) ?? [];
  return [...words(before), ...linked(inner).map((part) => withMarks(part, marks)), ...words(after)];
}

/** Addresses that nobody made a link become one: as text, their characters would be escaped. */
function linked(value: string): PhrasingContent[] {
  if (!value.includes('://')) return words(value);
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

function startOf(list: AdfNode): number | undefined {
  const { order } = list.attrs ?? {};
  return typeof order === 'number' && Number.isSafeInteger(order) && order >= 0 ? order : undefined;
}

function panelName(node: AdfNode): string {
  return `[${text(node.attrs?.panelType) || 'panel'}]`;
}

/** The text of code, as it is. */
function plain(node: AdfNode): string {
  if (node.type === 'hardBreak') return '\n';
  return (node.text ?? '') + (node.content ?? []).map(plain).join('');
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function word(value: string): Text {
  return { type: 'text', value };
}

function words(value: string): Text[] {
  return value === '' ? [] : [word(value)];
}

function strong(value: string): PhrasingContent {
  return { type: 'strong', children: [word(value)] };
}

function lineEnd(): PhrasingContent {
  return { type: 'html', value: '<br>' };
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
  return paragraph([strong(value)]);
}
