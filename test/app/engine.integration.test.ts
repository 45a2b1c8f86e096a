import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { accounts, ticketKey } from '../../demo/story/ticket.ts';
import type { Job } from '../../src/core/job.ts';
import { goodReport, startWorld, type World } from './world.ts';

const place = { owner: 'acme', repo: 'shop' };

let world: World;

beforeAll(async () => {
  world = await startWorld({ engine: { plan: 'claude-code', instruction: 'claude-code' } });
});

afterAll(() => world?.close());

const path = '.github/dexter.yml';

async function settings(text: string): Promise<void> {
  const { repos } = world.github.as('maria').rest;
  const sha = await repos
    .getContent({ ...place, path })
    .then(({ data }) => ('sha' in data ? data.sha : undefined))
    .catch(() => undefined);
  const content = Buffer.from(text).toString('base64');
  const change = { ...place, path, message: 'Settings', content };
  await repos.createOrUpdateFileContents(sha ? { ...change, sha } : change);
}

beforeEach(() => settings('# none\n'));

async function issue(): Promise<{ number: number; issueKey: string }> {
  const { data } = await world.github.as('maria').rest.issues.create({ ...place, title: 'Please' });
  return { number: data.number, issueKey: `gh-${world.github.repository.id}-${data.number}` };
}

/** The newest job of an issue, once it is at its runner. */
async function dispatched(issueKey: string): Promise<{ id: string; job: Job }> {
  const { id } = await world.until(
    (one) => one.issueKey === issueKey && one.status === 'dispatched',
    'dispatched',
  );
  const job = world.hand.dispatched.find((one) => one.job.commandId === id)?.job;
  if (job === undefined) throw new Error('no job');
  return { id, job };
}

it('asks for the engine of the flag, else of the repository, else of the app', async () => {
  const { number, issueKey } = await issue();
  const engines: unknown[] = [];
  const ask = async (body: string) => {
    await world.comment('maria', number, body);
    const { id, job } = await dispatched(issueKey);
    engines.push(job.session.engine);
    await world.claim(id);
    await world.report(id, 1, goodReport());
    await world.until((one) => one.id === id && one.told, 'told');
  };
  await ask('@dexter do this');
  await settings('engine: { instruction: anthropic-api }\n');
  await ask('@dexter do that');
  await ask('@dexter --engine claude-code do more');
  expect(engines).toEqual(['claude-code', 'anthropic-api', 'claude-code']);
});

it('says what is wrong with a flag or a setting', async () => {
  const { number, issueKey } = await issue();
  await world.comment('maria', number, '@dexter --engine gpt do this');
  await world.until((one) => one.issueKey === issueKey && one.status === 'refused' && one.told, 'refused');
  expect((await world.conversation(number)).at(-1)?.body).toContain(
    '`--engine` must be `claude-code` or `anthropic-api`',
  );
  await settings('engine: gpt\n');
  const other = await issue();
  await world.comment('maria', other.number, '@dexter do this');
  await world.until((one) => one.issueKey === other.issueKey && one.told, 'refused');
  expect((await world.conversation(other.number)).at(-1)?.body).toContain(
    '`engine` must be `claude-code` or `anthropic-api`',
  );
});

it('brings a plan from the ticket to a runner and its answer back, and does it again on `retry`', async () => {
  await settings('engine: { plan: anthropic-api }\n');
  await world.jira.comment(accounts.maria, ticketKey, '@dexter plan the coupons --model opus');
  const first = await dispatched(ticketKey);
  expect(first.job).toMatchObject({
    instruction: expect.stringContaining('do not carry it out:\n\nthe coupons\n\n'),
    session: { kind: 'plan', engine: 'anthropic-api', model: 'opus', mode: 'fresh' },
  });
  await world.claim(first.id);
  const problem = { code: 'engine-failed' as const, message: 'It broke.', hint: '' };
  const nothing = { commits: [], engine: 'anthropic-api' as const };
  await world.report(first.id, 1, goodReport({ outcome: 'failed', problem, ...nothing }));
  await world.until((one) => one.id === first.id && one.told, 'told');

  await world.jira.comment(accounts.maria, ticketKey, '@dexter retry');
  const again = await dispatched(ticketKey);
  expect(again.id).not.toBe(first.id);
  expect(again.job.session).toMatchObject({ kind: 'plan', engine: 'anthropic-api', model: 'opus' });
  expect(again.job.instruction).toBe(first.job.instruction);
  await world.claim(again.id);
  await world.report(again.id, 1, goodReport({ summary: '1. Change `coupons.ts`.', ...nothing }));
  await world.until((one) => one.id === again.id && one.told, 'told');
  const said = JSON.stringify(world.jira.comments(ticketKey).map(({ body }) => body));
  expect(said).toContain('plan the coupons');
  expect(said).toContain('coupons.ts');
  expect(said).toContain('anthropic-api 2.1.330');

  await world.jira.comment(accounts.maria, ticketKey, '@dexter cost');
  await world.until(
    (one) =>
      one.id !== again.id &&
      one.issueKey === ticketKey &&
      one.told &&
      one.status === 'done' &&
      one.report === null,
    'answered',
  );
  const costs = JSON.stringify(world.jira.comments(ticketKey).at(-1)?.body);
  expect(costs).toContain('plan the coupons');
  expect(costs).toContain('new, anthropic-api');
});
