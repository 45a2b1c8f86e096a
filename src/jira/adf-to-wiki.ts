import type { AdfNode } from './adf.ts';

/**
 * What Dexter writes itself (`report/`, `markdown-to-adf.ts`) as wiki markup, for Server and Data Center: REST v2 takes
 * no documents. Text is escaped, so that none of it becomes markup; a node that is not known shows its text.
 */
export function adfToWiki(document: AdfNode): string {
  return blocks(document.content ?? []).trim();
}

function blocks(nodes: readonly AdfNode[]): string {
  return nodes
    .map((node) => block(node, ''))
    .filter((text) => text !== '')
    .join('\n\n');
}

function block(node: AdfNode, marks: string): string {
  const children = node.content ?? [];
  switch (node.type) {
    case 'paragraph':
      return inlines(children);
    case 'heading':
      return `h${String(node.attrs?.level ?? 3)}. ${oneLine(inlines(children))}`;
    case 'bulletList':
      return children.map((item) => listItem(item, `${marks}*`)).join('\n');
    case 'orderedList':
      return children.map((item) => listItem(item, `${marks}#`)).join('\n');
    case 'codeBlock':
      return code(children.map(({ text = '' }) => text).join(''));
    case 'blockquote':
      return `{quote}\n${blocks(children)}\n{quote}`;
    case 'panel':
      return `{panel}\n${blocks(children)}\n{panel}`;
    case 'rule':
      return '----';
    case 'table':
      return children.map(row).join('\n');
    default:
      return children.some(({ content }) => content) ? blocks(children) : inlines(children);
  }
}

function listItem(item: AdfNode, marks: string): string {
  const isList = ({ type }: AdfNode) => type === 'bulletList' || type === 'orderedList';
  const children = item.content ?? [];
  const text = children.filter((child) => !isList(child)).map((child) => block(child, marks));
  const nested = children.filter(isList).map((child) => block(child, marks));
  return [`${marks} ${text.join('\n').replaceAll(/\n{2,}/g, '\n')}`, ...nested].join('\n');
}

function row({ content = [] }: AdfNode): string {
  const cells = content.map((cell) => ({
    bar: cell.type === 'tableHeader' ? '||' : '|',
    text: oneLine(blocks(cell.content ?? [])) || ' ',
  }));
  return cells.map(({ bar, text }) => `${bar}${text}`).join('') + (cells.at(-1)?.bar ?? '|');
}

/** Code that says `{code}` itself would end it. */
function code(text: string): string {
  const name = text.includes('{code}') ? 'noformat' : 'code';
  return `{${name}}\n${text}\n{${name}}`;
}

function inlines(nodes: readonly AdfNode[]): string {
  return nodes.map(inline).join('');
}

function inline(node: AdfNode): string {
  const { attrs = {} } = node;
  switch (node.type) {
    case 'text':
      return marked(node);
    case 'hardBreak':
      return '\n';
    case 'mention':
      return `[~${String(attrs.id ?? '').replaceAll(/[[\]\n]/g, '')}]`;
    case 'emoji':
      return String(attrs.text ?? attrs.shortName ?? '');
    case 'inlineCard':
      return link(String(attrs.url ?? ''));
    default:
      return node.content ? inlines(node.content) : escaped(node.text ?? String(attrs.text ?? ''));
  }
}

const around: Record<string, string> = { strong: '*', em: '_', strike: '-', underline: '+' };

function marked({ text = '', marks = [] }: AdfNode): string {
  const href = marks.find(({ type }) => type === 'link')?.attrs?.href;
  if (typeof href === 'string') return link(href, text);
  if (marks.some(({ type }) => type === 'code')) return `{{${escaped(text)}}}`;
  // Marks count at the ends of words only.
  const [, before = '', inner = '', after = ''] = /^(\s*)([\s\S]*?)(\s*)$/.exec(text) ?? [];
  if (inner === '') return text;
  const signs = marks.flatMap(({ type }) => around[type] ?? []);
  return `${before}${signs.join('')}${escaped(inner)}${signs.toReversed().join('')}${after}`;
}

function link(href: string, text?: string): string {
  const address = href.replaceAll(/[\s|\][]/g, (one) => encodeURIComponent(one));
  const shown = text === undefined || text === href ? '' : `${escaped(oneLine(text))}|`;
  return `[${shown}${address}]`;
}

/** What could be markup inside of a line, and what could begin a line as markup. */
function escaped(text: string): string {
  return text
    .replaceAll(/[{}[\]*_+^~|!?]/g, '\\$&')
    .replaceAll(/\((?=(?:[/xiyn+-]|on|off)\))/g, '\\(')
    .replaceAll(/(^|\s)-(?=\S)/g, '$1\\-')
    .replaceAll(/^(\s*)([-#])(?=[-#*\s])/gm, '$1\\$2')
    .replaceAll(/^(\s*)(h[1-6]|bq)\./gm, '$1$2\u2024');
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
