import { removeInvisible } from './remove-invisible.ts';

/**
 * A node of the Atlassian Document Format, as far as it is looked at. Loose on purpose: the format grows, and
 * a node that is not known must still show its text.
 * https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
 */
export interface AdfNode {
  type: string;
  /** Of the document. */
  version?: number;
  text?: string;
  attrs?: Record<string, unknown>;
  marks?: AdfNode[];
  content?: AdfNode[];
}

export interface ReadAdf {
  document: AdfNode;
  /** Invisible characters that were removed from its texts. */
  removed: number;
}

/** Nothing that a person writes is nested as deeply; what is deeper becomes text at this level. */
const deepest = 100;

/**
 * A document as JIRA sent it, checked, bounded in depth and without invisible characters; undefined when it is none.
 * Works without recursion, so that no nesting is too deep. Members of the wrong kind are left out, strings among
 * the nodes become text.
 */
export function readAdf(value: unknown): ReadAdf | undefined {
  if (!isRecord(value) || typeof value.type !== 'string') return undefined;
  let removed = 0;
  const clean = (text: string): string => {
    const cleaned = removeInvisible(text);
    removed += cleaned.removed;
    return cleaned.text;
  };
  const shallow = (source: Record<string, unknown>): AdfNode => ({
    type: typeof source.type === 'string' ? source.type : 'unknown',
    ...(typeof source.version === 'number' ? { version: source.version } : {}),
    ...(typeof source.text === 'string' ? { text: clean(source.text) } : {}),
    ...(isRecord(source.attrs) ? { attrs: cleanAttributes(source.attrs, clean) } : {}),
    ...(Array.isArray(source.marks)
      ? {
          marks: source.marks.filter(isRecord).map((mark) => shallow({ type: mark.type, attrs: mark.attrs })),
        }
      : {}),
  });

  const document = shallow(value);
  const left = [{ source: value, target: document, depth: 0 }];
  for (let next = left.pop(); next; next = left.pop()) {
    if (!Array.isArray(next.source.content)) continue;
    const content: AdfNode[] = [];
    next.target.content = content;
    for (const child of next.source.content) {
      if (typeof child === 'string') content.push({ type: 'text', text: clean(child) });
      if (!isRecord(child)) continue;
      if (next.depth === deepest) {
        content.push({ type: 'text', text: clean(textOf(child)) });
        continue;
      }
      const target = shallow(child);
      content.push(target);
      left.push({ source: child, target, depth: next.depth + 1 });
    }
  }
  return { document, removed };
}

/** Whether a document, of any depth, holds a node of this type. */
export function holdsNode(value: unknown, type: string): boolean {
  for (const node of nodesOf(value)) if (node.type === type) return true;
  return false;
}

/** The words of a node and of all below it, in order, separated by spaces. */
function textOf(value: unknown): string {
  const words: string[] = [];
  for (const { text, attrs } of nodesOf(value)) {
    const shown = typeof text === 'string' ? text : isRecord(attrs) ? (attrs.text ?? attrs.title) : undefined;
    if (typeof shown === 'string' && shown !== '') words.push(shown);
  }
  return words.join(' ');
}

/** Depth first, in the order of the document. */
function* nodesOf(value: unknown): Generator<Record<string, unknown>> {
  const left: unknown[] = [value];
  while (left.length > 0) {
    const node = left.pop();
    if (!isRecord(node)) continue;
    yield node;
    if (Array.isArray(node.content)) for (const child of node.content.toReversed()) left.push(child);
  }
}

function cleanAttributes(
  attrs: Record<string, unknown>,
  clean: (text: string) => string,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(attrs).map(([name, value]) => [name, typeof value === 'string' ? clean(value) : value]),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
