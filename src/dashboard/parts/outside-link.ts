import { html } from 'hono/html';
import type { Html, Text } from '../html.ts';

/** A link that leaves the dashboard; text alone where the address is none of the web. */
export function outsideLink(address: string, text: Text): Html {
  if (!isWebAddress(address)) return html`${text}`;
  return html`<a class="outside" href="${address}" rel="noreferrer">${text}</a>`;
}

function isWebAddress(address: string): boolean {
  return /^https?:$/.test(URL.parse(address)?.protocol ?? '');
}
