import { html } from 'hono/html';
import type { Nodes, Table } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';
import { isObject, objectAt, textAt } from './json.ts';
import type { Comparison } from './pull-requests.ts';
import type { World } from './world.ts';

type Page = ReturnType<typeof html>;

const style = `
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; color: #1f2328; }
  .notice { background: #fff8c5; border: 1px solid #d4a72c; padding: .4rem .8rem; border-radius: 6px; }
  .box { border: 1px solid #d1d9e0; border-radius: 6px; padding: .6rem 1rem; margin: 1rem 0; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .3rem 0; font: 13px/1.45 ui-monospace, monospace; }
  code { background: #f6f8fa; padding: .1em .3em; border-radius: 4px; font: 13px/1.45 ui-monospace, monospace; }
  table { border-collapse: collapse; } th, td { border: 1px solid #d1d9e0; padding: .3rem .6rem; text-align: left; }
  blockquote { margin: .5rem 0; padding-left: .8rem; border-left: 4px solid #d1d9e0; color: #59636e; }
  li p { margin: .2rem 0; }
  .add { color: #1a7f37; } .del { color: #cf222e; } .muted { color: #59636e; }
`;

/** A plain page for people; everything on it is escaped by the template. */
function layout(title: string, body: Page): Page {
  return html`<!doctype html>
    <html lang="en">
      <head><meta charset="utf-8" /><title>${title}</title><style>${style}</style></head>
      <body><p class="notice">This is a simulation of GitHub on this machine.</p><h1>${title}</h1>${body}</body>
    </html>`;
}

/** The few pages that the `html_url`s of the demo lead to. */
export function createPages({ owner, name, emulator, pulls }: World) {
  const base = `/repos/${owner}/${name}`;
  const get = async (path: string) =>
    (await emulator.request('GET', `${base}${path}`, emulator.ownToken)).body;

  async function list(path: string): Promise<unknown[]> {
    const body = await get(path);
    return Array.isArray(body) ? body : [];
  }

  return {
    missing: (): Page => layout('Not found', html`<p>There is nothing here.</p>`),

    async repository(): Promise<Page> {
      const open = await list('/pulls?state=all&per_page=100');
      return layout(
        `${owner}/${name}`,
        html`<h2>Pull requests</h2>
          <ul>${open.map(
            (pull) => html`<li><a href="${textAt(pull, 'html_url')}">${textAt(pull, 'title')}</a>
              <span class="muted">${textAt(pull, 'state')}</span></li>`,
          )}</ul>`,
      );
    },

    async pull(number: number): Promise<Page | undefined> {
      const { status, body: pull } = await pulls.read(number);
      if (status !== 200 || !isObject(pull)) return undefined;
      const comparison = await pulls.comparisonOf(pull);
      const commits = await Promise.all(comparison.commits.map((sha) => get(`/git/commits/${sha}`)));
      return layout(
        `${textAt(pull, 'title')} #${number}`,
        html`<p class="muted">${textAt(pull.user, 'login')} wants to merge ${textAt(pull.head, 'ref')} into
            ${textAt(pull.base, 'ref')} (${textAt(pull, 'state')})</p>
          <div class="box">${markdown(textAt(pull, 'body'))}</div>
          <h2>Commits</h2>
          <ul>${commits.map(
            (commit) => html`<li><code>${textAt(commit, 'sha').slice(0, 7)}</code>
            ${textAt(commit, 'message').split('\n')[0]}</li>`,
          )}</ul>
          ${comments('Conversation', await list(`/issues/${number}/comments?per_page=100`))}
          ${comments('Review', await list(`/pulls/${number}/comments?per_page=100`))}
          ${files(comparison)}`,
      );
    },

    async issue(number: number): Promise<Page | undefined> {
      const issue = await get(`/issues/${number}`);
      if (!isObject(issue) || typeof issue.title !== 'string') return undefined;
      return layout(
        `${issue.title} #${number}`,
        html`<div class="box"><p class="muted">${textAt(issue.user, 'login')}</p>${markdown(textAt(issue, 'body'))}</div>
          ${comments('Conversation', await list(`/issues/${number}/comments?per_page=100`))}`,
      );
    },
  };
}

function comments(title: string, all: unknown[]): Page | '' {
  if (all.length === 0) return '';
  return html`<h2>${title}</h2>
    ${all.map(
      (comment) => html`<div class="box">
        <p class="muted">${textAt(objectAt(comment, 'user'), 'login')} · ${time(textAt(comment, 'created_at'))}
          ${textAt(comment, 'path')}</p>
        ${markdown(textAt(comment, 'body'))}</div>`,
    )}`;
}

/** `2026-01-12T10:41:00.000Z` as `2026-01-12 10:41:00 UTC`. */
function time(iso: string): string {
  return iso.replace(/^(.{10})T(.{8}).*$/, '$1 $2 UTC');
}

function files({ files: changed }: Comparison): Page {
  const kind = (line: string) => (line.startsWith('+') ? 'add' : line.startsWith('-') ? 'del' : 'muted');
  return html`<h2>Files changed</h2>
    ${changed.map(
      (file) => html`<div class="box"><strong>${file.filename}</strong>
        <span class="add">+${file.additions}</span> <span class="del">-${file.deletions}</span>
        <pre>${file.patch.split('\n').map((line) => html`<span class="${kind(line)}">${line}</span>\n`)}</pre></div>`,
    )}`;
}

/** Markdown much as GitHub shows it: comments are hidden, HTML that Dexter does not write is shown as text. */
function markdown(text: string): Page {
  return shown(fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }));
}

/** What Dexter folds away, or writes small: the tags stand among what is between them. */
function shownAll(nodes: Nodes[]): Page[] {
  const [first, ...rest] = nodes;
  if (first === undefined) return [];
  const tag = first.type === 'html' ? first.value : '';
  const summary = /^<details><summary>([^<]*)<\/summary>$/.exec(tag)?.[1];
  const closing = summary !== undefined ? '</details>' : tag === '<sub>' ? '</sub>' : '';
  const end = rest.findIndex((node) => closing !== '' && node.type === 'html' && node.value === closing);
  if (end < 0) return [shown(first), ...shownAll(rest)];
  const inner = shownAll(rest.slice(0, end));
  const page =
    summary === undefined
      ? html`<sub>${inner}</sub>`
      : html`<details><summary>${summary}</summary>${inner}</details>`;
  return [page, ...shownAll(rest.slice(end + 1))];
}

function shown(node: Nodes): Page {
  const inner = () => html`${'children' in node ? shownAll(node.children) : []}`;
  switch (node.type) {
    case 'text':
      return html`${node.value}`;
    case 'inlineCode':
      return html`<code>${node.value}</code>`;
    case 'code':
      return html`<pre>${node.value}</pre>`;
    case 'html':
      if (node.value.startsWith('<!--')) return html``;
      return node.value === '<br>' ? html`<br />` : html`<code>${node.value}</code>`;
    case 'paragraph':
      return html`<p>${inner()}</p>`;
    case 'heading':
      return html`<h3>${inner()}</h3>`;
    case 'strong':
      return html`<strong>${inner()}</strong>`;
    case 'emphasis':
      return html`<em>${inner()}</em>`;
    case 'delete':
      return html`<del>${inner()}</del>`;
    case 'blockquote':
      return html`<blockquote>${inner()}</blockquote>`;
    case 'list':
      return node.ordered ? html`<ol>${inner()}</ol>` : html`<ul>${inner()}</ul>`;
    case 'listItem':
      return html`<li>${typeof node.checked === 'boolean' ? (node.checked ? '☑ ' : '☐ ') : ''}${inner()}</li>`;
    case 'link':
      return /^https?:\/\//.test(node.url)
        ? html`<a href="${node.url}" rel="noreferrer">${inner()}</a>`
        : inner();
    case 'break':
      return html`<br />`;
    case 'thematicBreak':
      return html`<hr />`;
    case 'table':
      return table(node);
    default:
      return inner();
  }
}

/** A head without words is left out. */
function table({ children: [head, ...rows] }: Table): Page {
  const named = head?.children.some((cell) => cell.children.length > 0);
  const row = (cells: Page[]) => html`<tr>${cells}</tr>`;
  return html`<table>
    ${named && head ? row(head.children.map((cell) => html`<th>${shown(cell)}</th>`)) : ''}
    ${rows.map(({ children }) => row(children.map((cell) => html`<td>${shown(cell)}</td>`)))}
  </table>`;
}
