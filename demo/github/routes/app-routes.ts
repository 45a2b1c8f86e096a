import type { Hono } from 'hono';
import { answer, documentation, type Env, forward, notFound } from '../answer.ts';
import { isObject, type JsonObject, objectAt, parseJson, textAt } from '../json.ts';
import { formatDelivery } from '../webhook-relay.ts';
import { addresses, type World } from '../world.ts';

/** What the App asks about itself: tokens, repositories, webhook deliveries; and who may do what. */
export function appRoutes(app: Hono<Env>, world: World): void {
  const { url, emulator, identities, relay } = world;
  const { repo } = addresses(world);

  app.post('/app/installations/:id/access_tokens', async (c) => {
    const response = await forward(c, world);
    const body = parseJson(await response.text());
    identities.addInstallation(body);
    return answer(c, response.status, body);
  });

  /** Installations as administrators have changed them since. */
  function asSetUp(installation: unknown): JsonObject {
    const { notAccepted, suspendedAt } = world.settings;
    const permissions = Object.entries(objectAt(installation, 'permissions'));
    return {
      ...objectAt({ installation }, 'installation'),
      permissions: Object.fromEntries(permissions.filter(([name]) => !notAccepted.includes(name))),
      suspended_at: suspendedAt,
    };
  }
  app.get('/app/installations', async (c) => {
    const response = await forward(c, world);
    const body = parseJson(await response.text());
    if (!Array.isArray(body)) return answer(c, response.status, body);
    return c.json(world.settings.isInstalled ? body.map(asSetUp) : []);
  });
  app.get('/repos/:owner/:repo/installation', async (c) => {
    const response = await forward(c, world);
    const body = parseJson(await response.text());
    if (response.status !== 200) return answer(c, response.status, body);
    return world.settings.isInstalled ? c.json(asSetUp(body)) : notFound(c);
  });

  app.get('/installation/repositories', async (c) => {
    if (c.get('caller')?.kind !== 'installation') {
      return answer(c, 403, {
        message: 'You must authenticate with an installation access token',
        ...documentation,
      });
    }
    const { status, body } = await emulator.request('GET', repo, c.get('token'));
    if (status !== 200) return answer(c, status, body);
    return c.json({ total_count: 1, repository_selection: 'selected', repositories: [body] });
  });

  app.use('/app/hook/*', async (c, next) => {
    const { status, body } = await emulator.request('GET', '/app', c.get('token'));
    return status === 200 ? next() : answer(c, status, body);
  });
  app.get('/app/hook/config', (c) =>
    c.json({
      url: relay.target() ?? '',
      content_type: 'json',
      insecure_ssl: '0',
      // GitHub never shows it.
      ...(world.settings.hasHookSecret ? { secret: '********' } : {}),
    }),
  );
  app.get('/app/hook/deliveries', (c) => {
    const perPage = Math.min(Number(c.req.query('per_page') ?? 30), 100);
    const before = Number(c.req.query('cursor') ?? Number.POSITIVE_INFINITY);
    const older = relay.deliveries.filter((delivery) => delivery.id < before).reverse();
    const last = older.slice(0, perPage).at(-1);
    if (last && older.length > perPage) {
      c.header('Link', `<${url}/app/hook/deliveries?per_page=${perPage}&cursor=${last.id}>; rel="next"`);
    }
    return c.json(older.slice(0, perPage).map(formatDelivery));
  });
  app.get('/app/hook/deliveries/:id', (c) => {
    const delivery = relay.deliveries.find((one) => one.id === Number(c.req.param('id')));
    if (!delivery) return notFound(c);
    const request = { headers: delivery.headers, payload: parseJson(delivery.body) };
    return c.json({ ...formatDelivery(delivery), request, response: { headers: {}, payload: '' } });
  });
  app.post('/app/hook/deliveries/:id/attempts', (c) =>
    relay.redeliver(Number(c.req.param('id'))) ? c.json({}, 202) : notFound(c),
  );

  /** GitHub says `write`, `read` and `none` where the emulator says `push`, `pull` and 404. */
  app.get(`${repo}/collaborators/:user/permission`, async (c) => {
    const response = await forward(c, world);
    const body = parseJson(await response.text());
    const role = textAt(body, 'role_name');
    const permission = { admin: 'admin', maintain: 'write', write: 'write' }[role] ?? 'read';
    if (response.status === 200 && isObject(body)) return c.json({ ...body, permission });
    if (response.status !== 404) return answer(c, response.status, body);
    const login = c.req.param('user');
    const user = await emulator.request('GET', `/users/${encodeURIComponent(login)}`, emulator.ownToken);
    if (user.status !== 200) return answer(c, 404, { message: `${login} is not a user`, ...documentation });
    const none = world.private ? 'none' : 'read';
    return c.json({ permission: none, role_name: none, user: user.body });
  });
}
