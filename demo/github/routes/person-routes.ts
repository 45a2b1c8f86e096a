import type { Context, Hono } from 'hono';
import { answer, documentation, type Env, notFound } from '../answer.ts';
import type { JsonObject } from '../json.ts';
import { isObject } from '../json.ts';
import type { Role } from '../people.ts';
import { addresses, type World } from '../world.ts';

/** An installation of the App, with what a person was given in each of its repositories. */
interface Accessible {
  installation: JsonObject & { id: number };
  repositories: { body: JsonObject; role: Role }[];
}

/** What a person who signed in to the App may see of its installations. */
export function personRoutes(app: Hono<Env>, world: World): void {
  const { emulator, installation, owner, people, settings } = world;
  const { repo } = addresses(world);

  /** Explicit access alone: a public repository that anybody may read is not listed. */
  async function accessible(login: string): Promise<Accessible[]> {
    const { body } = await emulator.request('GET', repo, emulator.ownToken);
    const role = settings.access.get(login) ?? people.find((person) => person.login === login)?.role;
    const common = { app_id: installation.appId, app_slug: installation.slug };
    const own = {
      installation: {
        ...common,
        id: installation.id,
        account: { login: owner },
        suspended_at: settings.suspendedAt,
      },
      repositories: role && role !== 'none' && isObject(body) ? [{ body, role }] : [],
    };
    const others = settings.elsewhere.map(({ id, account, repositories, appId = installation.appId }) => ({
      installation: { ...common, app_id: appId, id, account: { login: account }, suspended_at: null },
      repositories: repositories.flatMap(({ people: given, ...named }) => {
        const theirs = given[login];
        if (theirs === undefined || theirs === 'none') return [];
        const shown = { ...named, full_name: `${account}/${named.name}`, owner: { login: account } };
        return [{ body: shown, role: theirs }];
      }),
    }));
    return [...(settings.isInstalled ? [own] : []), ...others].filter(
      ({ repositories }) => repositories.length > 0,
    );
  }

  function asPerson(c: Context<Env>): string | Response {
    const caller = c.get('caller');
    if (caller?.kind === 'person' && caller.isByApp) return caller.login;
    return answer(c, 403, {
      message:
        'You must authenticate with an access token authorized to a GitHub App in order to list installations',
      ...documentation,
    });
  }

  app.get('/user/installations', async (c) => {
    const login = asPerson(c);
    if (typeof login !== 'string') return login;
    const all = await accessible(login);
    const installations = pageOf(c, all).map((one) => one.installation);
    return c.json({ total_count: all.length, installations });
  });

  app.get('/user/installations/:id/repositories', async (c) => {
    const login = asPerson(c);
    if (typeof login !== 'string') return login;
    const found = (await accessible(login)).find((one) => one.installation.id === Number(c.req.param('id')));
    if (!found) return notFound(c);
    const repositories = pageOf(c, found.repositories).map(({ body, role }) => ({
      ...body,
      permissions: permissionsOf(role),
    }));
    return c.json({ total_count: found.repositories.length, repositories });
  });
}

function permissionsOf(role: Role): Record<string, boolean> {
  const isAdmin = role === 'admin';
  const isWriter = isAdmin || role === 'write';
  return { admin: isAdmin, maintain: isAdmin, push: isWriter, triage: isWriter, pull: role !== 'none' };
}

function pageOf<T>(c: Context<Env>, all: T[]): T[] {
  const perPage = Math.min(Math.max(Number(c.req.query('per_page') ?? 30), 1), 100);
  const number = Math.max(Number(c.req.query('page') ?? 1), 1);
  return all.slice((number - 1) * perPage, number * perPage);
}
