import { html } from 'hono/html';
import { type Html, nothing, type Text } from '../html.ts';

/** Said where nothing is to be shown, with what one could do about it. */
export function emptyState(text: Text, hint?: Text): Html {
  return html`<div class="empty"><p>${text}</p>${hint === undefined ? nothing : html`<p class="muted">${hint}</p>`}</div>`;
}
