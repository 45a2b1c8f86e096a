import { html } from 'hono/html';
import { type Html, nothing, type Text } from '../html.ts';

export interface Pager {
  /** What is paged through: names the links for who hears them. */
  label: string;
  /** Address of the page before, and of the one after; absent at an end. */
  newer?: string | undefined;
  older?: string | undefined;
  /** What is shown: `50 of 100,000`. */
  shown?: Text;
}

/** Links through a list that is longer than a page. */
export function pager({ label, newer, older, shown }: Pager): Html {
  if (newer === undefined && older === undefined && shown === undefined) return nothing;
  return html`<nav class="pager" aria-label="${label}">
    ${newer === undefined ? html`<span></span>` : html`<a class="button" rel="prev" href="${newer}">Newer</a>`}
    ${shown === undefined ? nothing : html`<span class="muted">${shown}</span>`}
    ${older === undefined ? html`<span></span>` : html`<a class="button" rel="next" href="${older}">Older</a>`}
  </nav>`;
}
