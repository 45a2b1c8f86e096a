import type { Context } from 'hono';
import { html } from 'hono/html';
import type { Html } from '../layout.ts';
import { notice, wantsPage } from './notice.ts';
import { returnPath } from './return-path.ts';

type Answered = Response | Promise<Response>;

/** The path that was asked for. */
export function here(c: Context): string {
  const { pathname, search } = new URL(c.req.url);
  return returnPath(`${pathname}${search}`);
}

/** A browser is led to the page for it and back; a script, and whoever wanted to change something, is told. */
export function askToSignIn(c: Context): Answered {
  c.header('cache-control', 'no-store');
  const isReading = c.req.method === 'GET' || c.req.method === 'HEAD';
  if (isReading && wantsPage(c)) return c.redirect(`/sign-in?${new URLSearchParams({ to: here(c) })}`);
  if (!wantsPage(c)) return c.json({ error: 'Sign in first.' }, 401);
  return notice(c, 401, {
    title: 'You are signed out',
    says: ['Nothing was done. Sign in, and do it again.'],
    link: { to: '/sign-in', text: 'Sign in' },
  });
}

export function failed(
  c: Context,
  status: 400 | 403 | 500,
  to: string,
  says: readonly (string | Html)[],
): Answered {
  return notice(c, status, {
    title: 'You are not signed in',
    says,
    link: { to: `/sign-in?${new URLSearchParams({ to })}`, text: 'Try again' },
  });
}

/** Nothing is shown that GitHub did not just say may be shown. */
export function noAnswer(c: Context, to: string): Answered {
  c.header('retry-after', '10');
  if (!wantsPage(c)) return c.json({ error: 'GitHub does not say what you may see. Try again later.' }, 503);
  return notice(c, 503, {
    title: 'GitHub does not answer',
    says: [
      'Dexter asks GitHub what you may see, and got no answer that it can use. Nothing is wrong with your sign-in.',
    ],
    link: { to, text: 'Try again' },
  });
}

/** https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-authorization-request-errors */
export function whyRefused(said: string): string | Html {
  switch (said) {
    case 'access_denied':
      return 'You did not agree on GitHub. Nothing of you is known here.';
    case 'bad_verification_code':
      return 'What GitHub gave you was used before, or is too old.';
    case 'redirect_uri_mismatch':
      return html`The app's settings on GitHub name another callback URL than <code>&lt;DEXTER_URL&gt;/sign-in/callback</code>: tell your administrator.`;
    case 'incorrect_client_credentials':
      return 'GitHub knows no such client id with that client secret: tell your administrator, who finds both in the settings of the app.';
    case 'application_suspended':
      return 'The app is suspended on GitHub: tell your administrator.';
    default:
      return html`GitHub says: <code>${said.slice(0, 100)}</code>`;
  }
}
