import { html } from 'hono/html';
import type { Html, Text } from '../html.ts';

/** Names and what belongs to them; those without a value are left out. */
export function facts(entries: readonly (readonly [name: string, value: Text | undefined])[]): Html {
  const shown = entries.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
  return html`<dl class="facts">${shown.map(({ name, value }) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}
