import { html } from 'hono/html';
import type { AdfNode } from './adf.ts';
import type { JiraIssue, Store } from './store.ts';

type Page = ReturnType<typeof html>;

const style = `
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 0 auto; padding: 1rem; color: #172b4d; }
  .notice { background: #fff7d6; border: 1px solid #cf9f02; padding: .4rem .8rem; border-radius: 4px; }
  .muted { color: #626f86; } .box { border: 1px solid #dcdfe4; border-radius: 4px; padding: .4rem 1rem; margin: 1rem 0; }
  li p { margin: .2rem 0; }
  pre { background: #f7f8f9; padding: .6rem; overflow-x: auto; } code { background: #f7f8f9; padding: 0 .2em; }
  .mention { color: #0055cc; background: #e9f2ff; border-radius: 8px; padding: 0 .3em; }
`;

/** The page that people open; everything on it is escaped by the template. */
export function issuePage(issue: JiraIssue, store: Store): Page {
  const name = (accountId: string) => store.user(accountId)?.displayName ?? 'Former user';
  const facts = [
    issue.type,
    issue.status,
    `Priority: ${issue.priority}`,
    `Labels: ${issue.labels.join(', ') || 'none'}`,
  ];
  return html`<!doctype html>
    <html lang="en">
      <head><meta charset="utf-8" /><title>${issue.key} ${issue.summary}</title><style>${style}</style></head>
      <body>
        <p class="notice">This is a simulation of JIRA on this machine.</p>
        <p class="muted">${issue.key}</p>
        <h1>${issue.summary}</h1>
        <p class="muted">${facts.join(' · ')} · Reported by ${name(issue.reporter)}</p>
        <div class="box">${issue.description ? node(issue.description) : html`<p class="muted">No description</p>`}</div>
        ${links(issue)}
        <h2>Comments</h2>
        ${issue.comments.map(
          (
            comment,
          ) => html`<div class="box"><p class="muted">${name(comment.author)} · ${time(comment.created)}</p>
            ${node(comment.body)}</div>`,
        )}
      </body>
    </html>`;
}

function links({ remoteLinks }: JiraIssue): Page | '' {
  if (remoteLinks.length === 0) return '';
  return html`<h2>Links</h2>
    <ul>${remoteLinks.map((link) => html`<li>${anchor(link.url, html`${link.title}`)}</li>`)}</ul>`;
}

/** `2026-01-12T10:41:00.000+0000` as `2026-01-12 10:41:00 UTC`; JIRA's times here are all in UTC. */
function time(created: string): string {
  return created.replace(/^(.{10})T(.{8}).*$/, '$1 $2 UTC');
}

function node(adf: AdfNode): Page {
  const inner = () => html`${(adf.content ?? []).map(node)}`;
  switch (adf.type) {
    case 'doc':
      return inner();
    case 'text':
      return marked(adf);
    case 'hardBreak':
      return html`<br />`;
    case 'heading':
      return html`<h3>${inner()}</h3>`;
    case 'bulletList':
    case 'taskList':
    case 'decisionList':
      return html`<ul>${inner()}</ul>`;
    case 'orderedList':
      return html`<ol>${inner()}</ol>`;
    case 'listItem':
    case 'taskItem':
    case 'decisionItem':
      return html`<li>${inner()}</li>`;
    case 'codeBlock':
      return html`<pre>${inner()}</pre>`;
    case 'rule':
      return html`<hr />`;
    case 'blockquote':
      return html`<blockquote>${inner()}</blockquote>`;
    case 'panel':
    case 'expand':
      return html`<div class="box">${inner()}</div>`;
    case 'table':
      return html`<table>${inner()}</table>`;
    case 'tableRow':
      return html`<tr>${inner()}</tr>`;
    case 'tableHeader':
      return html`<th>${inner()}</th>`;
    case 'tableCell':
      return html`<td>${inner()}</td>`;
    case 'mention':
      return html`<span class="mention">${String(adf.attrs?.text ?? '')}</span>`;
    case 'emoji':
    case 'status':
      return html`${String(adf.attrs?.text ?? adf.attrs?.shortName ?? '')}`;
    case 'inlineCard':
    case 'blockCard':
      return anchor(String(adf.attrs?.url ?? ''), html`${String(adf.attrs?.url ?? '')}`);
    default:
      return html`<p>${inner()}</p>`;
  }
}

function marked(adf: AdfNode): Page {
  let shown: Page = html`${adf.text ?? ''}`;
  for (const mark of adf.marks ?? []) {
    if (mark.type === 'code') shown = html`<code>${shown}</code>`;
    if (mark.type === 'strong') shown = html`<strong>${shown}</strong>`;
    if (mark.type === 'em') shown = html`<em>${shown}</em>`;
    if (mark.type === 'link') shown = anchor(String(mark.attrs?.href ?? ''), shown);
  }
  return shown;
}

/** A link to the web; any other address (`javascript:`) is shown as text only. */
function anchor(href: string, shown: Page): Page {
  return /^https?:\/\//.test(href) ? html`<a href="${href}" rel="noreferrer">${shown}</a>` : shown;
}
