import type { Nodes, Root } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';
import type { AdfNode } from './adf.ts';

export interface AdfDocument {
  type: 'doc';
  version: 1;
  content: AdfNode[];
}

/** An ADF document from blocks. */
export function adfDocument(content: AdfNode[]): AdfDocument {
  return { type: 'doc', version: 1, content };
}

export function adfParagraph(...content: AdfNode[]): AdfNode {
  return { type: 'paragraph', content };
}

/** A text node; ADF refuses empty ones, so an empty text is a space. */
export function adfText(text: string, ...marks: AdfNode[]): AdfNode {
  const shown = text === '' ? ' ' : text.toWellFormed();
  return { type: 'text', text: shown, ...(marks.length > 0 ? { marks } : {}) };
}

/** A link, or the text alone where the address is not one that JIRA takes for a link. */
export function adfLink(text: string, href: string): AdfNode {
  return adfText(text, ...linkMarks(href));
}

function linkMarks(href: string): AdfNode[] {
  return /^(?:https?:\/\/|mailto:)[^\s]/i.test(href) ? [{ type: 'link', attrs: { href } }] : [];
}

/**
 * Markdown as ADF blocks, built from the parsed tree. Anything without a counterpart becomes its text; raw
 * HTML and images are dropped. The text is expected to be neutralised before.
 */
export function markdownToAdf(markdown: string): AdfNode[] {
  const root: Root = fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
  return root.children.flatMap(block);
}

function block(node: Nodes): AdfNode[] {
  switch (node.type) {
    case 'heading':
      return [{ type: 'heading', attrs: { level: node.depth }, content: inlines(node.children, []) }];
    case 'paragraph':
      return [adfParagraph(...inlines(node.children, []))];
    case 'list':
      return [
        {
          type: node.ordered ? 'orderedList' : 'bulletList',
          ...(node.ordered && node.start != null && node.start !== 1 ? { attrs: { order: node.start } } : {}),
          content: node.children.map((item) => ({ type: 'listItem', content: itemContent(item) })),
        },
      ];
    case 'code':
      return [
        {
          type: 'codeBlock',
          ...(node.lang ? { attrs: { language: node.lang } } : {}),
          content: [adfText(node.value)],
        },
      ];
    case 'blockquote':
      return [{ type: 'blockquote', content: filled(node.children.flatMap(quotable)) }];
    case 'thematicBreak':
      return [{ type: 'rule' }];
    case 'table':
      return [{ type: 'table', content: node.children.map((row, index) => tableRow(row, index === 0)) }];
    case 'html':
    case 'definition':
      return [];
    default:
      return 'children' in node ? node.children.flatMap(block) : [];
  }
}

/** A list item begins with a paragraph in ADF, and holds paragraphs, lists and code only. */
function itemContent(item: Extract<Nodes, { type: 'listItem' }>): AdfNode[] {
  const content = item.children
    .flatMap(block)
    .flatMap((child) =>
      child.type === 'paragraph' || child.type.endsWith('List') || child.type === 'codeBlock'
        ? [child]
        : [adfParagraph(adfText(plain(child)))],
    );
  const box = item.checked === true ? '☑ ' : item.checked === false ? '☐ ' : '';
  const first = content[0];
  if (first?.type !== 'paragraph') content.unshift(adfParagraph(adfText(box)));
  else if (box !== '') first.content?.unshift(adfText(box));
  return content;
}

/** A quote in ADF holds paragraphs, lists and code only. */
function quotable(node: Nodes): AdfNode[] {
  return block(node).map((child) =>
    child.type === 'paragraph' || child.type.endsWith('List') || child.type === 'codeBlock'
      ? child
      : adfParagraph(adfText(plain(child))),
  );
}

function tableRow(row: Extract<Nodes, { type: 'tableRow' }>, header: boolean): AdfNode {
  return {
    type: 'tableRow',
    content: row.children.map((cell) => ({
      type: header ? 'tableHeader' : 'tableCell',
      content: [adfParagraph(...inlines(cell.children, []))],
    })),
  };
}

function inlines(nodes: Nodes[], marks: AdfNode[]): AdfNode[] {
  return nodes.flatMap((node) => inline(node, marks));
}

function inline(node: Nodes, marks: AdfNode[]): AdfNode[] {
  switch (node.type) {
    case 'text':
      return node.value === '' ? [] : [adfText(node.value, ...marks)];
    case 'inlineCode':
      // Beside `code`, ADF allows no other mark than a link.
      return [adfText(node.value, { type: 'code' }, ...marks.filter((mark) => mark.type === 'link'))];
    case 'strong':
      return inlines(node.children, withMark(marks, { type: 'strong' }));
    case 'emphasis':
      return inlines(node.children, withMark(marks, { type: 'em' }));
    case 'delete':
      return inlines(node.children, withMark(marks, { type: 'strike' }));
    case 'link':
      return inlines(node.children, [...marks, ...linkMarks(node.url)]);
    case 'break':
      return [{ type: 'hardBreak' }];
    case 'footnoteReference':
      return [adfText(`[${node.label ?? node.identifier}]`, ...marks)];
    case 'html':
    case 'image':
      return [];
    default:
      return 'children' in node ? inlines(node.children, marks) : [];
  }
}

/** Emphasis nests in Markdown; in ADF a text has each mark once. */
function withMark(marks: AdfNode[], mark: AdfNode): AdfNode[] {
  return marks.some(({ type }) => type === mark.type) ? marks : [...marks, mark];
}

function plain(node: AdfNode): string {
  return (node.text ?? '') + (node.content ?? []).map(plain).join(' ');
}

function filled(content: AdfNode[]): AdfNode[] {
  return content.length > 0 ? content : [adfParagraph(adfText(' '))];
}
