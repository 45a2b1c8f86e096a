import type { Context, Hono } from 'hono';
import { answer, bodyOf, type Env, forbidden, notFound, page } from '../answer.ts';
import { mayWrite } from '../identities.ts';
import { addresses, userOf, type World } from '../world.ts';

/** Reactions on issues, pull requests, their comments and review comments. */
export function reactionRoutes(app: Hono<Env>, world: World): void {
  const { emulator, pulls, reactions } = world;
  const { repo } = addresses(world);

  for (const subject of ['issues/comments', 'pulls/comments', 'issues'] as const) {
    const path = `${repo}/${subject}/:id{[0-9]+}/reactions` as const;

    /** The subject's name in the store, when the caller may see it. */
    const subjectOf = async (c: Context<Env>): Promise<string | undefined> => {
      const id = Number(c.req.param('id'));
      const kind = subject === 'issues' && pulls.has(id) ? 'pulls' : subject;
      const { status } = await emulator.request('GET', `${repo}/${kind}/${id}`, c.get('token'));
      return status === 200 ? `${subject}/${id}` : undefined;
    };

    app.get(path, async (c) => {
      const found = await subjectOf(c);
      return found ? page(c, world, reactions.list(found)) : notFound(c);
    });
    app.post(path, async (c) => {
      const [found, caller] = [await subjectOf(c), c.get('caller')];
      if (!found || !caller) return notFound(c);
      if (!mayWrite(caller, ['issues', 'pull_requests'])) return forbidden(c);
      const { content } = await bodyOf(c);
      if (!reactions.isContent(content)) {
        const errors = [{ resource: 'Reaction', field: 'content', code: 'invalid' }];
        return answer(c, 422, { message: 'Validation Failed', errors });
      }
      const { created, reaction } = reactions.add(found, content, await userOf(world, caller));
      return answer(c, created ? 201 : 200, reaction);
    });
    app.delete(`${path}/:reaction{[0-9]+}`, async (c) => {
      const [found, caller] = [await subjectOf(c), c.get('caller')];
      const id = Number(c.req.param('reaction'));
      const removed = found && caller && reactions.remove(found, id, caller.login);
      return removed ? c.body(null, 204) : notFound(c);
    });
  }
}
