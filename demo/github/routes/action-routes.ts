import type { Hono } from 'hono';
import { answer, bodyOf, documentation, type Env, forbidden, notFound } from '../answer.ts';
import { mayWrite } from '../identities.ts';
import { formatRun } from '../workflow-runs.ts';
import { addresses, type World } from '../world.ts';

/** Dispatching a workflow, and looking at and cancelling its runs. */
export function actionRoutes(app: Hono<Env>, world: World): void {
  const { runs } = world;
  const { repo, repositoryUrl, htmlUrl } = addresses(world);

  app.use(`${repo}/actions/*`, async (c, next) => {
    const caller = c.get('caller');
    if (!caller) return notFound(c);
    return c.req.method === 'GET' || mayWrite(caller, ['actions']) ? next() : forbidden(c);
  });

  app.post(`${repo}/actions/workflows/:file/dispatches`, async (c) => {
    const request = await bodyOf(c);
    const result = await runs.dispatch(c.req.param('file'), request);
    if (result.outcome === 'refused') {
      return answer(c, result.status, { message: result.message, ...documentation });
    }
    if (request.return_run_details !== true) return c.body(null, 204);
    const { id, url: run_url, html_url } = formatRun(result.run, repositoryUrl, htmlUrl);
    return c.json({ workflow_run_id: id, run_url, html_url });
  });

  app.get(`${repo}/actions/workflows/:file/runs`, (c) => {
    const all = runs.runs.filter((run) => run.workflow === c.req.param('file')).reverse();
    const workflow_runs = all.map((run) => formatRun(run, repositoryUrl, htmlUrl));
    return c.json({ total_count: all.length, workflow_runs });
  });

  app.get(`${repo}/actions/runs/:id{[0-9]+}`, (c) => {
    const run = runs.find(Number(c.req.param('id')));
    return run ? c.json(formatRun(run, repositoryUrl, htmlUrl)) : notFound(c);
  });

  app.post(`${repo}/actions/runs/:id{[0-9]+}/cancel`, (c) => {
    const run = runs.find(Number(c.req.param('id')));
    if (!run) return notFound(c);
    if (run.status === 'completed') {
      return answer(c, 409, { message: 'Cannot cancel a workflow run that is completed.' });
    }
    runs.complete(run, 'cancelled');
    return c.json({}, 202);
  });
}
