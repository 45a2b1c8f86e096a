import { Hono } from 'hono';
import { ProbotOctokit } from 'probot';
import { describe, expect, it } from 'vitest';
import { type RateLimit, watchRateLimits } from '../../src/github/watch-rate-limits.ts';
import { processMetrics } from '../../src/metrics/process-metrics.ts';
import { readExposition } from '../fakes/exposition.ts';

describe('the time of answers', () => {
  it('is told by route and class of status, never by what stands in an address', async () => {
    const metrics = processMetrics();
    const routes = new Hono();
    for (const path of ['/', '/api/*', '/jira/*']) routes.use(path, metrics.timed);
    routes.route(
      '/',
      new Hono()
        .post('/jira/:connection', (c) => c.json({ error: 'unknown' }, 401))
        .post('/', (c) => c.json({ ok: true }))
        .get('/api/fails', () => {
          throw new Error('broken');
        }),
    );
    routes.onError((_, c) => c.text('failed', 500));
    routes.get('/', (c) => c.text('a page'));
    routes.get('*', (c) => c.text('any page'));
    for (const name of ['acme', 'other', 'SHOP-1']) await routes.request(`/jira/${name}`, { method: 'POST' });
    await routes.request('/', { method: 'POST' });
    await routes.request('/');
    await routes.request('/api/fails');
    await routes.request('/api/wp-login.php', { method: 'PUT' });
    await routes.request('/api/a-page');
    await routes.request('/somewhere/else');

    const text = await metrics.text(true);
    const { series, types } = readExposition(text);
    expect(types.get('dexter_http_request_duration_seconds')).toBe('histogram');
    const counts = [...series].filter(([name]) =>
      name.startsWith('dexter_http_request_duration_seconds_count'),
    );
    expect(counts.sort()).toEqual([
      ['dexter_http_request_duration_seconds_count{method="GET",route="/api/fails",status="5xx"}', 1],
      ['dexter_http_request_duration_seconds_count{method="POST",route="/",status="2xx"}', 1],
      ['dexter_http_request_duration_seconds_count{method="POST",route="/jira/:connection",status="4xx"}', 3],
      ['dexter_http_request_duration_seconds_count{method="other",route="other",status="2xx"}', 1],
      ['dexter_http_request_duration_seconds_count{method="other",route="other",status="4xx"}', 1],
    ]);
    expect(text).not.toMatch(/acme|SHOP-1|wp-login/);
  });
});

describe('requests to others', () => {
  it('are counted by class of status', async () => {
    const metrics = processMetrics();
    for (const status of [200, 201, 404, 502, undefined]) metrics.githubAnswered(status);
    metrics.jiraAnswered(undefined);
    const { series } = readExposition(await metrics.text(false));
    expect(series.get('dexter_github_requests_total{status="2xx"}')).toBe(2);
    expect(series.get('dexter_github_requests_total{status="none"}')).toBe(1);
    expect(series.get('dexter_jira_requests_total{status="2xx"}')).toBe(0);
    expect(series.get('dexter_jira_requests_total{status="none"}')).toBe(1);
    expect(series.get('dexter_ledger_up')).toBe(0);
  });

  it('are told with what is left of the limit, until it is counted anew', async () => {
    let now = 1_000_000;
    const metrics = processMetrics({ now: () => now });
    const limit = {
      installation: '5',
      resource: 'core',
      limit: 5_000,
      remaining: 4_000,
      resetSeconds: 2_000,
    };
    metrics.githubLimited(limit);
    metrics.githubLimited({ ...limit, remaining: 3_999 });
    metrics.githubLimited({ ...limit, resource: 'graphql', remaining: 7, resetSeconds: 1_500 });
    const left = async () =>
      [...readExposition(await metrics.text(true)).series].filter(([name]) => name.includes('remaining{'));
    expect(await left()).toEqual([
      ['dexter_github_rate_limit_remaining{installation="5",resource="core"}', 3_999],
      ['dexter_github_rate_limit_remaining{installation="5",resource="graphql"}', 7],
    ]);
    now = 1_500_000;
    expect(await left()).toEqual([
      ['dexter_github_rate_limit_remaining{installation="5",resource="core"}', 3_999],
    ]);
  });
});

describe('limits of GitHub', () => {
  const headers = {
    'x-ratelimit-limit': '5000',
    'x-ratelimit-remaining': '4321',
    'x-ratelimit-reset': '1800000000',
    'x-ratelimit-resource': 'search',
    'content-type': 'application/json',
  };

  async function heard(status: number, answer: Record<string, string>, installationId?: number) {
    const limits: RateLimit[] = [];
    const Octokit = ProbotOctokit.plugin(watchRateLimits((limit) => limits.push(limit))).defaults({
      throttle: { enabled: false },
      retry: { enabled: false },
      request: { fetch: async () => new Response('{}', { status, headers: answer }) },
    });
    const octokit = new Octokit(
      installationId === undefined ? {} : { auth: { token: 'ghs_1', installationId } },
    );
    const answered = await octokit.request('GET /zen').then(
      () => 'answered',
      ({ status: failed }: { status: number }) => failed,
    );
    return { limits, answered };
  }

  const said = { resource: 'search', limit: 5_000, remaining: 4_321, resetSeconds: 1_800_000_000 };

  it('are heard of answers, good and bad, with the installation that asked', async () => {
    expect(await heard(200, headers, 42)).toEqual({
      limits: [{ installation: '42', ...said }],
      answered: 'answered',
    });
    expect(await heard(404, headers)).toEqual({ limits: [{ installation: 'app', ...said }], answered: 404 });
  });

  it('are nothing where a server has none, or says what is none', async () => {
    expect(await heard(200, { 'content-type': 'application/json' })).toMatchObject({ limits: [] });
    expect(await heard(200, { ...headers, 'x-ratelimit-remaining': 'many' })).toMatchObject({ limits: [] });
    const { limits } = await heard(200, {
      ...headers,
      'x-ratelimit-resource': '"} evil',
    });
    expect(limits).toMatchObject([{ resource: 'core' }]);
  });
});
