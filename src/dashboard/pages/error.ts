import { html } from 'hono/html';
import type { Page } from '../layout.ts';

/** Said also of what is there and not for this viewer: whoever may not see it does not learn that it exists. */
export const notFoundPage: Page = {
  title: 'Not found',
  path: '',
  status: 404,
  body: html`<p class="lead">There is no such page, or it is not for you to see.</p>
    <p>The address may be mistyped, what it names may have been forgotten, or you may have no access to its repository on GitHub.</p>
    <p><a class="button" href="/">To the overview</a></p>`,
};

export const failedPage: Page = {
  title: 'Something went wrong',
  path: '',
  status: 500,
  body: html`<p class="lead">Dexter failed to show this page.</p>
    <p>Nothing was changed by looking. The log of the app tells why; trying again may help.</p>
    <p><a class="button" href="/">To the overview</a></p>`,
};
