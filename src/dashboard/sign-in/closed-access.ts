import { html } from 'hono/html';
import type { Access } from './access.ts';
import { notice } from './notice.ts';

/** Nobody can sign in as long as the app's own OAuth client is not named. */
export function closedAccess(): Access {
  return {
    viewerOf: async (c) =>
      c.req.path === '/'
        ? notice(c, 200, {
            title: 'Dexter is running',
            says: [
              html`Its dashboard is not set up: set <code>GITHUB_CLIENT_ID</code> and <code>GITHUB_CLIENT_SECRET</code> to the client id and a client secret of the GitHub App, and start Dexter again. The app's settings on GitHub have both; <code>docs/install.md</code> says more.`,
              html`<code>/healthz</code> and <code>/readyz</code> are for probes.`,
            ],
          })
        : notice(c, 404, {
            title: 'Nothing here',
            says: [
              html`If you look for the dashboard: nobody can sign in as long as <code>GITHUB_CLIENT_ID</code> and <code>GITHUB_CLIENT_SECRET</code> are not set.`,
            ],
          }),
  };
}
