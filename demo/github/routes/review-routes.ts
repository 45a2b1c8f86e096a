import type { Context, Hono } from 'hono';
import { answer, bodyOf, type Env, page } from '../answer.ts';
import type { Answer } from '../emulator.ts';
import { isObject, type JsonObject, numberAt, textAt } from '../json.ts';
import { addresses, type World } from '../world.ts';

/**
 * Reviews and their comments. On GitHub every review comment belongs to a review, a single one to a review
 * of its own; in the emulator none does, and comments that come with a review are announced to nobody.
 */
export function reviewRoutes(app: Hono<Env>, world: World): void {
  const { emulator, pulls, reviewOf, amend } = world;
  const { repo } = addresses(world);
  const pull = `${repo}/pulls/:number{[0-9]+}` as const;

  app.post(`${pull}/reviews`, async (c) => {
    const { comments, ...request } = await bodyOf(c);
    const { review, last } = await submit(
      c,
      request,
      Array.isArray(comments) ? comments.filter(isObject) : [],
    );
    return answer(c, last.status, await amend(last.status < 300 ? review.body : last.body));
  });

  app.get(`${pull}/reviews/:review{[0-9]+}/comments`, async (c) => {
    const path = `${repo}/pulls/${c.req.param('number')}/comments?per_page=100`;
    const { status, body } = await emulator.request('GET', path, c.get('token'));
    if (!Array.isArray(body)) return answer(c, status, body);
    const wanted = Number(c.req.param('review'));
    const own: unknown[] = [];
    for (const comment of body)
      if (reviewOf.get(numberAt(comment, 'id')) === wanted) own.push(await amend(comment));
    return page(c, world, own);
  });

  app.post(`${pull}/comments`, async (c) => {
    const { in_reply_to, ...comment } = await bodyOf(c);
    return typeof in_reply_to === 'number' ? reply(c, in_reply_to, comment.body) : postComment(c, comment);
  });
  app.post(`${pull}/comments/:id{[0-9]+}/replies`, async (c) => {
    const { body } = await bodyOf(c);
    return reply(c, Number(c.req.param('id')), body);
  });

  /** A reply stands where the first comment of its thread stands; only that one can be replied to. */
  async function reply(c: Context<Env>, to: number, body: unknown): Promise<Response> {
    const parent = await emulator.request('GET', `${repo}/pulls/comments/${to}`, c.get('token'));
    if (parent.status !== 200 || !isObject(parent.body)) return answer(c, parent.status, parent.body);
    const { path, line, side, commit_id, in_reply_to_id } = parent.body;
    if (typeof in_reply_to_id === 'number')
      return answer(c, 422, {
        message: 'Validation Failed',
        errors: ['Replies to replies are not supported'],
      });
    return postComment(c, { body, path, line, side, commit_id, in_reply_to_id: to });
  }

  async function postComment(c: Context<Env>, comment: JsonObject): Promise<Response> {
    const { last } = await submit(c, { event: 'COMMENT', body: '', commit_id: comment.commit_id }, [comment]);
    return answer(c, last.status, await amend(last.body));
  }

  /** Posts a review and then its comments; `last` is the last answer, or the first that is an error. */
  async function submit(
    c: Context<Env>,
    request: JsonObject,
    comments: JsonObject[],
  ): Promise<{ review: Answer; last: Answer }> {
    const number = Number(c.req.param('number'));
    const { body: current } = await pulls.read(number, c.get('token'));
    const head = isObject(current) ? (await pulls.comparisonOf(current)).head : '';
    const commit_id = textAt(request, 'commit_id') || head;
    const path = `${repo}/pulls/${number}`;
    const review = await emulator.request('POST', `${path}/reviews`, c.get('token'), {
      ...request,
      commit_id,
    });
    let last = review;
    for (const comment of comments) {
      if (last.status >= 300) break;
      const whole = { side: 'RIGHT', ...comment, commit_id };
      last = await emulator.request('POST', `${path}/comments`, c.get('token'), whole);
      if (last.status < 300) reviewOf.set(numberAt(last.body, 'id'), numberAt(review.body, 'id'));
    }
    return { review, last };
  }
}
