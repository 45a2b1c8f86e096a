import { html } from 'hono/html';
import type { Html } from '../html.ts';

/** What turns the direction of text around, hides it, or steers a terminal; line breaks and tabs are left. */
const unseen =
  /[\p{Cc}\p{Bidi_Control}\u00ad\u200b-\u200d\u2060-\u2064\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Text of strangers with everything in it to be seen: what would act on the text around it is named instead. */
export function visible(text: string): string {
  return text
    .toWellFormed()
    .replaceAll('\r\n', '\n')
    .replaceAll(unseen, (character) =>
      character === '\n' || character === '\t' || isJoiner(character)
        ? character
        : `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`,
    );
}

/** Emoji and several scripts are written with it. */
function isJoiner(character: string): boolean {
  return character === '\u200d' || character === '\u200c';
}

/** On one line, cut to a length, in a direction of its own. */
export function line(text: string, most?: number): Html {
  return html`<bdi>${lineOf(text, most)}</bdi>`;
}

/** The same where no element can stand: in an attribute, or in the name of the page. */
export function lineOf(text: string, most = 200): string {
  const flat = visible(text).replaceAll(/\s+/g, ' ').trim();
  return flat.length > most ? `${flat.slice(0, most - 1).toWellFormed()}…` : flat;
}

/** As it is, in lines. The keyboard can move what is wider or longer than there is room for. */
export function block(text: string): Html {
  return html`<pre dir="auto" tabindex="0">${visible(text)}</pre>`;
}

/** The same, to be opened. */
export function folded(summary: Html | string, text: string): Html {
  return html`<details><summary>${summary}</summary>${block(text)}</details>`;
}
