import { afterEach, beforeEach, expect, it } from 'vitest';
import { accounts, ticketKey } from '../../demo/story/ticket.ts';
import type { Report } from '../../src/core/report.ts';
import { goodReport, startWorld, type World } from './world.ts';

const place = { owner: 'acme', repo: 'shop' };

let world: World;

// Each test has a world of its own: what one spends would count for the people of the others.
beforeEach(async () => {
  world = await startWorld({ budgets: { issue: 10, repositories: {} } });
});

afterEach(() => world?.close());

/** The settings of the repository from now on. */
async function settings(text: string): Promise<void> {
  const { repos } = world.github.as('maria').rest;
  const path = '.github/dexter.yml';
  const sha = await repos
    .getContent({ ...place, path })
    .then(({ data }) => ('sha' in data ? data.sha : undefined))
    .catch(() => undefined);
  await repos.createOrUpdateFileContents({
    ...place,
    path,
    message: 'Settings',
    content: Buffer.from(text).toString('base64'),
    ...(sha ? { sha } : {}),
  });
}

interface Issue {
  number: number;
  key: string;
}

async function newIssue(): Promise<Issue> {
  const { data } = await world.github.as('maria').rest.issues.create({ ...place, title: 'Please' });
  return { number: data.number, key: `gh-${world.github.repository.id}-${data.number}` };
}

/** Comments, and waits until that has come to a run or to its end. */
async function ask({ number, key }: Issue, body: string, login = 'maria') {
  const before = new Set((await world.commands()).map(({ id }) => id));
  await world.comment(login, number, body);
  return begun(key, before);
}

async function begun(key: string, before: ReadonlySet<string>) {
  const command = await world.until(
    ({ id, issueKey, status, told }) =>
      issueKey === key && !before.has(id) && (status === 'dispatched' || told),
    `of ${key} begun or told`,
  );
  const job = world.hand.dispatched.find((one) => one.job.commandId === command.id)?.job;
  return { ...command, job, cap: job?.session.maxBudgetUsd, budgetOf: job?.session.budgetOf };
}

/** Ends a run that has cost so much. */
async function end(id: string, changes: Partial<Report>): Promise<void> {
  await world.claim(id);
  expect((await world.report(id, 1, goodReport({ session: undefined, ...changes }))).status).toBe(200);
  await world.until((one) => one.id === id && one.told, 'told');
}

const lastSaid = async ({ number }: Issue) => (await world.conversation(number)).at(-1)?.body;

it('gives each run what is left for its issue, and begins none when nothing is', async () => {
  const issue = await newIssue();
  const first = await ask(issue, '@dexter do the first');
  expect(first).toMatchObject({ cap: 10, budgetOf: { scope: 'issue', setBy: 'app', limitUsd: 10 } });
  await end(first.id, { costUsd: 6.6 });

  const second = await ask(issue, '@dexter do the second');
  expect(second).toMatchObject({ cap: 3.4, budgetOf: { scope: 'issue', setBy: 'app', limitUsd: 10 } });
  // A little more than it was given: the engine stops after the request that passed it.
  await end(second.id, { costUsd: 3.45 });

  const third = await ask(issue, '@dexter do the third');
  expect(third).toMatchObject({ status: 'refused', job: undefined, problem: { code: 'budget-spent' } });
  const said = await lastSaid(issue);
  expect(said).toContain('🚫 **Not started**');
  expect(said).toContain('This issue has cost $10.05; the budget of an issue is $10.00.');
  expect(said).toContain("An administrator of Dexter can raise `budgets.issue` in the app's `dexter.yml`");

  const status = await ask(issue, '@dexter status');
  expect(status.status).toBe('done');
  expect(await lastSaid(issue)).toContain('- $0.00 of $10.00 left for this issue');
  // Whoever has spent everything may still have the session removed.
  expect(await ask(issue, '@dexter forget')).toMatchObject({ status: 'dispatched', cap: undefined });
});

it('counts what failed and what was stopped', async () => {
  await settings('budgets: {issue: 3}\n');
  const issue = await newIssue();
  const first = await ask(issue, '@dexter do the first');
  expect(first).toMatchObject({ cap: 3, budgetOf: { setBy: 'repository' } });
  await end(first.id, { outcome: 'cancelled', costUsd: 1 });

  const second = await ask(issue, '@dexter do the second --max-budget 1.5');
  expect(second).toMatchObject({ cap: 1.5, budgetOf: { scope: 'run', setBy: 'command' } });
  const problem = { code: 'engine-failed', message: 'It broke.', hint: '' } as const;
  await end(second.id, { outcome: 'failed', problem, costUsd: 1.25 });

  expect(await ask(issue, '@dexter do the third')).toMatchObject({ cap: 0.75 });
});

it('counts all that a run was given when its cost is not known', async () => {
  await settings('budgets: {issue: 3}\n');
  const issue = await newIssue();
  const first = await ask(issue, '@dexter do the first --max-budget 2');
  await end(first.id, { costUsd: null });
  expect(await ask(issue, '@dexter do the second')).toMatchObject({ cap: 1 });
});

it('does again what was refused once somebody has raised the budget', async () => {
  await settings('budgets: {issue: 1}\n');
  const issue = await newIssue();
  const first = await ask(issue, '@dexter do the first');
  await end(first.id, { costUsd: 1 });
  const refused = await ask(issue, '@dexter do the second --model opus');
  expect(refused.problem?.hint).toBe(
    'Whoever may change `.github/dexter.yml` on the default branch can raise `budgets.issue` there. Then `retry`.',
  );

  await settings('budgets: {issue: 5}\n');
  const again = await ask(issue, '@dexter retry');
  expect(again).toMatchObject({ cap: 4, job: { instruction: 'do the second', session: { model: 'opus' } } });
});

it('does not give the same dollars to two issues at once', async () => {
  await settings('budgets: {personPerDay: 15}\n');
  const issues = [await newIssue(), await newIssue(), await newIssue()];
  const before = new Set((await world.commands()).map(({ id }) => id));
  await Promise.all(issues.map(({ number }) => world.comment('rob', number, '@dexter do it')));
  const all = await Promise.all(issues.map(({ key }) => begun(key, before)));

  const [most, rest, none] = all.toSorted((a, b) => (b.cap ?? 0) - (a.cap ?? 0));
  expect([most?.cap, rest?.cap]).toEqual([10, 5]);
  expect(none).toMatchObject({ status: 'refused', problem: { code: 'budget-spent' } });
  expect(none?.problem?.message).toBe(
    '`rob` has spent $0.00 today (UTC) in this repository, and $15.00 more is held for runs that go on; the budget of a person and day in this repository is $15.00.',
  );

  await end(most?.id ?? '', { costUsd: 1 });
  const third = issues.find(({ key }) => key === none?.issueKey);
  if (!third) throw new Error('no refused issue');
  expect(await ask(third, '@dexter retry', 'rob')).toMatchObject({ cap: 9 });
  // Somebody else has a day of their own.
  expect(await ask(await newIssue(), '@dexter do it', 'maria')).toMatchObject({ status: 'dispatched' });
});

it('takes what a person spends on JIRA and on GitHub together', async () => {
  const issue = await newIssue();
  const first = await ask(issue, '@dexter do this');
  await end(first.id, { costUsd: 2 });

  await settings('budgets: {personPerDay: 2}\n');
  const before = new Set((await world.commands()).map(({ id }) => id));
  await world.jira.comment(accounts.maria, ticketKey, '@dexter do this');
  const refused = await begun(ticketKey, before);
  expect(refused).toMatchObject({ status: 'refused', problem: { code: 'budget-spent' } });
  expect(refused.problem?.message).toMatch(/^`maria` has spent \$2\.00 today \(UTC\) in this repository/);
});

it('begins nothing where nothing may be spent', async () => {
  await settings('budgets: {repositoryPerMonth: 0}\n');
  const issue = await newIssue();
  expect(await ask(issue, '@dexter do this')).toMatchObject({ status: 'refused', job: undefined });
  expect(await lastSaid(issue)).toContain(
    'The budget of this repository and month is $0.00, so nothing may be spent.',
  );
});
