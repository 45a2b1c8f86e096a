import { type Context, Hono } from 'hono';
import { type CurrentAlert, currentAlerts } from '../alerts/current-alerts.ts';
import type { Viewer } from '../core/viewer.ts';
import type { Services } from '../jobs/services.ts';
import { repositoryFigures } from '../ledger/repository-figures.ts';
import type { FormTokens } from './actions/form-tokens.ts';
import { actionForms } from './actions/forms.ts';
import { actionRoutes } from './actions/routes.ts';
import { assetRoutes } from './assets.ts';
import { startOfLastDays } from './days.ts';
import { kept } from './kept.ts';
import { layout, type Page } from './layout.ts';
import type { Changes } from './live/changes.ts';
import { eventRoutes } from './live/routes.ts';
import { daysShown, monthFigures } from './month-figures.ts';
import { auditPage } from './pages/audit.ts';
import { commandPage } from './pages/command.ts';
import { commandsPage } from './pages/commands.ts';
import { failedPage, notFoundPage } from './pages/error.ts';
import { issuePage } from './pages/issue.ts';
import { overviewPage } from './pages/overview.ts';
import { repositoriesPage } from './pages/repositories.ts';
import { sessionsPage } from './pages/sessions.ts';
import { type AppState, settingsPage } from './pages/settings.ts';
import type { Access } from './sign-in/access.ts';

export interface DashboardOptions extends Access {
  services: Services;
  /** What the forms of the pages carry. */
  formTokens: FormTokens;
  /** What pages that are open hear. */
  changes: Changes;
  /** What administrators are shown of the app itself; absent where there is no such page. */
  app?: AppState;
}

/** What every handler of a page finds in its context. */
export interface DashboardEnv {
  Variables: { viewer: Viewer };
}

/** Everything of the dashboard needs a viewer, but for what the pages are drawn with. */
export function dashboardRoutes(options: DashboardOptions): Hono {
  const { services, viewerOf, formTokens, changes } = options;
  const { db, log } = services;
  const onError = (error: unknown) => log.warn({ err: error }, 'sums of the dashboard could not be renewed');
  const monthOf = kept((scope) => monthFigures(db, scope, new Date()), { onError });
  const repositoriesOf = kept(
    (scope) => repositoryFigures(db, scope, { since: startOfLastDays(new Date(), daysShown) }),
    { onError },
  );
  const routes = new Hono();
  routes.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(pageHeaders)) c.header(name, value);
  });
  routes.route('/', assetRoutes());
  if (options.routes) routes.route('/', options.routes);
  const pages = new Hono<DashboardEnv>();
  pages.use(async (c, next) => {
    const viewer = await viewerOf(c);
    if (viewer instanceof Response) return viewer;
    c.set('viewer', viewer);
    c.header('cache-control', 'no-store');
    return next();
  });
  const alertsFor = (c: Context<DashboardEnv>) => currentAlerts(db, c.var.viewer.scope);
  /** `alerts` where the page itself needed them. */
  const show = async (c: Context<DashboardEnv>, page: Page, alerts?: readonly CurrentAlert[]) =>
    showPage(options, c, page, alerts ?? (await alertsFor(c)));
  pages.get('/', async (c) => {
    const { viewer } = c.var;
    const [month, alerts] = await Promise.all([monthOf(viewer.scope), alertsFor(c)]);
    return show(c, await overviewPage({ services, viewer, month, alerts, now: new Date() }), alerts);
  });
  pages.get('/repositories', async (c) =>
    show(c, repositoriesPage(services, await repositoriesOf(c.var.viewer.scope))),
  );
  const forms = actionForms(formTokens);
  pages.get('/commands', async (c) => show(c, await commandsPage(services, c.var.viewer, c.req.queries())));
  pages.get('/commands/:id', async (c) =>
    show(c, await commandPage(services, c.var.viewer, c.req.param('id'), forms)),
  );
  pages.get('/issues/:repositoryId/:issueKey', async (c) =>
    show(c, await issuePage(services, c.var.viewer, c.req.param(), forms)),
  );
  pages.get('/sessions', async (c) =>
    show(c, await sessionsPage(services, c.var.viewer, c.req.queries(), forms)),
  );
  pages.route(
    '/',
    actionRoutes({
      services,
      tokens: formTokens,
      forms,
      show: (c, page, status) => show(c, { ...page, status }),
    }),
  );
  pages.get('/settings', async (c, next) => {
    if (!c.var.viewer.isAdministrator || !options.app) return next();
    const alerts = await alertsFor(c);
    return show(c, await settingsPage(services, options.app, alerts), alerts);
  });
  pages.get('/audit', async (c, next) => {
    if (!c.var.viewer.isAdministrator) return next();
    return show(c, await auditPage(services, c.req.queries()));
  });
  pages.route('/', eventRoutes(changes));
  // Programs that ask for something else get what they get everywhere in the app.
  pages.get('*', async (c, next) => (wantsPage(c) ? show(c, notFoundPage) : next()));
  pages.onError(async (error, c) => {
    if (c.req.raw.signal.aborted || !wantsPage(c) || c.var.viewer === undefined) throw error;
    services.log.error({ err: error, path: c.req.path }, 'request failed');
    return c.html(layout({ viewer: c.var.viewer, isLive: false }, failedPage), 500);
  });
  routes.route('/', pages);
  return routes;
}

/** A page in the frame of whoever asks. */
function showPage(
  { signOut }: DashboardOptions,
  c: Context<DashboardEnv>,
  page: Page,
  alerts: readonly CurrentAlert[],
): Response | Promise<Response> {
  const { viewer } = c.var;
  const status = page.status ?? 200;
  const frame = {
    viewer,
    alerts,
    ...(signOut ? { signOut: signOut(viewer) } : {}),
    isLive: status === 200,
  };
  return c.html(layout(frame, page), status);
}

function wantsPage(c: Context): boolean {
  return (c.req.header('accept') ?? '').includes('text/html');
}

/** Nothing but what the app itself serves; nothing inline, so that text which gets into a page stays text. */
const pageHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};
