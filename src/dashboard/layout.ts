import { html } from 'hono/html';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { CurrentAlert } from '../alerts/current-alerts.ts';
import type { Viewer } from '../core/viewer.ts';
import { liveScript, styleSheet } from './assets.ts';
import { type Html, nothing } from './html.ts';
import { alertStrip } from './parts/alert-strip.ts';
import { version } from './version.ts';

export type { Html } from './html.ts';

export interface Page {
  /** Names the page above it, and in the tab unless `tab` does. */
  title: string;
  /** Says in the tab how things stand: it is what one hears first when the page opens, as after an action. */
  tab?: string;
  /** Address that stands in the menu for it. */
  path: string;
  body: Html;
  /** Where the page stands below its menu entry: links that lead back to it. */
  trail?: readonly { href: string; text: string }[];
  /** Beside the title: a badge, or what can be done here. */
  aside?: Html;
  /** 404 for a page that says that there is none. */
  status?: ContentfulStatusCode;
}

/** What is around every page. */
export interface Frame {
  viewer: Viewer;
  /** Alerts that hold now, for those who may see them. */
  alerts?: readonly CurrentAlert[];
  /** A form that ends the viewer's session; absent where nobody signed in. */
  signOut?: Html;
  /** Whether the page may listen for changes. */
  isLive?: boolean;
}

const menu: readonly { path: string; text: string; forAdministrators?: boolean }[] = [
  { path: '/', text: 'Overview' },
  { path: '/commands', text: 'Commands' },
  { path: '/sessions', text: 'Sessions' },
  { path: '/repositories', text: 'Repositories' },
  { path: '/settings', text: 'Settings', forAdministrators: true },
];

/** A whole page around its own part. */
export function layout(
  frame: Frame,
  { title, tab = title, path, body, trail = [], aside = nothing }: Page,
): Html {
  const { viewer, alerts = [], signOut = nothing, isLive = true } = frame;
  const entries = menu.filter(({ forAdministrators }) => !forAdministrators || viewer.isAdministrator);
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${tab} · Dexter</title>
    <link rel="icon" href="${icon}">
    <link rel="stylesheet" href="${styleSheet.path}">
    ${isLive ? html`<script type="module" src="${liveScript.path}"></script>` : ''}
  </head>
  <body>
    <a class="skip" href="#main">Skip to the content</a>
    <header class="top">
      <div class="bar">
        <a class="brand" href="/">${mark}Dexter</a>
        <nav aria-label="Main"><ul>
          ${entries.map((entry) => html`<li><a href="${entry.path}"${current(entry.path, path, trail.length > 0)}>${entry.text}</a></li>`)}
        </ul></nav>
        <div class="viewer"><span class="name">${viewer.name}</span>${signOut}</div>
      </div>
    </header>
    ${alertStrip(alerts)}
    <main id="main" tabindex="-1">
      <div class="head">
        ${trail.length === 0 ? '' : html`<nav class="trail" aria-label="Way back"><ol>${trail.map(({ href, text }) => html`<li><a href="${href}">${text}</a></li>`)}</ol></nav>`}
        <div class="title"><h1>${title}</h1>${aside}</div>
      </div>
      ${body}
    </main>
    <footer class="foot">
      <p>Dexter ${version} · all times are UTC</p>
      <p id="live" class="live" hidden></p>
      <p id="news" class="hidden" role="status"></p>
    </footer>
  </body>
</html>`;
}

/** `page` for the entry itself, `true` for what stands below it. */
function current(entry: string, path: string, isBelow: boolean): Html {
  if (entry !== path) return nothing;
  return isBelow ? html` aria-current="true"` : html` aria-current="page"`;
}

const mark = html`<svg class="mark" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true"><path d="M4 2h5.5a8 8 0 0 1 0 16H4a1.5 1.5 0 0 1-1.5-1.5v-13A1.5 1.5 0 0 1 4 2Z"/><circle cx="9.5" cy="10" r="3"/></svg>`;

const icon = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20"><path fill="#0f766e" d="M4 2h5.5a8 8 0 0 1 0 16H4a1.5 1.5 0 0 1-1.5-1.5v-13A1.5 1.5 0 0 1 4 2Z"/><circle cx="9.5" cy="10" r="3" fill="#fff"/></svg>',
)}`;
