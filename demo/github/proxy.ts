import { Hono } from 'hono';
import { announce } from './announce.ts';
import { bodyOf, documentation, type Env, forbidden, forward, forwardAmended } from './answer.ts';
import { gitHost } from './git-host.ts';
import { mayWrite } from './identities.ts';
import { textAt } from './json.ts';
import { createPages } from './pages.ts';
import { actionRoutes } from './routes/action-routes.ts';
import { appRoutes } from './routes/app-routes.ts';
import { graphqlRoutes } from './routes/graphql-routes.ts';
import { oauthRoutes } from './routes/oauth-routes.ts';
import { personRoutes } from './routes/person-routes.ts';
import { pullRoutes } from './routes/pull-routes.ts';
import { reactionRoutes } from './routes/reaction-routes.ts';
import { reviewRoutes } from './routes/review-routes.ts';
import { settingsRoutes } from './routes/settings-routes.ts';
import { addresses, userOf, type World } from './world.ts';

/**
 * The one public address of the simulated GitHub: git, a few pages, and the REST API. Everything that the
 * emulator (`emulate` 0.12.2) does as GitHub does it goes through untouched. Corrected here:
 *
 * Missing in the emulator
 * - git over HTTP, and the branches and commits that are pushed (git-host.ts, mirror.ts)
 * - reactions, also in the summaries of comments and issues
 * - `GET /app/hook/config`, `GET /app/hook/deliveries[/:id]`, `POST /app/hook/deliveries/:id/attempts`
 * - `POST /pulls/:n/comments/:id/replies`; `in_reply_to` of `POST /pulls/:n/comments`
 * - `GET /installation/repositories`, `GET /user/installations[/:id/repositories]`
 * - workflows: `POST /actions/workflows/:file/dispatches` (204, or 200 with `return_run_details`), their runs and
 *   jobs, cancel, delete, and what is disabled
 * - workflows: `POST /actions/workflows/:file/dispatches` (204, or 200 with `return_run_details`), runs, cancel
 * - what administrators set up: the state of a workflow, `GET /actions/permissions`, secrets, runners
 * - runs of other workflows, their jobs and logs (actions-jobs.ts); statuses of a commit
 * - `POST /graphql`: every request is held against GitHub's published schema; what Dexter asks for is answered, any
 *   other field is null (graphql/root.ts)
 * - the webhooks `pull_request.synchronize` and `workflow_run.completed`, the review that every review comment
 *   belongs to, and the review comments that are submitted with a review
 * - `GET /issues/:n` for the number of a pull request; `issue.pull_request`
 * - `GET /users/<slug>[bot]` before the App's first write (start-github.ts makes one)
 *
 * Different in the emulator
 * - signing in by OAuth: here as a GitHub App does it, with PKCE and tokens that expire and can be revoked
 * - an unknown token acts as the first user: here 401 `Bad credentials`; basic authentication works too
 * - a pull request's head stays at the commit that it was opened with, its base is counted as one of its
 *   commits, its files are placeholders, additions and deletions are 0
 * - opening a pull request from a missing branch makes the branch; a second one from the same branch, or one
 *   without commits, is accepted: here 422 with GitHub's errors
 * - the pull request of a branch that is deleted stays open
 * - `GET /collaborators/:user/permission` says `push` and `pull` where GitHub says `write` and `read`, and 404
 *   where GitHub says `none` (or `read` when the repository is public)
 * - webhook deliveries share an id within a millisecond and lack the `X-GitHub-Hook-*` headers; the state of a
 *   review is in upper case; `performed_via_github_app` is null for the App's own comments; diff hunks are empty
 *
 * - merging a pull request works on the commits that it was opened with: here on its branches as they are
 * - an App without the permission `workflows` may make a tree that holds one: here 403
 *
 * Refused with 501, because it would be wrong: squashing, rebasing and updating pull requests by the REST API.
 */
export function createProxy(world: World): Hono<Env> {
  const { owner, name, identities, relay, mirror } = world;
  const { repo } = addresses(world);
  const app = new Hono<Env>();
  app.onError((error, c) => c.json({ message: `The simulation failed: ${error.message}` }, 500));

  app.post(`/_simulation/hooks/${world.hookPath}`, async (c) => {
    const signature = c.req.header('x-hub-signature-256') ?? '';
    relay.receive(c.req.header('x-github-event') ?? '', await c.req.text(), signature);
    return c.body(null, 202);
  });

  app.use(
    '*',
    gitHost(world, async (changes, caller) => {
      await mirror.toEmulator(changes, caller.token);
      await announce(world, changes, await userOf(world, caller));
    }),
  );

  oauthRoutes(app, world);

  const pages = createPages(world);
  app.get(`/${owner}/${name}`, async (c) => c.html(await pages.repository()));
  app.get(`/${owner}/${name}/:kind{pull|issues}/:number{[0-9]+}`, async (c) => {
    const number = Number(c.req.param('number'));
    const page = (await pages.pull(number)) ?? (await pages.issue(number));
    return page ? c.html(page) : c.html(pages.missing(), 404);
  });

  app.use('*', async (c, next) => {
    const header = c.req.header('authorization');
    const credentials = identities.identify(header);
    switch (credentials.outcome) {
      case 'unknown':
        return c.json({ message: 'Bad credentials', ...documentation, status: '401' }, 401);
      case 'caller':
        c.set('caller', credentials.caller);
        c.set('token', credentials.caller.token);
        break;
      case 'app':
        c.set('token', header?.replace(/^\S+\s+/, '') ?? '');
        break;
      case 'anonymous':
        c.set('token', '');
    }
    return next();
  });

  appRoutes(app, world);
  personRoutes(app, world);
  reactionRoutes(app, world);
  pullRoutes(app, world);
  reviewRoutes(app, world);
  actionRoutes(app, world);
  settingsRoutes(app, world);
  graphqlRoutes(app, world);

  app.post(`${repo}/git/trees`, async (c) => {
    const caller = c.get('caller');
    const { tree } = await bodyOf(c);
    const hasWorkflow = (Array.isArray(tree) ? tree : []).some((entry) =>
      textAt(entry, 'path').startsWith('.github/workflows/'),
    );
    return hasWorkflow && caller && !mayWrite(caller, ['workflows']) ? forbidden(c) : forward(c, world);
  });

  // What the REST API writes into git goes into the bare repository too.
  const gitPaths = [`${repo}/git/refs`, `${repo}/git/refs/*`, `${repo}/contents/*`];
  app.on(['POST', 'PATCH', 'PUT', 'DELETE'], gitPaths, (c) =>
    world.exclusively(async () => {
      const response = await forward(c, world);
      const body = await response.arrayBuffer();
      const caller = c.get('caller');
      if (response.ok && caller)
        await announce(world, await mirror.toRepository(), await userOf(world, caller));
      return new Response(body.byteLength > 0 ? body : null, response);
    }),
  );

  const shown = [`${repo}/pulls`, `${repo}/pulls/*`, `${repo}/issues`, `${repo}/issues/*`];
  app.on(['GET', 'POST', 'PATCH', 'PUT'], shown, (c) => forwardAmended(c, world));
  app.all('*', (c) => forward(c, world));
  return app;
}
