import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accounts, ticketKey } from '../../demo/story/ticket.ts';
import type { Report } from '../../src/core/report.ts';
import { resumed } from '../report/reports.ts';
import { goodReport, startWorld, type World } from './world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.close());

async function ran(issueKey: string, ask: () => Promise<unknown>, report: Report): Promise<void> {
  const before = new Set((await world.commands()).map(({ id }) => id));
  await ask();
  const command = await world.until(
    (one) => one.issueKey === issueKey && one.status === 'dispatched' && !before.has(one.id),
    'dispatched',
  );
  await world.claim(command.id);
  expect((await world.report(command.id, 1, report)).status).toBe(200);
  await world.until((one) => one.id === command.id && one.told, 'told');
}

describe('the cost of an issue', () => {
  it('is answered on a GitHub issue: each run, and all of them', async () => {
    const { data: issue } = await world.github
      .as('maria')
      .rest.issues.create({ owner: 'acme', repo: 'shop', title: 'Round', body: 'Please.' });
    const issueKey = `gh-${world.github.repository.id}-${issue.number}`;
    const comment = (login: string, body: string) => () => world.comment(login, issue.number, body);
    const answered = async (count: number) => {
      await world.comment('maria', issue.number, '@dexter cost');
      await expect
        .poll(
          async () => (await world.commands()).filter((one) => one.issueKey === issueKey && one.told).length,
          { timeout: 30_000 },
        )
        .toBe(count);
      return (await world.conversation(issue.number)).at(-1)?.body ?? '';
    };
    expect(await answered(1)).toContain('Nothing has run for this issue yet.');

    await ran(issueKey, comment('maria', '@dexter fix | the `rounding`'), goodReport({ costUsd: 0.5 }));
    const followUp = { ...resumed, outcome: 'failed' as const, costUsd: 0.25 };
    await ran(issueKey, comment('rob', '@dexter add tests'), followUp);
    const text = await answered(4);
    expect(text).toContain('**$0.75 for 2 runs · 71 % less than cold starts**');
    const rows = text.split('\n').filter((line) => line.startsWith('| '));
    expect(rows).toHaveLength(5);
    expect(rows[2]).toMatch(
      /^\| \d{4}-\d\d-\d\d \d\d:\d\d \| `maria` \| `` fix \\\| the `rounding` `` \| new \| [\d,]+ \| \$0\.50 \| – \|$/,
    );
    expect(rows[3]).toMatch(
      /\| `rob` \| `add tests` \(failed\) \| compacted \| 66,703 \| \$0\.25 \| \$0\.28 \|$/,
    );
    expect(rows[4]).toMatch(/^\| \*\*All\*\* \| \| 2 runs \| .*\*\*\$0\.75\*\* \| \*\*\$0\.28\*\* \|$/);
    expect(text).toContain('Saved is against a cold start');
  });

  it('is not told to somebody without write access', async () => {
    const { data: issue } = await world.github
      .as('maria')
      .rest.issues.create({ owner: 'acme', repo: 'shop', title: 'Secret', body: '' });
    await world.comment('guest', issue.number, '@dexter cost');
    const issueKey = `gh-${world.github.repository.id}-${issue.number}`;
    await world.until((one) => one.issueKey === issueKey && one.status === 'refused' && one.told, 'refused');
    expect((await world.conversation(issue.number)).at(-1)?.body).toContain('may not write to acme/shop');
  });

  it('is answered on a JIRA ticket', async () => {
    await ran(
      ticketKey,
      () => world.jira.comment(accounts.maria, ticketKey, '@dexter implement this'),
      goodReport({ costUsd: 0.5 }),
    );
    await world.jira.comment(accounts.maria, ticketKey, '@dexter cost');
    const own = () => world.jira.comments(ticketKey).filter(({ author }) => author === accounts.dexter);
    await expect
      .poll(() => JSON.stringify(own().at(-1)?.body), { timeout: 30_000 })
      .toContain('$0.50 for 1 run');
    const body = JSON.stringify(own().at(-1)?.body);
    expect(body).toContain('"tableRow"');
    expect(body).toContain('Maria Lang');
  });
});
