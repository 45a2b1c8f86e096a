import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { accounts, ticketKey } from '../../demo/story/ticket.ts';
import { goodReport, startWorld, type World } from './world.ts';

const place = { owner: 'acme', repo: 'shop' };

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world?.close());

/** The settings of the repository from now on. */
async function settings(text: string): Promise<void> {
  const { repos } = world.github.as('maria').rest;
  const path = '.github/dexter.yml';
  const sha = await repos
    .getContent({ ...place, path })
    .then(({ data }) => ('sha' in data ? data.sha : undefined))
    .catch(() => undefined);
  const content = Buffer.from(text).toString('base64');
  await repos.createOrUpdateFileContents({
    ...place,
    path,
    message: 'Settings',
    content,
    ...(sha ? { sha } : {}),
  });
}

beforeEach(() => settings('# none\n'));

async function asked(body: string): Promise<{ number: number; issueKey: string }> {
  const { data } = await world.github.as('maria').rest.issues.create({ ...place, title: 'Please' });
  await world.comment('maria', data.number, body);
  return { number: data.number, issueKey: `gh-${world.github.repository.id}-${data.number}` };
}

const lastSaid = async (number: number) => (await world.conversation(number)).at(-1)?.body;

it('caps the budget and names the model of a new session', async () => {
  await settings('model: claude-sonnet-4-5\nmaxBudget: 3\n');
  const { issueKey } = await asked('@dexter --max-budget 20 do this');
  const { id } = await world.until(
    (one) => one.issueKey === issueKey && one.status === 'dispatched',
    'dispatched',
  );
  const job = world.hand.dispatched.find((one) => one.job.commandId === id)?.job;
  expect(job?.session).toMatchObject({ model: 'claude-sonnet-4-5', maxBudgetUsd: 3 });
});

it('refuses instructions where the repository says so, and still answers', async () => {
  await settings('enabled: false\n');
  const { number, issueKey } = await asked('@dexter do this');
  await world.until((one) => one.issueKey === issueKey && one.status === 'refused' && one.told, 'refused');
  expect(await lastSaid(number)).toContain('switched off in this repository');
  await world.comment('maria', number, '@dexter status');
  await world.until((one) => one.issueKey === issueKey && one.status === 'done' && one.told, 'answered');
});

it('says what is wrong with the settings in the comment', async () => {
  await settings('maxBudget: lots\nmodle: x\n');
  const { number, issueKey } = await asked('@dexter do this');
  const { problem } = await world.until(
    (one) => one.issueKey === issueKey && one.status === 'refused' && one.told,
    'refused',
  );
  expect(problem?.code).toBe('config-invalid');
  const said = await lastSaid(number);
  expect(said).toContain('maxBudget');
  expect(said).toContain('modle');
});

it('counts for commands from JIRA too', async () => {
  await settings('maxBudget: 4\n');
  await world.jira.comment(accounts.maria, ticketKey, '@dexter do this');
  const { id } = await world.until(
    (one) => one.issueKey === ticketKey && one.status === 'dispatched',
    'dispatched',
  );
  const job = world.hand.dispatched.find((one) => one.job.commandId === id)?.job;
  expect(job?.session.maxBudgetUsd).toBe(4);
  await world.claim(id);
  await world.report(id, 1, goodReport());
});

it('does not count on other branches', async () => {
  const { git, repos } = world.github.as('maria').rest;
  const { data } = await git.getRef({ ...place, ref: 'heads/main' });
  await git.createRef({ ...place, ref: 'refs/heads/sneaky', sha: data.object.sha });
  const { data: file } = await repos.getContent({ ...place, path: '.github/dexter.yml', ref: 'sneaky' });
  await repos.createOrUpdateFileContents({
    ...place,
    path: '.github/dexter.yml',
    branch: 'sneaky',
    message: 'More',
    content: Buffer.from('enabled: false\n').toString('base64'),
    sha: 'sha' in file ? file.sha : '',
  });
  const { issueKey } = await asked('@dexter do this');
  await world.until((one) => one.issueKey === issueKey && one.status === 'dispatched', 'dispatched');
});
