import { html } from 'hono/html';
import { type Html, nothing, type Text } from '../html.ts';
import { live } from './live.ts';

export interface Section {
  /** Names it on its page; links may lead to it. */
  id: string;
  title: string;
  /** One line below the title. */
  note?: Text;
  /** Beside the title: a link to more, or what can be done here. */
  aside?: Html;
  body: Html;
  /** Whether it is brought up to date while the page is open. */
  isLive?: boolean;
}

/** A part of a page under a heading. */
export function section({ id, title, note, aside, body, isLive = false }: Section): Html {
  return html`<section id="${id}" class="section" aria-labelledby="${id}-title"${isLive ? live() : nothing}>
    <div class="section-head"><h2 id="${id}-title">${title}</h2>${aside ?? nothing}</div>
    ${note === undefined ? nothing : html`<p class="note">${note}</p>`}
    ${body}
  </section>`;
}
