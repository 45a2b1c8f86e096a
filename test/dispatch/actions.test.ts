import nock from 'nock';
import { Octokit } from 'octokit';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { encodeInputs } from '../../src/core/job.ts';
import { actionsDispatcher } from '../../src/dispatch/actions.ts';
import { dispatchRequest } from '../fakes/dispatch-request.ts';

const api = 'https://ghe.acme.example';
const path = '/api/v3/repos/acme/shop';
const dispatches = `${path}/actions/workflows/dexter.yml/dispatches`;
const request = dispatchRequest('https://dexter.example');
const { commandId } = request.job;

const silent = () => undefined;

/** The dispatcher as the app makes it, and the installations that it asked for. */
function dispatcher(ref?: string) {
  const installations: (number | undefined)[] = [];
  return {
    installations,
    ...actionsDispatcher({
      github: async (installationId) => {
        installations.push(installationId);
        return new Octokit({
          auth: 'installation-token',
          baseUrl: `${api}/api/v3`,
          throttle: { enabled: false },
          log: { debug: silent, info: silent, warn: silent, error: silent },
        });
      },
      workflow: 'dexter.yml',
      ref,
    }),
  };
}

const github = () => nock(api, { reqheaders: { authorization: 'token installation-token' } });

const run = (id: number, title: string, status = 'in_progress') => ({
  id,
  html_url: `${api}/acme/shop/actions/runs/${id}`,
  display_title: title,
  status,
});

async function failureOf(promise: Promise<unknown>): Promise<AppError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AppError)) throw new Error(`no AppError: ${String(error)}`);
  return error;
}

describe('dispatch', () => {
  it('starts the workflow of the default branch and learns which run it is', async () => {
    const calls = github()
      .get(path)
      .reply(200, { default_branch: 'trunk' })
      .post(dispatches, { ref: 'trunk', inputs: encodeInputs(request.job), return_run_details: true })
      .reply(200, { workflow_run_id: 77, html_url: `${api}/acme/shop/actions/runs/77`, run_url: 'x' });
    const { dispatch, installations } = dispatcher();
    expect(await dispatch(request)).toEqual({
      id: '77',
      url: `${api}/acme/shop/actions/runs/77`,
      branch: 'trunk',
    });
    expect(calls.isDone()).toBe(true);
    expect(new Set(installations)).toEqual(new Set([11]));
  });

  it('starts the workflow of the configured branch', async () => {
    const calls = github()
      .post(dispatches, (body) => body.ref === 'dexter-runner')
      .reply(200, { workflow_run_id: 77 });
    expect(await dispatcher('dexter-runner').dispatch(request)).toEqual({
      id: '77',
      url: '',
      branch: 'dexter-runner',
    });
    expect(calls.isDone()).toBe(true);
  });

  it.each<[string, number, nock.Body | undefined]>([
    ['204', 204, undefined],
    ['an empty object', 200, {}],
    ['no id', 200, { workflow_run_id: null, html_url: 'x' }],
    ['a list', 200, []],
  ])('does not know the run of a server that answers with %s', async (_name, status, body) => {
    github().post(dispatches).reply(status, body);
    expect(await dispatcher('main').dispatch(request)).toEqual({ id: '', url: '', branch: 'main' });
  });

  it.each<[number, string, RegExp, RegExp]>([
    [
      404,
      'dispatch-failed',
      /acme\/shop has no workflow `\.github\/workflows\/dexter\.yml`/,
      /default branch/,
    ],
    [
      422,
      'dispatch-failed',
      /refused to start the workflow dexter\.yml of acme\/shop \(HTTP 422\)/,
      /workflow_dispatch/,
    ],
    [403, 'dispatch-failed', /refused to start.*HTTP 403/, /may write Actions/],
    [401, 'github-failed', /starting the workflow dexter\.yml of acme\/shop \(HTTP 401\)/, /retry/],
    [500, 'github-failed', /starting the workflow dexter\.yml of acme\/shop \(HTTP 500\)/, /retry/],
    [502, 'github-failed', /HTTP 502/, /retry/],
    [503, 'github-failed', /HTTP 503/, /retry/],
  ])('is not tried again by itself after %d', async (status, code, message, hint) => {
    let calls = 0;
    nock(api)
      .post(dispatches)
      .times(9)
      .reply(() => {
        calls += 1;
        return [status, { message: 'secret detail of the server' }];
      });
    const error = await failureOf(dispatcher('main').dispatch(request));
    expect(calls).toBe(1);
    expect(error).toMatchObject({
      code,
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
      cause: expect.objectContaining({ status }),
    });
    expect(error.message).not.toContain('secret detail');
  });

  it.each([
    [
      'Actions has been disabled for this repository.',
      /GitHub Actions is disabled in acme\/shop\./,
      /allows it/,
    ],
    ['Actions has been disabled for this user.', /barred from Actions/, /GitHub Support/],
    ["Cannot trigger a 'workflow_dispatch' on a disabled workflow", /is disabled\./, /Enable workflow/],
    ["Workflow does not have 'workflow_dispatch' trigger", /lacks the trigger.*branch main/, /examples/],
    ['No ref found for: main', /has no branch main/, /DEXTER_WORKFLOW_REF/],
    ['Unexpected inputs provided: ["delta"]', /inputs of .* are not those/, /of that version/],
    ["Required input 'x' not provided", /inputs of .* are not those/, /of that version/],
  ])('says what it means that GitHub refuses with %j', async (said, message, hint) => {
    github().post(dispatches).reply(422, { message: said });
    expect(await failureOf(dispatcher('main').dispatch(request))).toMatchObject({
      code: 'dispatch-failed',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });

  it('is not tried again when the answer was lost', async () => {
    let calls = 0;
    nock(api)
      .post(dispatches)
      .times(9)
      .reply(() => {
        calls += 1;
        throw new Error('socket hang up');
      });
    const error = await failureOf(dispatcher('main').dispatch(request));
    expect(error.code).toBe('github-failed');
    expect(calls).toBe(1);
  });

  it('says that the repository cannot be read rather than that it has no workflow', async () => {
    github().get(path).reply(404, {});
    const error = await failureOf(dispatcher().dispatch(request));
    expect(error.code).toBe('github-failed');
    expect(error.message).toContain('reading the default branch (HTTP 404)');
  });

  it('does not start anything without a token', async () => {
    const { dispatch } = actionsDispatcher({
      github: async () => {
        throw Object.assign(new Error('suspended'), { status: 403 });
      },
      workflow: 'dexter.yml',
      ref: 'main',
    });
    expect((await failureOf(dispatch(request))).code).toBe('dispatch-failed');
  });
});

describe('find', () => {
  const runs = `${path}/actions/workflows/dexter.yml/runs`;

  it('finds the run whose title holds the command id, among those of the last day', async () => {
    let asked: Record<string, unknown> = {};
    github()
      .get(runs)
      .query((query) => {
        asked = query;
        return true;
      })
      .reply(200, {
        total_count: 2,
        workflow_runs: [
          run(78, 'Dexter 00000000-0000-4000-8000-000000000000'),
          run(77, `Dexter ${commandId}`),
        ],
      });
    expect(await dispatcher().find(request)).toMatchObject({
      id: '77',
      url: `${api}/acme/shop/actions/runs/77`,
    });
    expect(asked.event).toBe('workflow_dispatch');
    const since = Date.parse(String(asked.created).replace('>=', ''));
    // A job waits at most that long for a runner.
    expect(Date.now() - since).toBeGreaterThanOrEqual(24 * 60 * 60 * 1000);
  });

  it('tells whether the run is over', async () => {
    for (const [status, conclusion, ended] of [
      ['completed', 'cancelled', 'cancelled'],
      ['completed', null, 'unknown'],
      ['queued', null, undefined],
    ] as const) {
      github()
        .get(runs)
        .query(true)
        .reply(200, { total_count: 1, workflow_runs: [{ ...run(77, commandId, status), conclusion }] });
      expect((await dispatcher().find(request))?.ended).toBe(ended);
    }
  });

  it('looks through the following pages as well', async () => {
    const next = `<${api}${runs}?page=2>; rel="next"`;
    github()
      .get(runs)
      .query((query) => query.page === undefined)
      .reply(200, { total_count: 2, workflow_runs: [run(78, 'Dexter other')] }, { link: next });
    github()
      .get(runs)
      .query({ page: '2' })
      .reply(200, { total_count: 2, workflow_runs: [run(77, commandId)] });
    expect(await dispatcher().find(request)).toMatchObject({ id: '77' });
  });

  it('takes a run that GitHub named and does not have any more for a deleted one', async () => {
    github().get(`${path}/actions/runs/77`).reply(404, {});
    expect(await dispatcher().find(request, '77')).toEqual({ id: '77', url: '', ended: 'deleted' });
    github().get(`${path}/actions/runs/77`).reply(403, {});
    expect((await failureOf(dispatcher().find(request, '77'))).code).toBe('github-failed');
  });

  it('finds nothing when nothing was started', async () => {
    github().get(runs).query(true).reply(200, { total_count: 0, workflow_runs: [] });
    expect(await dispatcher().find(request)).toBeUndefined();
  });

  it('does not take a failure for nothing', async () => {
    nock(api).get(runs).query(true).reply(404, {});
    const error = await failureOf(dispatcher().find(request));
    expect(error).toMatchObject({
      code: 'github-failed',
      message: 'GitHub failed while looking for the run of the command (HTTP 404).',
    });
  });
});

describe('waitsFor', () => {
  const jobs = (...listed: object[]) =>
    github().get(`${path}/actions/runs/77/jobs`).reply(200, { total_count: listed.length, jobs: listed });
  const asked = () => dispatcher().waitsFor(request, { id: '77', url: '' });
  const job = (status: string) => ({ status, labels: ['self-hosted', 'dexter'] });

  it.each([
    ['a runner, by its labels', [job('queued')], { what: 'runner', labels: ['self-hosted', 'dexter'] }],
    ['an approval', [job('waiting')], { what: 'approval' }],
    ['another run of its group', [], { what: 'other-run' }],
    ['another run of its group, with its job', [job('pending')], { what: 'other-run' }],
    ['nothing, because it has begun', [job('in_progress')], undefined],
    ['nothing, because one of its jobs has ended', [job('completed'), job('queued')], undefined],
  ])('says that a run waits for %s', async (_what, listed, expected) => {
    jobs(...listed);
    expect(await asked()).toEqual(expected);
  });

  it('says nothing of a run that is not known', async () => {
    expect(await dispatcher().waitsFor(request, { id: '', url: '' })).toBeUndefined();
  });
});

describe('cancel', () => {
  const cancels = `${path}/actions/runs/77/cancel`;

  it('asks the run to end', async () => {
    const call = github().post(cancels).reply(202, {});
    await dispatcher().cancel(request, { id: '77', url: '' });
    expect(call.isDone()).toBe(true);
  });

  it.each([
    [409, 'has ended'],
    [404, 'is gone'],
  ])('takes %d for a run that %s', async (status) => {
    const call = github().post(cancels).reply(status, {});
    await dispatcher().cancel(request, { id: '77', url: '' });
    expect(call.isDone()).toBe(true);
  });

  it('says when GitHub refuses', async () => {
    github().post(cancels).reply(403, {});
    const error = await failureOf(dispatcher().cancel(request, { id: '77', url: '' }));
    expect(error).toMatchObject({
      code: 'github-failed',
      message: 'GitHub failed while cancelling the run (HTTP 403).',
    });
  });

  it('has nobody to ask while the run is not known', async () => {
    const { cancel, installations } = dispatcher();
    await cancel(request, { id: '', url: '' });
    expect(installations).toEqual([]);
  });
});
