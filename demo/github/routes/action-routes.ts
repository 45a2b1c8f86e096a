import type { Hono } from 'hono';
import { formatJob, formatJobsRun } from '../actions-jobs.ts';
import { announceRun } from '../announce.ts';
import { answer, bodyOf, documentation, type Env, forbidden, notFound, page } from '../answer.ts';
import { mayRead, mayWrite } from '../identities.ts';
import { formatRun, formatRunJob } from '../workflow-runs.ts';
import { addresses, type World } from '../world.ts';

/** Dispatching a workflow, and looking at and cancelling its runs. */
export function actionRoutes(app: Hono<Env>, world: World): void {
  const { runs, jobs } = world;
  const { repo, repositoryUrl, htmlUrl } = addresses(world);

  app.use(`${repo}/actions/*`, async (c, next) => {
    const caller = c.get('caller');
    if (!caller) return notFound(c);
    const may = c.req.method === 'GET' ? mayRead(caller, 'actions') : mayWrite(caller, ['actions']);
    return may ? next() : forbidden(c);
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

  app.get(`${repo}/actions/runs`, (c) => {
    const ofCommit = jobs.jobs.filter((job) => job.commit === c.req.query('head_sha'));
    const wanted = ofCommit.filter(({ conclusion }) => (c.req.query('status') ?? conclusion) === conclusion);
    const workflow_runs = wanted.map((job) => formatJobsRun(job, repositoryUrl, htmlUrl));
    return c.json({ total_count: workflow_runs.length, workflow_runs });
  });

  app.get(`${repo}/actions/runs/:id{[0-9]+}/jobs`, (c) => {
    const dispatched = runs.find(Number(c.req.param('id')));
    if (dispatched)
      return c.json({ total_count: 1, jobs: [formatRunJob(dispatched, repositoryUrl, htmlUrl)] });
    const ofRun = jobs.jobs.filter(({ runId }) => runId === Number(c.req.param('id')));
    const shown = ofRun.map((job) => formatJob(job, repositoryUrl, htmlUrl));
    return ofRun.length > 0 ? c.json({ total_count: shown.length, jobs: shown }) : notFound(c);
  });

  // As on GitHub, the log lies elsewhere, at an address that needs no token and does not last.
  app.get(`${repo}/actions/jobs/:id{[0-9]+}/logs`, (c) => {
    const job = jobs.jobs.find(({ id }) => id === Number(c.req.param('id')));
    return job ? c.redirect(`${world.url}/_simulation/logs/${job.secret}`, 302) : notFound(c);
  });
  app.get('/_simulation/logs/:secret', (c) => {
    const job = jobs.jobs.find(({ secret }) => secret === c.req.param('secret'));
    return job ? c.text(job.log) : notFound(c);
  });

  app.post(`${repo}/statuses/:commit`, async (c) => {
    const { state, context, description, target_url } = await bodyOf(c);
    const status = { state, context: context ?? 'default', description, target_url };
    const commit = c.req.param('commit');
    world.statuses.set(commit, [status, ...(world.statuses.get(commit) ?? [])]);
    return c.json(status, 201);
  });
  app.get(`${repo}/commits/:commit/statuses`, (c) => {
    const caller = c.get('caller');
    if (!caller || !mayRead(caller, 'statuses')) return forbidden(c);
    return page(c, world, world.statuses.get(c.req.param('commit')) ?? []);
  });

  app.get(`${repo}/actions/runs/:id{[0-9]+}`, (c) => {
    const run = runs.find(Number(c.req.param('id')));
    return run ? c.json(formatRun(run, repositoryUrl, htmlUrl)) : notFound(c);
  });

  app.post(`${repo}/actions/runs/:id{[0-9]+}/cancel`, async (c) => {
    const run = runs.find(Number(c.req.param('id')));
    if (!run) return notFound(c);
    if (run.status === 'completed') {
      return answer(c, 409, { message: 'Cannot cancel a workflow run that is completed.' });
    }
    runs.complete(run, 'cancelled');
    await announceRun(world, run);
    return c.json({}, 202);
  });

  app.delete(`${repo}/actions/runs/:id{[0-9]+}`, (c) => {
    const run = runs.find(Number(c.req.param('id')));
    if (!run) return notFound(c);
    return runs.remove(run)
      ? c.body(null, 204)
      : answer(c, 403, { message: 'Could not delete the workflow run' });
  });
}
