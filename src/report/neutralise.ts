import type { BlockContent, Definition, Nodes, Parents, PhrasingContent, Root, RootContent } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown, gfmToMarkdown } from 'mdast-util-gfm';
import { toMarkdown } from 'mdast-util-to-markdown';
import { gfm } from 'micromark-extension-gfm';

export interface NeutraliseOptions {
  /** Address of the server whose links stay links, such as `https://github.com`; without it none does. */
  sameHost?: string;
}

/** Longest text that is shown; the rest is in the session. */
export const longestText = 10_000;

const cutNote = `*Cut at ${longestText.toLocaleString('en-US')} characters.*`;

/** A text settles in two or three rounds; one that does not is shown as it is, in a code block. */
const rounds = 12;

/**
 * Makes text of a model safe to post: nobody is mentioned, no issue is referred to (and so none closed), nothing
 * is loaded (images), nothing is hidden (HTML, invisible characters), and a link to another host shows where it
 * leads and cannot be clicked. Works on the parsed Markdown and repeats until nothing changes, so the result is
 * neutral for whoever parses it again: `neutralise(neutralise(x))` is `neutralise(x)`.
 */
export function neutralise(markdown: string, options: NeutraliseOptions = {}): string {
  const text = visible(markdown).toWellFormed();
  const whole = text.length <= longestText ? settle(text, options) : undefined;
  if (whole !== undefined && whole.length <= longestText) return whole;
  for (let length = longestText; length > 0; length = Math.floor(length * 0.8)) {
    const begun = settle(text.slice(0, length).toWellFormed(), options);
    const cut = settle(`${begun}\n\n${cutNote}`, options);
    if (cut.length <= longestText) return cut;
  }
  return cutNote;
}

/** Text as inline code, on one line, whatever it holds. Empty for an empty text. */
export function inlineCode(text: string): string {
  const value = visible(text).replaceAll(/\s+/g, ' ').trim();
  if (value === '') return '';
  return write({
    type: 'root',
    children: [{ type: 'paragraph', children: [{ type: 'inlineCode', value }] }],
  });
}

function settle(text: string, options: NeutraliseOptions): string {
  try {
    let current = text;
    for (let round = 0; round < rounds; round += 1) {
      const next = once(current, options);
      if (next === current) return next;
      current = next;
    }
  } catch (error) {
    // Nested more deeply than the parser can follow.
    if (!(error instanceof RangeError)) throw error;
  }
  return write({ type: 'root', children: [{ type: 'code', value: text }] });
}

function once(text: string, options: NeutraliseOptions): string {
  const root = fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
  const definitions = new Map(definitionsIn(root).map((definition) => [definition.identifier, definition]));
  const isLinkKept = (url: string) => options.sameHost !== undefined && hasSameOrigin(url, options.sameHost);
  neutraliseChildren(root, { definitions, isLinkKept });
  return write(root);
}

function write(root: Root): string {
  return toMarkdown(root, {
    extensions: [gfmToMarkdown({ tablePipeAlign: false })],
    bullet: '-',
    emphasis: '*',
    fences: true,
    rule: '-',
    listItemIndent: 'one',
  }).replace(/\n+$/, '');
}

interface Scope {
  definitions: Map<string, Definition>;
  isLinkKept: (url: string) => boolean;
}

function neutraliseChildren(parent: Parents, scope: Scope): void {
  const children = parent.children.flatMap((child) => neutraliseNode(child, parent, scope));
  // A replacement is block content where the original was, and phrasing content where that was.
  Object.assign(parent, { children: mergeNeighbours(wrapNames(mergeNeighbours(children))) });
}

/** What takes a node's place: itself, something harmless that says the same, or nothing. */
function neutraliseNode(node: Nodes, parent: Parents, scope: Scope): Nodes[] {
  switch (node.type) {
    case 'text':
    case 'inlineCode':
      return [{ type: node.type, value: visible(node.value) }];
    case 'code': {
      const lang = node.lang && /^[\w+#.-]{1,30}$/.test(node.lang) ? node.lang : null;
      return [{ type: 'code', lang, value: visible(node.value) }];
    }
    case 'html':
      return neutraliseHtml(visible(node.value), parent);
    case 'image':
    case 'imageReference':
      return [{ type: 'text', value: visible(node.alt ?? '') }];
    case 'link':
      neutraliseChildren(node, scope);
      return neutraliseLink(node.url, node.children, scope);
    case 'linkReference': {
      neutraliseChildren(node, scope);
      const url = scope.definitions.get(node.identifier)?.url;
      return url === undefined ? node.children : neutraliseLink(url, node.children, scope);
    }
    case 'footnoteReference':
      return [{ type: 'text', value: `[${node.label ?? node.identifier}]` }];
    case 'footnoteDefinition':
      neutraliseChildren(node, scope);
      return node.children;
    case 'definition':
    case 'yaml':
      return [];
    case 'break':
    case 'thematicBreak':
      return [node];
    default:
      neutraliseChildren(node, scope);
      return [node];
  }
}

/** Comments go; tags stay to be read (`Promise<string>` is one to the parser), as code. */
function neutraliseHtml(html: string, parent: Parents): Nodes[] {
  const shown = html.replaceAll(/<!--[\s\S]*?(?:-->|$)/g, '').trim();
  if (shown === '') return [];
  const holdsBlocks = ['root', 'blockquote', 'listItem', 'footnoteDefinition'].includes(parent.type);
  return holdsBlocks
    ? [{ type: 'code', lang: 'html', value: shown } satisfies BlockContent]
    : [{ type: 'inlineCode', value: shown.replaceAll(/\s+/g, ' ') } satisfies PhrasingContent];
}

function neutraliseLink(url: string, children: PhrasingContent[], { isLinkKept }: Scope): PhrasingContent[] {
  const shown = visible(url)
    .trim()
    .replace(/^mailto:/i, '');
  if (isLinkKept(shown) && !leadsToIssue(shown)) return [{ type: 'link', url: shown, title: null, children }];
  const address: PhrasingContent[] = shown === '' ? [] : [{ type: 'inlineCode', value: shown }];
  const text = plainText(children);
  if (text === '' || sameAddress(text, shown)) return address;
  return [...children, ...(address.length > 0 ? [textNode(' ('), ...address, textNode(')')] : [])];
}

function textNode(value: string): PhrasingContent {
  return { type: 'text', value };
}

function sameAddress(text: string, url: string): boolean {
  const bare = (address: string) => address.replace(/^https?:\/\//i, '').replace(/\/$/, '');
  return bare(text) === bare(url);
}

function plainText(nodes: readonly Nodes[]): string {
  return nodes
    .map((node) => ('value' in node ? node.value : 'children' in node ? plainText(node.children) : ''))
    .join('')
    .trim();
}

/**
 * Texts that have become neighbours are one text: `@` and `name` may have come from different nodes. Code spans
 * are one as well: side by side in Markdown, their backticks would be read in another way.
 */
function mergeNeighbours(nodes: Nodes[]): Nodes[] {
  const merged: Nodes[] = [];
  for (const node of nodes) {
    const last = merged.at(-1);
    if (node.type === 'text' && last?.type === 'text') last.value += node.value;
    else if (node.type === 'inlineCode' && last?.type === 'inlineCode') last.value += node.value;
    else if (node.type !== 'text' || node.value !== '') merged.push(node);
  }
  return merged;
}

/** Also what only looks like an address: a mention needs no more than `@` and a letter. */
const mention = /[\w.+-]*@[\p{L}\p{N}_](?:[\p{L}\p{N}_./-]*[\p{L}\p{N}_])?/u;

/**
 * `#1`, `GH-1`, `owner/repo#1`: behind `fixes` or `closes` they close the issue.
 * https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls
 */
const reference = /(?:[\w.-]{1,100}(?:\/[\w.-]{1,100})?)?#\d+|GH-\d+/iu;

const names = new RegExp(`${mention.source}|${reference.source}`, 'giu');

function wrapNames(nodes: Nodes[]): Nodes[] {
  return nodes.flatMap((node) => (node.type === 'text' ? splitNames(node.value) : [node]));
}

function splitNames(text: string): Nodes[] {
  const parts: Nodes[] = [];
  let end = 0;
  for (const match of text.matchAll(names)) {
    if (match.index > end) parts.push({ type: 'text', value: text.slice(end, match.index) });
    parts.push({ type: 'inlineCode', value: match[0] });
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push({ type: 'text', value: text.slice(end) });
  return parts;
}

function definitionsIn(parent: Parents): Definition[] {
  return parent.children.flatMap((child: RootContent) => {
    if (child.type === 'definition') return [child];
    return 'children' in child ? definitionsIn(child) : [];
  });
}

/** GitHub takes the address of an issue for a reference to it. */
function leadsToIssue(url: string): boolean {
  return /\/(?:issues|pull|pulls|discussions)\/\d/i.test(decoded(new URL(url).pathname));
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

const closing = new RegExp(
  `\\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)(\\s*:\\s*|\\s+)(${reference.source}|https?://\\S+/(?:issues|pull)/\\d+)`,
  'giu',
);

/**
 * A plain line, such as a title or the subject of a commit, that closes no issue: `Fixes #1` becomes `Fixes 1`.
 * A reference without the word before it stays.
 */
export function breakClosing(line: string): string {
  return line.replaceAll(closing, (_all, word: string, between: string, target: string) => {
    const plain = target
      .replaceAll(/https?:\/\//gi, '')
      .replaceAll(/^#|^GH-/gi, '')
      .replaceAll('#', ' ');
    return `${word}${between}${plain}`;
  });
}

function hasSameOrigin(url: string, host: string): boolean {
  try {
    return new URL(url).origin === new URL(host).origin;
  } catch {
    // A relative or malformed address leads who knows where.
    return false;
  }
}

/**
 * Without what a reader cannot see: control, format and other default-ignorable characters, which hold tags,
 * variation selectors, zero-width and bidirectional marks.
 */
function visible(text: string): string {
  return text
    .replaceAll(/\r\n?|[\u2028\u2029\u0085]/g, '\n')
    .replaceAll(/(?![\n\t])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu, '');
}
