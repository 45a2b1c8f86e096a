import type { AdfDocument } from './adf.ts';

type Rule = {
  content: readonly string[];
  atLeast?: number;
  attrs?: Record<string, (value: unknown) => boolean>;
};

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const inline = ['text', 'hardBreak', 'mention', 'emoji', 'inlineCard', 'date', 'status'];
const inItem = ['paragraph', 'bulletList', 'orderedList', 'codeBlock', 'mediaSingle'];
const inPanel = [
  'paragraph',
  'heading',
  'bulletList',
  'orderedList',
  'codeBlock',
  'rule',
  'taskList',
  'blockCard',
];
const block = [
  ...inPanel,
  ...['blockquote', 'panel', 'table', 'expand', 'mediaSingle', 'mediaGroup', 'decisionList'],
];

/** What may stand in what; the part of Atlassian's schema that comments and descriptions use. */
const rules: Record<string, Rule> = {
  doc: { content: block },
  paragraph: { content: inline },
  heading: {
    content: inline,
    attrs: { level: (value) => [1, 2, 3, 4, 5, 6].some((level) => level === value) },
  },
  bulletList: { content: ['listItem'], atLeast: 1 },
  orderedList: { content: ['listItem'], atLeast: 1 },
  listItem: { content: inItem, atLeast: 1 },
  codeBlock: { content: ['text'] },
  blockquote: { content: ['paragraph', 'bulletList', 'orderedList', 'codeBlock'], atLeast: 1 },
  panel: { content: inPanel, atLeast: 1, attrs: { panelType: isText } },
  expand: { content: block, atLeast: 1 },
  rule: { content: [] },
  table: { content: ['tableRow'], atLeast: 1 },
  tableRow: { content: ['tableCell', 'tableHeader'] },
  tableCell: { content: block, atLeast: 1 },
  tableHeader: { content: block, atLeast: 1 },
  mediaSingle: { content: ['media'], atLeast: 1 },
  mediaGroup: { content: ['media'], atLeast: 1 },
  media: { content: [], attrs: { type: isText } },
  taskList: { content: ['taskItem', 'taskList'], atLeast: 1 },
  taskItem: { content: inline },
  decisionList: { content: ['decisionItem'], atLeast: 1 },
  decisionItem: { content: inline },
  blockCard: { content: [], attrs: { url: isText } },
  text: { content: [] },
  hardBreak: { content: [] },
  mention: { content: [], attrs: { id: isText } },
  emoji: { content: [], attrs: { shortName: isText } },
  inlineCard: { content: [], attrs: { url: isText } },
  date: { content: [], attrs: { timestamp: isText } },
  status: { content: [], attrs: { text: isText } },
};

const members = ['type', 'content', 'attrs', 'marks', 'text', 'version'];
const marks = [
  'strong',
  'em',
  'code',
  'strike',
  'underline',
  'link',
  'textColor',
  'subsup',
  'backgroundColor',
];

type Checked = { outcome: 'valid'; document: AdfDocument } | { outcome: 'invalid'; problem: string };

/** Checks a document as JIRA does before it stores one; the problem names the place. */
export function validateAdf(value: unknown): Checked {
  const invalid = (problem: string): Checked => ({ outcome: 'invalid', problem });
  if (!isRecord(value) || value.type !== 'doc') return invalid('not a document of type doc');
  if (value.version !== 1) return invalid('version is not 1');
  if (!Array.isArray(value.content)) return invalid('doc has no content');
  const problem = problemOf(value, 'doc');
  return problem ? invalid(problem) : { outcome: 'valid', document: value as AdfDocument };
}

function problemOf(node: Record<string, unknown>, path: string): string | undefined {
  const type = typeof node.type === 'string' ? node.type : '';
  const rule = Object.hasOwn(rules, type) ? rules[type] : undefined;
  if (!rule) return `${path}: unknown type`;
  const unknown = Object.keys(node).find((key) => !members.includes(key));
  if (unknown !== undefined) return `${path}: unknown member ${unknown}`;
  if (type === 'text' && !isText(node.text)) return `${path}: text is empty`;
  if (type !== 'text' && node.text !== undefined) return `${path}: only text nodes have text`;
  const attrs = isRecord(node.attrs) ? node.attrs : {};
  for (const [name, accepts] of Object.entries(rule.attrs ?? {})) {
    if (!accepts(attrs[name])) return `${path}: attrs.${name} is wrong`;
  }
  return problemOfMarks(node.marks, path) ?? problemOfContent(node.content, rule, path);
}

function problemOfContent(content: unknown, rule: Rule, path: string): string | undefined {
  if (content !== undefined && !Array.isArray(content)) return `${path}: content is no list`;
  const children: unknown[] = content ?? [];
  if (children.length < (rule.atLeast ?? 0)) return `${path}: content is empty`;
  for (const [index, child] of children.entries()) {
    const at = `${path}.content[${index}]`;
    if (!isRecord(child)) return `${at}: not a node`;
    if (!rule.content.some((type) => type === child.type))
      return `${at}: ${String(child.type)} may not stand here`;
    const problem = problemOf(child, at);
    if (problem) return problem;
  }
  return undefined;
}

function problemOfMarks(value: unknown, path: string): string | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) return `${path}: marks is no list`;
  const types = value.map((mark) => (isRecord(mark) ? mark.type : undefined));
  if (types.some((type) => !marks.some((known) => known === type))) return `${path}: unknown mark`;
  const link = value.find((mark) => isRecord(mark) && mark.type === 'link');
  if (link && !isText(isRecord(link.attrs) ? link.attrs.href : undefined)) return `${path}: link has no href`;
  const besideCode = types.filter((type) => type !== 'code' && type !== 'link');
  if (types.includes('code') && besideCode.length > 0) return `${path}: code goes with link only`;
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
