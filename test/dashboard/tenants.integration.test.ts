import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formTokens } from '../../src/dashboard/actions/form-tokens.ts';
import { purposes } from '../../src/dashboard/actions/forms.ts';
import { startWorld, type World } from '../app/world.ts';
import { type Browser, openBrowser, type Page } from './browser.ts';
import { insertTenant, type Tenant, tenant } from './tenants.ts';

const alpha = tenant('alphamark', 5001, 910_001);
/** Of the one repository that the simulated GitHub has, so that what is asked for there could be done. */
const beta = tenant('betamark', 5001, 0);
/** Ids that nobody has. */
const nowhere = tenant('nomark', 5003, 910_003);

/** How a route keeps tenants apart. */
type Line =
  /** For everybody, and nothing of a tenant is in it. */
  | { kind: 'public'; path: string }
  /** Asks for a secret of its own; a person who signed in is nobody there. */
  | { kind: 'own secret'; path: string }
  /** Shows each viewer what is theirs. */
  | { kind: 'list'; path: string }
  /** Says that something of the viewer's has changed, and not what. */
  | { kind: 'events'; path: string }
  /** Shows one thing of a tenant. */
  | { kind: 'one'; path: (tenant: Tenant) => string }
  /** Does something for a tenant. */
  | {
      kind: 'act';
      path: string;
      fields: (tenant: Tenant) => Record<string, string>;
      /** What the token of the form is for. */
      purpose: (tenant: Tenant) => string;
    }
  /** Not there for people who are no administrators. */
  | { kind: 'administrators'; path: string };

/** Every route of the app. A new one gets its line here. */
const table: Record<string, Line> = {
  'GET /healthz': { kind: 'public', path: '/healthz' },
  'GET /readyz': { kind: 'public', path: '/readyz' },
  'GET /sign-in': { kind: 'public', path: '/sign-in' },
  'GET /sign-in/github': { kind: 'public', path: '/sign-in/github' },
  'GET /sign-in/callback': { kind: 'public', path: '/sign-in/callback' },
  'POST /sign-out': { kind: 'public', path: '/sign-out' },
  'POST /': { kind: 'own secret', path: '/' },
  'POST /api/github/webhooks': { kind: 'own secret', path: '/api/github/webhooks' },
  'GET /metrics': { kind: 'own secret', path: '/metrics' },
  'GET /metrics/cache': { kind: 'own secret', path: '/metrics/cache' },
  'POST /jira/:connection': { kind: 'own secret', path: '/jira/acme' },
  'GET /api/commands': { kind: 'own secret', path: '/api/commands' },
  'GET /api/commands/:meant': { kind: 'own secret', path: `/api/commands/${beta.ended}` },
  'GET /api/status': { kind: 'own secret', path: '/api/status' },
  'GET /api/costs': { kind: 'own secret', path: '/api/costs?by=repository' },
  'GET /api/costs/:issueKey': { kind: 'own secret', path: `/api/costs/${beta.issueKey}` },
  'POST /api/commands/:id/claim': { kind: 'own secret', path: `/api/commands/${beta.open}/claim` },
  'POST /api/commands/:id/heartbeat': { kind: 'own secret', path: `/api/commands/${beta.open}/heartbeat` },
  'POST /api/commands/:id/report': { kind: 'own secret', path: `/api/commands/${beta.open}/report` },
  'POST /api/commands/:id/attachments/:attachment': {
    kind: 'own secret',
    path: `/api/commands/${beta.open}/attachments/1`,
  },
  'GET /': { kind: 'list', path: '/' },
  'GET /commands': { kind: 'list', path: `/commands?q=${alpha.issueKey}` },
  'GET /commands/:id': { kind: 'one', path: ({ ended }) => `/commands/${ended}` },
  'GET /issues/:repositoryId/:issueKey': {
    kind: 'one',
    path: ({ repository, issueKey }) => `/issues/${repository.id}/${issueKey}`,
  },
  'GET /sessions': { kind: 'list', path: '/sessions' },
  'GET /repositories': { kind: 'list', path: '/repositories' },
  'GET /settings': { kind: 'administrators', path: '/settings' },
  'GET /events': { kind: 'events', path: '/events' },
  'GET /audit': { kind: 'administrators', path: '/audit' },
  'GET /actions/ask': { kind: 'list', path: '/actions/ask' },
  'GET /actions/forget': {
    kind: 'one',
    path: ({ repository, issueKey }) => `/actions/forget?repository=${repository.id}&issue=${issueKey}`,
  },
  'POST /actions/ask': {
    kind: 'act',
    path: '/actions/ask',
    fields: ({ repository: { owner, name }, issueKey }) => ({
      repository: `${owner}/${name}`,
      issue: issueKey,
      text: 'add tests',
    }),
    purpose: purposes.ask,
  },
  'POST /actions/retry': {
    kind: 'act',
    path: '/actions/retry',
    fields: ({ ended }) => ({ command: ended }),
    purpose: ({ ended }) => purposes.retry(ended),
  },
  'POST /actions/stop': onIssue('stop'),
  'POST /actions/forget': onIssue('forget'),
};

function onIssue(word: 'stop' | 'forget'): Line {
  return {
    kind: 'act',
    path: `/actions/${word}`,
    fields: ({ repository, issueKey }) => ({ repository: String(repository.id), issue: issueKey }),
    purpose: ({ repository, issueKey }) => purposes[word]({ repositoryId: repository.id, issueKey }),
  };
}

let world: World;
let rob: Browser;
let guest: Browser;
let maria: Browser;

/** rob has access to the repository of alpha, guest to that of beta; maria is an administrator. */
beforeAll(async () => {
  world = await startWorld({
    dashboard: { mode: 'on', administrators: ['maria'] },
    async seed(db, github) {
      Object.assign(beta.repository, github.repository);
      await insertTenant(db, alpha);
      await insertTenant(db, beta);
    },
  });
  const { settings } = world.github;
  settings.access.set('rob', 'none');
  settings.elsewhere = [
    elsewhere(alpha, { rob: 'read', guest: 'none' }),
    // Somebody else's app, which rob uses as well.
    { ...elsewhere({ ...beta, installationId: 5009 }, { rob: 'admin' }), appId: 1 },
  ];
  [rob, guest, maria] = [openBrowser(world), openBrowser(world), openBrowser(world)];
  await rob.signIn('rob');
  await guest.signIn('guest');
  await maria.signIn('maria');
});

afterAll(() => world.close());

function elsewhere(
  { installationId, repository }: Tenant,
  people: Record<string, 'admin' | 'read' | 'none'>,
) {
  const { id, owner, name } = repository;
  return { id: installationId, account: owner, repositories: [{ id, name, private: true, people }] };
}

/** What of a tenant stands in an answer. */
function tracesOf({ mark, sessionId, ended, open }: Tenant, { text, headers }: Page): string[] {
  const all = `${text}\n${JSON.stringify([...headers])}`;
  return [mark, sessionId, ended, open].filter((trace) => all.includes(trace));
}

/** Without what was asked for itself: one may read again what one wrote. */
function withoutIds(text: string, asked: Tenant): string {
  const { ended, open, sessionId, mark, repository } = asked;
  const ids = [`${repository.owner}/${repository.name}`, ended, open, sessionId, mark];
  const without = ids.reduce((rest, id) => rest.replaceAll(id, '…'), text);
  return without.replaceAll(/"token" value="[^"]*"/g, '').replaceAll(`value="${repository.id}"`, '');
}

/** Sends a form as the page of somebody would, for whom its token was made. */
async function act(login: string, browser: Browser, line: Extract<Line, { kind: 'act' }>, asked: Tenant) {
  const { data } = await world.github.as(login).rest.users.getAuthenticated();
  const viewer = { id: data.id, name: login, scope: [], isAdministrator: false };
  const token = formTokens(world.github.app.webhookSecret).make(viewer, line.purpose(asked));
  const response = await fetch(world.url + line.path, {
    method: 'POST',
    redirect: 'manual',
    headers: {
      accept: 'text/html',
      'sec-fetch-site': 'same-origin',
      origin: world.url,
      cookie: [...browser.jar()].map(([name, value]) => `${name}=${value}`).join('; '),
    },
    body: new URLSearchParams({ ...line.fields(asked), token }),
  });
  return { status: response.status, text: withoutIds(await response.text(), asked) };
}

const lines = Object.entries(table);
const of = <K extends Line['kind']>(kind: K) =>
  lines.filter((line): line is [string, Extract<Line, { kind: K }>] => line[1].kind === kind);
const needingViewer = lines.filter(
  ([, { kind }]) => kind === 'list' || kind === 'events' || kind === 'one' || kind === 'administrators',
);
const pathOf = ({ path }: Line) => (typeof path === 'string' ? path : path(beta));

describe('every route of the app', () => {
  it('has a line above that says how it keeps tenants apart', () => {
    const routes = world
      .routes()
      .filter(({ method, path }) => method !== 'ALL' && !path.endsWith('*') && !path.startsWith('/assets/'))
      .map(({ method, path }) => `${method} ${path}`);
    expect([...new Set(routes)].toSorted()).toEqual(Object.keys(table).toSorted());
  });

  it.each(of('public'))('tells everybody the same: %s', async (route, { path }) => {
    const page = await openBrowser(world).go(path, { method: route.split(' ')[0] ?? '' });
    expect([...tracesOf(alpha, page), ...tracesOf(beta, page)]).toEqual([]);
  });

  it.each(of('own secret'))('is closed to people who signed in: %s', async (route, { path }) => {
    const [method] = route.split(' ');
    for (const browser of [openBrowser(world), rob, maria]) {
      // Metrics are open to this machine.
      const headers = { 'x-forwarded-for': '10.0.0.7' };
      const page = await browser.go(path, { method: method ?? 'GET', headers });
      expect(page.status).toBeGreaterThanOrEqual(400);
      expect(page.status).toBeLessThan(500);
      expect([...tracesOf(alpha, page), ...tracesOf(beta, page)]).toEqual([]);
    }
  });

  it.each(needingViewer)('asks who it is: %s', async (_, line) => {
    const asked = async (accept: string) =>
      fetch(`${world.url}${pathOf(line)}`, { headers: { accept }, redirect: 'manual' });
    const page = await asked('text/html');
    expect(page.status).toBe(302);
    expect(page.headers.get('location')).toMatch(/^\/sign-in\?to=/);
    expect((await asked('application/json')).status).toBe(401);
  });

  it.each(of('list'))('shows each viewer what is theirs: %s', async (_, { path }) => {
    const [of1, of2, ofAll] = [await rob.go(path), await guest.go(path), await maria.go(path)];
    for (const page of [of1, of2, ofAll]) expect(page.status).toBe(200);
    expect(tracesOf(alpha, of1)).not.toEqual([]);
    expect(tracesOf(beta, of1)).toEqual([]);
    expect(tracesOf(alpha, of2)).toEqual([]);
  });

  it.each(of('events'))('says nothing but that something changed: %s', async (_, { path }) => {
    const cookie = [...rob.jar()].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(world.url + path, { headers: { cookie, accept: 'text/event-stream' } });
    expect(response.status).toBe(200);
    const reader = response.body?.getReader();
    const { value } = (await reader?.read()) ?? {};
    await reader?.cancel();
    expect(Buffer.from(value ?? []).toString()).toMatch(/^(?:: [a-z ]*|event: change|data: ?|\s)*$/);
  });

  it.each(of('one'))('knows nothing of what is not for this viewer: %s', async (_, { path }) => {
    expect((await rob.go(path(alpha))).status).toBe(200);
    expect((await guest.go(path(beta))).status).toBe(200);
    expect((await maria.go(path(beta))).status).toBe(200);
    const [other, none] = [await rob.go(path(beta)), await rob.go(path(nowhere))];
    expect([other.status, none.status]).toEqual([404, 404]);
    expect(withoutIds(other.text, beta)).toBe(withoutIds(none.text, nowhere));
  });

  it.each(of('act'))('does nothing for somebody else: %s', async (_, line) => {
    const ids = async () => (await world.commands()).map(({ id }) => id).toSorted();
    const before = await ids();
    const [other, none] = [await act('rob', rob, line, beta), await act('rob', rob, line, nowhere)];
    expect([other.status, none.status]).toEqual([404, 404]);
    expect(other.text).toBe(none.text);
    expect(await ids()).toEqual(before);
    const anonymous = await act('rob', openBrowser(world), line, beta);
    expect(anonymous.status).toBe(401);
    // Who may only read it sees it, and has nothing done.
    expect((await act('guest', guest, line, beta)).status).toBe(403);
    expect(await ids()).toEqual(before);
    expect((await act('maria', maria, line, beta)).status).toBe(303);
  });

  it.each(of('administrators'))('is not there for others: %s', async (_, { path }) => {
    const page = await rob.go(path);
    expect(page.status).toBe(404);
    expect([...tracesOf(alpha, page), ...tracesOf(beta, page)]).toEqual([]);
    expect((await maria.go(path)).status).toBe(200);
  });
});
