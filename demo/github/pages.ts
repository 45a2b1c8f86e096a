import { html } from 'hono/html';
import { isObject, objectAt, textAt } from './json.ts';
import type { Comparison } from './pull-requests.ts';
import type { World } from './world.ts';

type Page = ReturnType<typeof html>;

const style = `
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; color: #1f2328; }
  .notice { background: #fff8c5; border: 1px solid #d4a72c; padding: .4rem .8rem; border-radius: 6px; }
  .box { border: 1px solid #d1d9e0; border-radius: 6px; padding: .6rem 1rem; margin: 1rem 0; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .3rem 0; font: 13px/1.45 ui-monospace, monospace; }
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
          <div class="box"><pre>${textAt(pull, 'body')}</pre></div>
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
        html`<div class="box"><p class="muted">${textAt(issue.user, 'login')}</p><pre>${textAt(issue, 'body')}</pre></div>
          ${comments('Conversation', await list(`/issues/${number}/comments?per_page=100`))}`,
      );
    },
  };
}

function comments(title: string, all: unknown[]): Page {
  return html`<h2>${title}</h2>
    ${all.map(
      (comment) => html`<div class="box">
        <p class="muted">${textAt(objectAt(comment, 'user'), 'login')} · ${textAt(comment, 'created_at')}
          ${textAt(comment, 'path')}</p>
        <pre>${textAt(comment, 'body')}</pre></div>`,
    )}`;
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
