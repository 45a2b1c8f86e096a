import nock from 'nock';
import { expect, it } from 'vitest';
import { failingCheckLogs } from '../../action/failing-checks.ts';

const api = 'https://api.github.example';
const storage = 'https://logs.storage.example';
const runs = '/repos/acme/shop/actions/runs';
const commit = 'a'.repeat(40);

const options = () => ({
  apiUrl: api,
  owner: 'acme',
  repository: 'shop',
  token: 'ghs_token-of-the-run',
  commit,
  secrets: ['ghs_token-of-the-run', 'hunter2-hunter2'],
  signal: new AbortController().signal,
});

const run = (id: number, conclusion: string | null = 'failure', path = `.github/workflows/${id}.yml`) => ({
  id,
  name: `Workflow ${id}`,
  path,
  conclusion,
});

const job = (id: number, conclusion = 'failure') => ({
  id,
  name: `job ${id}`,
  conclusion,
  html_url: `https://github.example/job/${id}`,
});

function listed(workflow_runs: unknown[], jobs: Record<number, unknown[]> = {}) {
  nock(api)
    .get(runs)
    .query({ head_sha: commit, per_page: 100 })
    .reply(200, { total_count: workflow_runs.length, workflow_runs });
  for (const [id, ofRun] of Object.entries(jobs))
    nock(api)
      .get(`${runs}/${id}/jobs`)
      .query({ filter: 'latest', per_page: 100 })
      .reply(200, { total_count: ofRun.length, jobs: ofRun });
}

const logOf = (id: number) => nock(api).get(`/repos/acme/shop/actions/jobs/${id}/logs`);

it('reads the ends of the logs of failing jobs, with the token at GitHub alone', async () => {
  listed([run(1), run(2, 'success'), run(3, null)], { 1: [job(11), job(12, 'success')] });
  logOf(11)
    .matchHeader('authorization', 'Bearer ghs_token-of-the-run')
    .reply(302, '', { location: `${storage}/11?sig=1` });
  const kept = nock(storage, { badheaders: ['authorization'] })
    .get('/11')
    .query({ sig: '1' })
    .reply(200, '2026-01-05T09:00:00.0Z hunter2-hunter2\n2026-01-05T09:00:01.0Z ##[error]Exit code 1\n');
  expect(await failingCheckLogs(options())).toEqual({
    jobs: [
      {
        name: 'job 11',
        workflow: 'Workflow 1',
        conclusion: 'failure',
        url: 'https://github.example/job/11',
        lines: ['[REDACTED:secret]', '##[error]Exit code 1'],
      },
    ],
    more: 0,
    notices: [],
  });
  expect(kept.isDone()).toBe(true);
});

it('reads three logs at most and counts the other jobs', async () => {
  listed([run(1)], { 1: [11, 12, 13, 14, 15].map((id) => job(id)) });
  for (const id of [11, 12, 13]) logOf(id).reply(200, `log ${id}\n`);
  const { jobs, more } = await failingCheckLogs(options());
  expect(jobs.map(({ lines }) => lines)).toEqual([['log 11'], ['log 12'], ['log 13']]);
  expect(more).toBe(2);
});

it('looks at the newest run of each workflow alone', async () => {
  listed([run(1, 'failure', 'ci.yml'), run(2, 'success', 'ci.yml')]);
  expect(await failingCheckLogs(options())).toEqual({ jobs: [], more: 0, notices: [] });
});

it('keeps the end of a log that is larger than what is kept', async () => {
  listed([run(1)], { 1: [job(11)] });
  logOf(11).reply(200, ['x'.repeat(99), ''].join('\n').repeat(20_000).concat('the end\n'));
  const [log] = (await failingCheckLogs(options())).jobs;
  expect(log?.lines).toHaveLength(61);
  expect(log?.lines[0]).toBe('(earlier lines are left out)');
  expect(log?.lines.at(-1)).toBe('the end');
});

it.each([
  [403, 'Dexter may not read Actions of this repository'],
  [404, 'Dexter may not read Actions of this repository'],
])('says that it may not look for jobs (HTTP %i)', async (status, why) => {
  nock(api).get(runs).query(true).reply(status, { message: 'Resource not accessible by integration' });
  expect(await failingCheckLogs(options())).toEqual({
    jobs: [],
    more: 0,
    notices: [`The logs of failing jobs could not be looked for: ${why}.`],
  });
});

it('says that GitHub failed, and tries no more than once', async () => {
  const asked = nock(api).get(runs).query(true).reply(502, { message: 'Bad gateway' });
  expect((await failingCheckLogs(options())).notices).toEqual([
    expect.stringContaining('could not be looked for: Bad gateway'),
  ]);
  expect(asked.isDone()).toBe(true);
});

it.each([
  [403, 'Dexter may not read it, or it is not kept any more'],
  [410, 'it is not kept any more'],
  [500, 'HTTP 500'],
])('says which log it could not read (HTTP %i) and goes on with the others', async (status, why) => {
  listed([run(1)], { 1: [job(11), job(12)] });
  logOf(11).reply(status);
  logOf(12).reply(200, 'fine\n');
  const { jobs, notices } = await failingCheckLogs(options());
  expect(jobs.map(({ name }) => name)).toEqual(['job 12']);
  expect(notices).toEqual([`The log of the failing job "job 11" could not be read: ${why}.`]);
});

it('ends with the run when that is stopped', async () => {
  const stopping = new AbortController();
  stopping.abort(new Error('stopped'));
  await expect(failingCheckLogs({ ...options(), signal: stopping.signal })).rejects.toThrow('stopped');
});
