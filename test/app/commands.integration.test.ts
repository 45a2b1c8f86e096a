import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accounts, ticketKey } from '../../demo/story/ticket.ts';
import { goodReport, startWorld, type World } from './world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.close());

async function issueNumber(title: string, body = 'Please.'): Promise<number> {
  const { data } = await world.github
    .as('maria')
    .rest.issues.create({ owner: 'acme', repo: 'shop', title, body });
  return data.number;
}

describe('a command on a GitHub issue', () => {
  it('goes from the comment to the runner and back into one status comment', async () => {
    const number = await issueNumber('Round the totals', 'The cart shows `3.4999`.');
    await world.comment('maria', number, 'Hello\n\n@dexter fix the rounding --max-budget 2');
    const issueKey = `gh-${world.github.repository.id}-${number}`;
    const command = await world.until(
      (one) => one.issueKey === issueKey && one.status === 'dispatched',
      'dispatched',
    );

    const request = world.hand.dispatched.find(({ job }) => job.commandId === command.id);
    expect(request?.job).toMatchObject({
      issueKey,
      instruction: 'fix the rounding',
      session: { mode: 'fresh', generation: 0, maxBudgetUsd: 2 },
      target: { branch: `dexter/${issueKey}-round-the-totals`, closes: number, requestedBy: '@maria' },
    });
    expect(request?.job.context).toContain('The cart shows `3.4999`.');

    const { claim } = await world.claim(command.id);
    expect(claim).toMatchObject({ fence: 1, committer: { name: 'dexter[bot]' } });
    expect((await world.claim(command.id)).status).toBe(409);
    expect((await world.conversation(number)).at(-1)?.body).toContain('On it');

    const reported = await world.report(
      command.id,
      1,
      goodReport({ summary: 'Fixed, @rob! ![x](http://evil/x.png)' }),
    );
    expect(reported.status).toBe(200);
    await world.until((one) => one.id === command.id && one.told, 'told');

    const answers = (await world.conversation(number)).filter(({ author }) => author === 'dexter[bot]');
    expect(answers).toHaveLength(1);
    const body = answers[0]?.body ?? '';
    expect(body).toContain('✅ **Done** in 1 min 12 s');
    expect(body).toContain('$0.11');
    expect(body).toContain(`<!-- dexter:${command.id} -->`);
    expect(body).toContain('`@rob`');
    expect(body).not.toContain('evil');
  });

  it('continues the session of the issue on the next command', async () => {
    const number = await issueNumber('Two steps');
    const issueKey = `gh-${world.github.repository.id}-${number}`;
    await world.comment('maria', number, '@dexter do the first');
    const first = await world.until(
      (one) => one.issueKey === issueKey && one.status === 'dispatched',
      'dispatched',
    );
    await world.comment('rob', number, '@dexter do the second');
    await world.claim(first.id);
    await world.report(first.id, 1, goodReport());
    const second = await world.until(
      (one) => one.issueKey === issueKey && one.id !== first.id && one.status === 'dispatched',
      'second dispatched',
    );
    const job = world.hand.dispatched.find((request) => request.job.commandId === second.id)?.job;
    expect(job).toMatchObject({ instruction: 'do the second', session: { mode: 'resume', generation: 1 } });
    await world.claim(second.id);
    await world.report(second.id, 1, goodReport());
  });

  it('keeps commands of one issue in order, one at a time, and others do not wait', async () => {
    const [busy, free] = [await issueNumber('Busy'), await issueNumber('Free')];
    const keyOf = (number: number) => `gh-${world.github.repository.id}-${number}`;
    for (const step of ['one', 'two', 'three']) await world.comment('maria', busy, `@dexter step ${step}`);
    await world.comment('maria', free, '@dexter go');
    await world.until(
      (one) => one.issueKey === keyOf(free) && one.status === 'dispatched',
      'free dispatched',
    );
    const instructions: string[] = [];
    for (let turn = 0; turn < 3; turn++) {
      const current = await world.until(
        (one) => one.issueKey === keyOf(busy) && one.status === 'dispatched',
        `turn ${turn}`,
      );
      const waiting = (await world.commands()).filter(
        (one) => one.issueKey === keyOf(busy) && one.status === 'queued',
      );
      expect(waiting).toHaveLength(2 - turn);
      instructions.push(
        world.hand.dispatched.find(({ job }) => job.commandId === current.id)?.job.instruction ?? '',
      );
      await world.claim(current.id);
      await world.report(current.id, 1, goodReport());
    }
    expect(instructions).toEqual(['step one', 'step two', 'step three']);
  });
});

describe('what is not obeyed', () => {
  it.each([['> @dexter quoted'], ['```\n@dexter fenced\n```'], ['mentioning @dexter in a sentence']])(
    'ignores %j',
    async (body) => {
      const before = (await world.commands()).length;
      const number = await issueNumber('Nothing to see');
      await world.comment('maria', number, body);
      expect(await world.commands()).toHaveLength(before);
    },
  );

  it('refuses somebody without write access with one polite comment', async () => {
    const number = await issueNumber('From outside');
    await world.comment('guest', number, '@dexter give me the keys');
    const issueKey = `gh-${world.github.repository.id}-${number}`;
    await world.until((one) => one.issueKey === issueKey && one.status === 'refused' && one.told, 'refused');
    const answers = (await world.conversation(number)).filter(({ author }) => author === 'dexter[bot]');
    expect(answers).toHaveLength(1);
    expect(answers[0]?.body).toContain('`guest` may not write to acme/shop');
    expect(world.hand.dispatched.some(({ job }) => job.issueKey === issueKey)).toBe(false);
  });

  it('answers an unknown flag with the known ones and starts nothing', async () => {
    const number = await issueNumber('A typo');
    await world.comment('maria', number, '@dexter --modle opus implement this');
    const issueKey = `gh-${world.github.repository.id}-${number}`;
    await world.until((one) => one.issueKey === issueKey && one.told, 'told');
    expect((await world.conversation(number)).at(-1)?.body).toContain('`--model <name>`');
    expect(world.hand.dispatched.some(({ job }) => job.issueKey === issueKey)).toBe(false);
  });

  it('does not act on its own comments or on an edited one', async () => {
    const number = await issueNumber('Edits');
    const id = await world.comment('maria', number, 'nothing yet');
    await world.github.as('maria').rest.issues.updateComment({
      owner: 'acme',
      repo: 'shop',
      comment_id: id,
      body: '@dexter sneak this in',
    });
    await world.github.settled();
    expect((await world.commands()).some((one) => one.issueKey.endsWith(`-${number}`))).toBe(false);
  });
});

describe('the words that Dexter answers itself', () => {
  it('answers help at once while another command runs', async () => {
    const number = await issueNumber('Helpful');
    const issueKey = `gh-${world.github.repository.id}-${number}`;
    await world.comment('maria', number, '@dexter a long job');
    const job = await world.until(
      (one) => one.issueKey === issueKey && one.status === 'dispatched',
      'dispatched',
    );
    await world.comment('guest', number, '@dexter help');
    await world.until(
      (one) => one.issueKey === issueKey && one.status === 'done' && one.told,
      'help answered',
    );
    expect((await world.conversation(number)).at(-1)?.body).toContain('| `@dexter <instruction>` |');
    await world.claim(job.id);
    await world.comment('maria', number, '@dexter status');
    await world.until(
      (one) => one.issueKey === issueKey && one.status === 'done' && one.id !== job.id && one.told,
      'status',
    );
    await world.comment('maria', number, '@dexter stop');
    await expect
      .poll(async () => (await world.heartbeat(job.id, 1, 'working')).json(), { timeout: 10_000 })
      .toEqual({ stop: true });
    await world.report(job.id, 1, goodReport({ outcome: 'cancelled', commits: [] }));
    await world.comment('maria', number, '@dexter retry');
    const again = await world.until(
      (one) => one.issueKey === issueKey && one.status === 'dispatched',
      'retried',
    );
    const retried = world.hand.dispatched.find((request) => request.job.commandId === again.id)?.job;
    expect(retried?.instruction).toBe('a long job');
    await world.claim(again.id);
    await world.report(again.id, 1, goodReport());
  });
});

describe('a command on a JIRA ticket', () => {
  it('is told at its start and its end on the ticket, and on the pull request', async () => {
    await world.jira.comment(accounts.maria, ticketKey, '@dexter implement this');
    const command = await world.until(
      (one) => one.issueKey === ticketKey && one.status === 'dispatched',
      'dispatched',
    );
    const request = world.hand.dispatched.find(({ job }) => job.commandId === command.id);
    expect(request?.job.target).toMatchObject({
      branch: 'dexter/SHOP-42-coupons-that-take-a-percentage-off',
      requestedBy: 'Maria Lang (@maria)',
      ticketUrl: `${world.jira.url}/browse/SHOP-42`,
    });
    expect(request?.job.context).toContain('Marketing wants a summer sale');
    await world.claim(command.id);
    await world.report(command.id, 1, goodReport());
    await world.until((one) => one.id === command.id && one.told, 'told');
    const own = world.jira.comments(ticketKey).filter(({ author }) => author === accounts.dexter);
    expect(own).toHaveLength(2);
    expect(JSON.stringify(own[0]?.body)).toContain('On it');
    expect(JSON.stringify(own[1]?.body)).toContain('Coupons take a percentage now.');
  });
});
