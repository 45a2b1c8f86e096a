import { html } from 'hono/html';
import { type Html, nothing, type Text } from '../html.ts';

export interface Tile {
  label: string;
  /** The figure, large. */
  value: Text;
  /** What explains it. */
  note?: Text;
  /** Where there is more of it. */
  href?: string;
}

/** Figures to be seen first. */
export function tiles(list: readonly Tile[]): Html {
  return html`<dl class="tiles">${list.map(
    ({ label, value, note, href }) => html`<div>
      <dt>${href === undefined ? label : html`<a href="${href}">${label}</a>`}</dt>
      <dd class="figure">${value}</dd>
      ${note === undefined ? nothing : html`<dd class="muted">${note}</dd>`}
    </div>`,
  )}</dl>`;
}
