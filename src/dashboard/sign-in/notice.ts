import type { Context } from 'hono';
import { html } from 'hono/html';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { styleSheet } from '../assets.ts';
import type { Html } from '../layout.ts';

export interface Notice {
  title: string;
  /** Paragraphs. */
  says: readonly (string | Html)[];
  form?: Html | undefined;
  /** What to do next. */
  link?: { to: string; text: string } | undefined;
}

/** A page for somebody of whom nothing is known, or who may see nothing: it holds no data. */
export function notice(c: Context, status: ContentfulStatusCode, { title, says, form, link }: Notice) {
  c.header('cache-control', 'no-store');
  const page = html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>${title} · Dexter</title>
    <link rel="stylesheet" href="${styleSheet.path}">
  </head>
  <body class="notice">
    <main>
      <h1>${title}</h1>
      ${says.map((paragraph) => html`<p>${paragraph}</p>`)}
      ${form ?? ''}
      ${link ? html`<p><a class="button" href="${link.to}">${link.text}</a></p>` : ''}
    </main>
  </body>
</html>`;
  return c.html(page, status);
}

/** Whether who asks would show a page: a browser at an address, not a script. */
export function wantsPage(c: Context): boolean {
  return /\btext\/html\b/.test(c.req.header('accept') ?? '');
}
