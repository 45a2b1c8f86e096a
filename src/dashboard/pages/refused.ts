import { html } from 'hono/html';
import type { Page } from '../layout.ts';
import { line } from '../parts/untrusted.ts';

/** Said where an address asks for something that there is not. */
export function refusedPage(path: string, back: string, problems: readonly string[]): Page {
  return {
    title: 'That cannot be shown',
    path,
    status: 400,
    trail: [{ href: path, text: back }],
    body: html`<div class="message bad" role="alert">
      <p>The address asks for something that is not understood:</p>
      <ul>${problems.map((problem) => html`<li>${line(problem)}</li>`)}</ul>
    </div>
    <p><a class="button" href="${path}">${back}</a></p>`,
  };
}
