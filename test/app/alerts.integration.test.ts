import { createServer } from 'node:http';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { goodReport, startWorld, type World } from './world.ts';

const waiting = { timeout: 30_000, interval: 20 };
const texts: string[] = [];
const lines: string[] = [];
const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  texts.push((JSON.parse(body) as { text: string }).text);
  response.end('ok');
});

let world: World;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = address && typeof address === 'object' ? address.port : 0;
  world = await startWorld({
    budgets: { repositories: { 'ACME/shop': { repositoryPerMonth: 1 } } },
    alerts: { webhook: `http://127.0.0.1:${port}/services/secret-of-the-hook`, everyMs: 20 },
    log: pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }),
  });
});

afterAll(async () => {
  await world.close();
  await new Promise((resolve) => server.close(resolve));
});

const alertLines = () =>
  lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ event }) => event === 'alert');

/** Runs a command that costs that much. */
async function spend(costUsd: number): Promise<void> {
  const { data: issue } = await world.github
    .as('maria')
    .rest.issues.create({ owner: 'acme', repo: 'shop', title: 'Please' });
  await world.comment('maria', issue.number, '@dexter do something');
  const key = `gh-${world.github.repository.id}-${issue.number}`;
  const { id } = await world.until(
    ({ issueKey, status }) => issueKey === key && status === 'dispatched',
    `of ${key} dispatched`,
  );
  const { claim } = await world.claim(id);
  await world.report(id, claim?.fence ?? 0, goodReport({ costUsd }));
}

it('tells administrators that a budget is nearly spent, once, over a restart', async () => {
  await spend(0.85);
  await vi.waitFor(() => expect(texts).toHaveLength(1), waiting);
  expect(texts[0]).toContain('🟡 *Warning: The budget of a repository is nearly spent* `acme/shop`');
  expect(texts[0]).toContain('85 % (warning: at least 80 %)');
  await world.restart(undefined);
  await spend(0.15);
  await vi.waitFor(() => expect(texts).toHaveLength(2), waiting);
  expect(texts[1]).toContain('🔴 *Critical: The budget of a repository is nearly spent* `acme/shop`');
  expect(alertLines().map(({ from, to, level }) => [from, to, level])).toEqual([
    ['ok', 'warning', 40],
    ['warning', 'critical', 50],
  ]);
  expect(lines.join('')).not.toContain('secret-of-the-hook');
});
