import { html } from 'hono/html';
import { githubNumberOf } from '../../core/issue-key.ts';
import type { Html } from '../html.ts';

export function commandPath(id: string): string {
  return `/commands/${id}`;
}

/** By which people tell commands apart. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

function issuePath(repositoryId: number, issueKey: string): string {
  return `/issues/${repositoryId}/${encodeURIComponent(issueKey)}`;
}

/** `SHOP-42`, or `#7` for what has a number alone: the repository is said beside it. */
export function issueName(issueKey: string): string {
  const number = githubNumberOf(issueKey);
  return number === undefined ? issueKey : `#${number}`;
}

export function issueLink(repository: { id: number } | null, issueKey: string): Html {
  const name = html`<bdi>${issueName(issueKey)}</bdi>`;
  return repository ? html`<a href="${issuePath(repository.id, issueKey)}">${name}</a>` : name;
}

export function repositoryName({ owner, name }: { owner: string; name: string }): Html {
  return html`<bdi>${owner}/${name}</bdi>`;
}
