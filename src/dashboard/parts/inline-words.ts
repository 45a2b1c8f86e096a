import { html } from 'hono/html';
import type { Html } from '../html.ts';

/** Words for people, which are written for comments: what stands between backticks is code. */
export function inlineWords(text: string): Html {
  return html`${text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}`;
}
