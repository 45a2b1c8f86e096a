import { html } from 'hono/html';

/** What `html` makes: values in it are escaped unless they are themselves of this kind. */
export type Html = ReturnType<typeof html>;

/** What may stand where text is expected: Html as it is, everything else as text. */
export type Text = Html | string | number;

export const nothing = html``;
