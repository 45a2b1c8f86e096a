import type { AdfNode } from './adf.ts';
import { wikiInline } from './wiki-inline.ts';

/** Quotes, panels and expands in one another; what is deeper stays as it was typed. */
const deepest = 12;

/** Levels of a list; deeper ones stand at the last. */
const deepestList = 10;

/** A stashed part of the text: what stands for it in the lines, by its number. */
const stashed = /\u{f0000}(\d+)\u{f0001}/gu;
const stashMarks = /[\u{f0000}\u{f0001}]/gu;

interface Page {
  /** Blocks and literal characters that were taken out of the lines, so that nothing in them is read as markup. */
  stash: (AdfNode | string)[];
  depth: number;
}

/**
 * JIRA's wiki markup, which Server and Data Center (REST v2) and webhooks send, as an ADF document: from there on both
 * are written by one program. What is no markup, or is not closed, stays as it was typed.
 * https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all
 */
export function wikiToAdf(wiki: string): AdfNode {
  const text = wiki.replaceAll(/\r\n?/g, '\n').replaceAll(stashMarks, '\ufffd');
  return { type: 'doc', version: 1, content: blocksOf(text, 0) };
}

function blocksOf(text: string, depth: number): AdfNode[] {
  const page: Page = { stash: [], depth };
  const withoutCode = stashCode(text, page);
  const withoutBoxes = depth < deepest ? stashBoxes(withoutCode, page) : withoutCode;
  return readLines(withoutBoxes.replaceAll(/\{color(?::[^}\n]*)?\}/g, '').split('\n'), page);
}

function keep(page: Page, part: AdfNode | string): string {
  page.stash.push(part);
  return `\u{f0000}${page.stash.length - 1}\u{f0001}`;
}

/** Text as it was typed, for the inside of a box that is read on its own. */
function restored(text: string, page: Page): string {
  return text.replaceAll(stashed, (_all, index) => {
    const part = page.stash[Number(index)];
    return typeof part === 'string' ? `\\${part}` : part?.type === 'codeBlock' ? sourceOf(part) : '';
  });
}

function sourceOf(code: AdfNode): string {
  const language = code.attrs?.language;
  const text = code.content?.[0]?.text ?? '';
  return text.includes('{code}')
    ? `{noformat}${text}{noformat}`
    : `{code${typeof language === 'string' ? `:${language}` : ''}}${text}{code}`;
}

/** Takes out `{code}`, `{noformat}` and escaped characters. */
function stashCode(text: string, page: Page): string {
  const opening = /\\([{}[\]*_+^~?!|#()-])|\{(code|noformat)(?::([^}\n]*))?\}/g;
  const unclosed = new Set<string>();
  let result = '';
  let end = 0;
  for (let match = opening.exec(text); match; match = opening.exec(text)) {
    const [all, escaped, name, options = ''] = match;
    const inside = match.index + all.length;
    if (escaped !== undefined) {
      result += text.slice(end, match.index) + keep(page, escaped);
      end = inside;
      continue;
    }
    const closing = `{${name}}`;
    const close = unclosed.has(closing) ? -1 : text.indexOf(closing, inside);
    if (close < 0) {
      unclosed.add(closing);
      continue;
    }
    const code = text
      .slice(inside, close)
      .replace(/^[ \t]*\n/, '')
      .replace(/\n[ \t]*$/, '');
    result += text.slice(end, match.index) + keep(page, codeBlock(code, name === 'code' ? options : ''));
    end = close + closing.length;
    opening.lastIndex = end;
  }
  return result + text.slice(end);
}

function codeBlock(code: string, options: string): AdfNode {
  const settings = options.split('|');
  const named = settings.find((one) => /^language=/.test(one))?.slice('language='.length);
  const language = named ?? settings.find((one) => one !== '' && !one.includes('='));
  const title = settings.find((one) => /^title=/.test(one))?.slice('title='.length);
  return {
    type: 'codeBlock',
    attrs: { ...(language ? { language: language.trim() } : {}), ...(title ? { title } : {}) },
    content: code === '' ? [] : [{ type: 'text', text: code }],
  };
}

/** Takes out `{quote}`, `{panel}` and `{expand}` with what is in them. */
function stashBoxes(text: string, page: Page): string {
  const opening = /\{(quote|panel|info|note|tip|warning|expand)(?::([^}\n]*))?\}/g;
  const unclosed = new Set<string>();
  let result = '';
  let end = 0;
  for (let match = opening.exec(text); match; match = opening.exec(text)) {
    const [all, name = '', options = ''] = match;
    const inside = match.index + all.length;
    const closing = `{${name}}`;
    const close = unclosed.has(closing) ? -1 : text.indexOf(closing, inside);
    if (close < 0) {
      unclosed.add(closing);
      continue;
    }
    const content = blocksOf(restored(text.slice(inside, close), page).trim(), page.depth + 1);
    result += text.slice(end, match.index) + keep(page, box(name, options, content));
    end = close + closing.length;
    opening.lastIndex = end;
  }
  return result + text.slice(end);
}

function box(name: string, options: string, content: AdfNode[]): AdfNode {
  const title =
    /(?:^|\|)title=([^|]*)/.exec(options)?.[1]?.trim() ?? (options.includes('=') ? '' : options.trim());
  if (name === 'quote') return { type: 'blockquote', content };
  if (name === 'expand') return { type: 'expand', attrs: { title }, content };
  const heading: AdfNode[] =
    title === ''
      ? []
      : [{ type: 'paragraph', content: [{ type: 'text', text: title, marks: [{ type: 'strong' }] }] }];
  return { type: 'panel', attrs: { panelType: name }, content: [...heading, ...content] };
}

interface Item {
  marks: string;
  content: AdfNode[];
}

function readLines(lines: readonly string[], page: Page): AdfNode[] {
  const blocks: AdfNode[] = [];
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? '';
    const heading = /^\s*h([1-6])\.\s+(.*)$/.exec(line);
    const quoted = /^\s*bq\.\s+(.*)$/.exec(line);
    if (line.trim() === '') at += 1;
    else if (heading) {
      const attrs = { level: Number(heading[1]) };
      blocks.push(...wrapped(heading[2] ?? '', page, (content) => ({ type: 'heading', attrs, content })));
      at += 1;
    } else if (quoted) {
      blocks.push({ type: 'blockquote', content: flow(quoted[1] ?? '', page) });
      at += 1;
    } else if (/^\s*-{4,}\s*$/.test(line)) {
      blocks.push({ type: 'rule' });
      at += 1;
    } else if (isItem(line)) {
      const items: Item[] = [];
      for (; at < lines.length && isItem(lines[at] ?? ''); ) {
        const [, marks = '', text = ''] = item.exec(lines[at] ?? '') ?? [];
        const end = endOfText(lines, at + 1);
        items.push({ marks, content: flow([text, ...lines.slice(at + 1, end)].join('\n'), page) });
        at = end;
      }
      blocks.push(...lists(items));
    } else if (isRow(line)) {
      const rows: AdfNode[] = [];
      for (; at < lines.length && isRow(lines[at] ?? ''); ) {
        const end = endOfRow(lines, at);
        rows.push(row(lines.slice(at, end).join('\n'), page));
        at = end;
      }
      blocks.push({ type: 'table', content: rows });
    } else {
      const end = endOfText(lines, at + 1);
      blocks.push(...flow(lines.slice(at, end).join('\n'), page));
      at = end;
    }
  }
  return blocks;
}

const item = /^\s*([*#]+-?|-{1,3}|[*#-]{2,})\s+(.*)$/;

function isItem(line: string): boolean {
  return item.test(line);
}

function isRow(line: string): boolean {
  return /^\s*\|/.test(line);
}

/** The line where text that began before `at` ends: a blank one, or one that begins a block. */
function endOfText(lines: readonly string[], at: number): number {
  let end = at;
  while (end < lines.length) {
    const line = lines[end] ?? '';
    const begins = /^\s*(?:$|h[1-6]\.\s|bq\.\s|-{4,}\s*$)/.test(line) || isItem(line) || isRow(line);
    if (begins) break;
    end += 1;
  }
  return end;
}

/** Cells hold several lines, lists among them, where a later line closes the row. */
function endOfRow(lines: readonly string[], at: number): number {
  const closes = (line: string | undefined) => /\|\s*$/.test(line ?? '');
  if (closes(lines[at])) return at + 1;
  for (let next = at + 1; next < lines.length; next += 1) {
    if (lines[next]?.trim() === '' || isRow(lines[next] ?? '')) break;
    if (closes(lines[next])) return next + 1;
  }
  return endOfText(lines, at + 1);
}

/** Text as paragraphs, with the blocks that were taken out of it in between. */
function flow(text: string, page: Page): AdfNode[] {
  return wrapped(text, page, (content) => ({ type: 'paragraph', content }));
}

function wrapped(text: string, page: Page, wrap: (content: AdfNode[]) => AdfNode): AdfNode[] {
  const blocks: AdfNode[] = [];
  let run = '';
  const literals: string[] = [];
  const finish = () => {
    const content = wikiInline(run.trim(), literals);
    if (content.length > 0) blocks.push(wrap(content));
    run = '';
  };
  let end = 0;
  for (const match of text.matchAll(stashed)) {
    const part = page.stash[Number(match[1])];
    run += text.slice(end, match.index);
    end = match.index + match[0].length;
    if (typeof part === 'string') {
      literals.push(part);
      run += '\u{f0000}';
    } else if (part) {
      finish();
      literals.length = 0;
      blocks.push(part);
    }
  }
  run += text.slice(end);
  finish();
  return blocks;
}

interface OpenList {
  list: AdfNode;
  items: AdfNode[];
}

/** The marks of an item name the lists that it is in, from the outside: `*#` is a numbered one in a bulleted one. */
function lists(items: readonly Item[]): AdfNode[] {
  const outermost: AdfNode[] = [];
  const open: OpenList[] = [];
  for (const { marks, content } of items) {
    const levels = [...marks.slice(0, deepestList)].map((mark) =>
      mark === '#' ? 'orderedList' : 'bulletList',
    );
    const innermost = levels.at(-1);
    open.length = Math.min(open.length, levels.length);
    if (open.length === levels.length && open.at(-1)?.list.type !== innermost) open.pop();
    while (open.length < levels.length) {
      const type = levels[open.length] ?? 'bulletList';
      const within: AdfNode[] = [];
      const list: AdfNode = { type, content: within };
      const around = open.at(-1);
      if (!around) outermost.push(list);
      else {
        const last = around.items.at(-1);
        if (last) last.content = [...(last.content ?? []), list];
        else around.items.push({ type: 'listItem', content: [list] });
      }
      open.push({ list, items: within });
    }
    open.at(-1)?.items.push({ type: 'listItem', content });
  }
  return outermost;
}

/** Bars in links, pictures and code do not end a cell. */
const cellParts = /\|\|?|\[[^\]\n]{1,2000}\]|!\S[^!\n]{1,300}!|\{\{[^\n]{1,1000}?\}\}|[^|[!{]+|[\s\S]/g;

function row(text: string, page: Page): AdfNode {
  const cells: AdfNode[] = [];
  let type = '';
  let inside = '';
  for (const [part] of text.trim().matchAll(cellParts)) {
    if (part !== '|' && part !== '||') {
      inside += part;
      continue;
    }
    if (type !== '') cells.push({ type, content: cellContent(inside, page) });
    type = part === '||' ? 'tableHeader' : 'tableCell';
    inside = '';
  }
  if (inside.trim() !== '') cells.push({ type, content: cellContent(inside, page) });
  return { type: 'tableRow', content: cells };
}

function cellContent(text: string, page: Page): AdfNode[] {
  const trimmed = text.trim();
  return trimmed === '' ? [] : readLines(trimmed.replaceAll(/^\|+/gm, '').split('\n'), page);
}
