import type { Context, Hono } from 'hono';
import { answer, documentation, type Env, notFound } from '../answer.ts';
import { mayRead } from '../identities.ts';
import { objectAt, textAt } from '../json.ts';
import type { SimulatedRunner } from '../settings.ts';
import { hasFile } from '../workflow-runs.ts';
import { addresses, type World } from '../world.ts';

/** What is set up for Actions: the state of workflows, permissions, names of secrets, runners. */
export function settingsRoutes(app: Hono<Env>, world: World): void {
  const { settings, directory, emulator, owner, name } = world;
  const { repo, repositoryUrl, htmlUrl } = addresses(world);

  app.get(`${repo}/actions/workflows/:file`, async (c) => {
    const caller = c.get('caller');
    const file = c.req.param('file');
    const path = `.github/workflows/${file}`;
    if (!caller || !mayRead(caller, 'actions') || !(await hasFile(directory, 'main', path)))
      return notFound(c);
    return c.json({
      id: 7001,
      name: file,
      path,
      state: settings.workflowStates.get(file) ?? 'active',
      url: `${repositoryUrl}/actions/workflows/7001`,
      html_url: `${htmlUrl}/blob/main/${path}`,
    });
  });

  app.get(`${repo}/actions/permissions`, (c) =>
    asAdministrator(c, 'administration', () =>
      c.json({
        enabled: settings.actionsEnabled,
        ...(settings.actionsEnabled ? { allowed_actions: 'all' } : {}),
      }),
    ),
  );
  app.get(`${repo}/actions/secrets`, (c) =>
    asAdministrator(c, 'secrets', () => c.json(secretList(settings.secrets.own))),
  );
  app.get(`${repo}/actions/organization-secrets`, (c) =>
    asAdministrator(c, 'secrets', () => c.json(secretList(settings.secrets.shared))),
  );
  app.get(`${repo}/actions/runners`, (c) =>
    asAdministrator(c, 'administration', () => c.json(runnerList(settings.runners.own))),
  );
  app.get(`/orgs/${owner}/actions/runners`, (c) =>
    asAdministrator(c, 'organization_self_hosted_runners', () => c.json(runnerList(settings.runners.shared))),
  );

  /** An installation needs the permission; of people, only those whom the repository has as its administrators. */
  async function asAdministrator(c: Context<Env>, permission: string, respond: () => Response) {
    const caller = c.get('caller');
    if (!caller) return notFound(c);
    if (caller.kind === 'installation') {
      return mayRead(caller, permission) ? respond() : refused(c, 'Resource not accessible by integration');
    }
    const path = `/repos/${owner}/${name}/collaborators/${caller.login}/permission`;
    const { body } = await emulator.request('GET', path, emulator.ownToken);
    const role = textAt(body, 'role_name') || textAt(objectAt(body, 'user'), 'role_name');
    return role === 'admin' ? respond() : refused(c, 'Must have admin rights to Repository.');
  }
}

function refused(c: Context<Env>, message: string): Response {
  return answer(c, 403, { message, ...documentation, status: '403' });
}

function secretList(names: string[]) {
  const at = '2026-01-05T09:00:00Z';
  return {
    total_count: names.length,
    secrets: names.map((name) => ({ name, created_at: at, updated_at: at })),
  };
}

function runnerList(runners: SimulatedRunner[]) {
  return {
    total_count: runners.length,
    runners: runners.map(({ name, status, labels }, index) => ({
      id: index + 1,
      name,
      os: 'linux',
      status,
      busy: false,
      labels: labels.map((label, at) => ({
        id: at + 1,
        name: label,
        type: ['self-hosted', 'linux', 'x64'].includes(label.toLowerCase()) ? 'read-only' : 'custom',
      })),
    })),
  };
}
