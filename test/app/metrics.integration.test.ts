import { afterAll, beforeAll, expect, it } from 'vitest';
import { accounts, ticketKey } from '../../demo/story/ticket.ts';
import { readExposition } from '../fakes/exposition.ts';
import { goodReport, jiraSecret, startWorld, type World } from './world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world?.close());

it('tells a command from its webhook to its end, and nothing of whose it is', async () => {
  await world.jira.comment(accounts.maria, ticketKey, '@dexter implement this');
  const { id } = await world.until(({ status }) => status === 'dispatched', 'dispatched');
  await world.claim(id);
  await world.report(id, 1, goodReport({ costUsd: 0.5 }));
  await world.until((one) => one.id === id && one.told, 'told');
  await fetch(`${world.url}/jira/nobody`, { method: 'POST', body: '{}' });

  const response = await fetch(`${world.url}/metrics`);
  expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  const text = await response.text();
  const { series } = readExposition(text);
  const count = (route: string, status: string) =>
    series.get(
      `dexter_http_request_duration_seconds_count{method="POST",route="${route}",status="${status}"}`,
    );
  expect(count('/jira/:connection', '2xx')).toBeGreaterThan(0);
  expect(count('/jira/:connection', '4xx')).toBe(1);
  expect(count('/api/commands/:id/claim', '2xx')).toBe(1);
  expect(count('/api/commands/:id/report', '2xx')).toBe(1);
  expect(series.get('dexter_jira_requests_total{status="2xx"}')).toBeGreaterThan(0);
  expect(series.get('dexter_github_requests_total{status="2xx"}')).toBeGreaterThan(0);
  expect([...series.keys()]).toContainEqual(
    expect.stringMatching(/^dexter_github_rate_limit_remaining\{installation="\d+",resource="core"\}$/),
  );
  expect(series.get('dexter_cost_usd_total{model="claude-sonnet-4-5"}')).toBe(0.5);
  expect(series.get('dexter_ledger_up')).toBe(1);
  const secrets = [jiraSecret, world.github.app.webhookSecret, world.jira.connection.apiToken];
  for (const word of ['acme', ticketKey, 'maria', 'shop', ...secrets]) expect(text).not.toContain(word);

  const cache = await fetch(`${world.url}/metrics/cache`);
  expect(await cache.json()).toMatchObject({
    cache: { itemCount: expect.any(Number) },
    costs: { estimatedTokensSaved: expect.any(Number) },
    layers: { session: { itemCount: 1, totalSizeBytes: 1_000 } },
  });
});
