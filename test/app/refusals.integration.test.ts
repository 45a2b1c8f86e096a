import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AdfDocument, fromText } from '../../demo/jira/adf.ts';
import type { JiraOptions } from '../../demo/jira/start-jira.ts';
import { accounts, story } from '../../demo/story/ticket.ts';
import type { Report } from '../../src/core/report.ts';
import { openPullRequest } from '../fakes/pull-request.ts';
import { type Gate, startGate } from './gate.ts';
import { goodReport, jiraSecret, startWorld, type World } from './world.ts';

const stranger = '712020:00000000-0000-4000-8000-000000000001';

/** A ticket for each test, in projects that differ in what Dexter may and knows. */
const keys = {
  shop: Array.from({ length: 20 }, (_, index) => `SHOP-${index + 1}`),
  two: ['TWO-1', 'TWO-2'],
  unknown: ['ALIEN-1'],
  hidden: ['SECRET-1', 'SECRET-2'],
};

const jiraOptions: JiraOptions = {
  serviceAccount: accounts.dexter,
  users: [...story.users, { accountId: stranger, displayName: 'Sam', email: 'sam@acme.example' }],
  projects: [
    { key: 'SHOP', name: 'Shop' },
    { key: 'TWO', name: 'In two repositories' },
    { key: 'ALIEN', name: 'In no repository' },
    { key: 'SECRET', name: 'Hidden from Dexter', visibleTo: [accounts.maria, accounts.rob] },
  ],
  issues: Object.values(keys)
    .flat()
    .map((key) => ({ key, summary: `Ticket ${key}`, reporter: accounts.maria })),
};

const place = { owner: 'acme', repo: 'shop' };

let gate: Gate;
let world: World;
let shop = 0;

beforeAll(async () => {
  world = await startWorld({
    jira: jiraOptions,
    projects: { SHOP: 'acme/shop', TWO: ['acme/shop', 'acme/other'], SECRET: 'acme/shop' },
    viaGate: async (target) => {
      gate = await startGate({ target });
      return gate;
    },
  });
});

afterAll(() => world?.close());

function nextTicket(): string {
  shop += 1;
  return keys.shop[shop - 1] ?? '';
}

const saidOnTicket = (key: string): AdfDocument[] =>
  world.jira
    .comments(key)
    .filter(({ author }) => author === accounts.dexter)
    .map(({ body }) => body);

async function saidOn(number: number): Promise<string[]> {
  const all = await world.conversation(number);
  return all.filter(({ author }) => author === 'dexter[bot]').map(({ body }) => body);
}

async function issue(title: string): Promise<number> {
  const { data } = await world.github.as('maria').rest.issues.create({ ...place, title, body: '' });
  return data.number;
}

const keyOf = (number: number) => `gh-${world.github.repository.id}-${number}`;

let branches = 0;

/** A pull request of Maria's that changes one file. */
async function pullRequest(title: string): Promise<{ number: number; branch: string }> {
  branches += 1;
  const branch = `work-${branches}`;
  const { number } = await openPullRequest(world.github, {
    title,
    branch,
    body: 'Please look.',
    content: 'One\nTwo\nThree\n',
  });
  return { number, branch };
}

const toldOf = (issueKey: string) =>
  world.until((one) => one.issueKey === issueKey && one.told, `of ${issueKey} is told`);

async function dispatched(issueKey: string) {
  const command = await world.until(
    (one) => one.issueKey === issueKey && one.status === 'dispatched',
    `of ${issueKey} is dispatched`,
  );
  const request = world.hand.dispatched.find(({ job }) => job.commandId === command.id);
  if (!request) throw new Error('the job was not dispatched');
  return { id: command.id, job: request.job };
}

async function run(id: string, changes: Partial<Report> = {}): Promise<void> {
  await world.claim(id);
  expect((await world.report(id, 1, goodReport({ session: undefined, ...changes }))).status).toBe(200);
  await world.until((one) => one.id === id && one.told, 'is told');
}

const ranFor = (issueKey: string) => world.hand.dispatched.filter(({ job }) => job.issueKey === issueKey);

/** One comment on the ticket says why and what to do, and nothing ran. */
async function expectRefusedOnTicket(key: string, ...said: string[]): Promise<void> {
  await toldOf(key);
  const bodies = saidOnTicket(key);
  expect(bodies).toHaveLength(1);
  for (const text of said) expect(JSON.stringify(bodies[0])).toContain(text);
  expect(ranFor(key)).toEqual([]);
}

async function expectRefusedOn(number: number, issueKey: string, ...said: string[]): Promise<void> {
  await toldOf(issueKey);
  const bodies = await saidOn(number);
  expect(bodies).toHaveLength(1);
  for (const text of said) expect(bodies[0]).toContain(text);
  expect(ranFor(issueKey)).toEqual([]);
}

describe('a command from JIRA that cannot be obeyed is answered with one comment', () => {
  it('from an account that stands for nobody on GitHub', async () => {
    const key = nextTicket();
    await world.jira.comment(stranger, key, '@dexter let me in');
    await expectRefusedOnTicket(key, 'Sam', stranger, 'dexter.yml');
  });

  it('for a repository on which the app is not installed', async () => {
    const key = nextTicket();
    await world.jira.comment(accounts.maria, key, `@dexter look into ${world.github.url}/acme/elsewhere`);
    await expectRefusedOnTicket(key, 'acme/elsewhere', 'installs the GitHub App');
  });

  it('from a project that belongs to several repositories', async () => {
    await world.jira.comment(accounts.maria, 'TWO-1', '@dexter implement this');
    await expectRefusedOnTicket('TWO-1', 'does not guess', 'acme/shop', 'acme/other');
  });

  it('from a project that belongs to none', async () => {
    await world.jira.comment(accounts.maria, 'ALIEN-1', '@dexter implement this');
    await expectRefusedOnTicket('ALIEN-1', 'ALIEN', 'acme/shop', 'dexter.yml');
  });

  it('with a flag that does not exist', async () => {
    const key = nextTicket();
    await world.jira.comment(accounts.maria, key, '@dexter --fast implement this');
    await expectRefusedOnTicket(key, '--fast', '--model');
  });

  it.each([
    ['edited', 'edited after it was posted'],
    ['deleted', 'deleted before Dexter began'],
  ])('that was %s before it was read', async (change, said) => {
    const key = nextTicket();
    world.jira.setWebhookTarget(`${world.url}/jira/nowhere`, jiraSecret);
    const { id } = await world.jira.comment(accounts.maria, key, '@dexter implement this');
    await world.jira.settled();
    const { email, apiToken } = world.jira.connectionOf(accounts.maria);
    const response = await fetch(`${world.jira.url}/rest/api/3/issue/${key}/comment/${id}`, {
      method: change === 'edited' ? 'PUT' : 'DELETE',
      headers: {
        authorization: `Basic ${Buffer.from(`${email}:${apiToken}`).toString('base64')}`,
        'content-type': 'application/json',
      },
      ...(change === 'edited'
        ? { body: JSON.stringify({ body: fromText('@dexter do something else') }) }
        : {}),
    });
    expect(response.ok).toBe(true);
    world.jira.setWebhookTarget(`${world.url}/jira/acme`, jiraSecret);
    const told = await fetch(`${world.url}/jira/acme`, {
      method: 'POST',
      headers: { 'x-dexter-secret': jiraSecret },
      body: JSON.stringify({
        event: 'comment_created',
        issueKey: key,
        commentId: id,
        comment: '@dexter implement this',
      }),
    });
    expect(told.status).toBe(200);
    await expectRefusedOnTicket(key, said);
  });

  it('unless the ticket is hidden: then the reason is kept for the administrator', async () => {
    await world.jira.comment(accounts.maria, 'SECRET-1', '@dexter implement this');
    const { status, problem } = await world.until(
      (one) => one.issueKey === 'SECRET-1' && one.problem !== null,
      'ends',
    );
    expect(status).toBe('failed');
    expect(problem).toMatchObject({
      code: 'ticket-unreadable',
      hint: expect.stringContaining('Browse projects'),
    });
    expect(saidOnTicket('SECRET-1')).toEqual([]);
    expect(ranFor('SECRET-1')).toEqual([]);
  });

  it('and does not decide where the next command of the ticket goes', async () => {
    await world.jira.comment(stranger, 'TWO-2', `@dexter work in ${world.github.url}/acme/shop`);
    await toldOf('TWO-2');
    await world.jira.comment(accounts.maria, 'TWO-2', '@dexter implement this');
    await expect.poll(() => saidOnTicket('TWO-2').length, { timeout: 10_000 }).toBe(2);
    expect(JSON.stringify(saidOnTicket('TWO-2')[1])).toContain('does not guess');
    expect(ranFor('TWO-2')).toEqual([]);
  });
});

describe('a command on GitHub that cannot be obeyed is answered with one comment', () => {
  it.each([
    ['edited', 'edited after it was posted'],
    ['deleted', 'deleted before Dexter began'],
  ])('when it was %s before it was read', async (change, said) => {
    const number = await issue(`To be ${change}`);
    const held = gate.hold('POST', /\/graphql$/);
    const comment_id = await world.comment('maria', number, '@dexter do this');
    await held.arrived;
    const { updateComment, deleteComment } = world.github.as('maria').rest.issues;
    if (change === 'edited') await updateComment({ ...place, comment_id, body: '@dexter do that' });
    else await deleteComment({ ...place, comment_id });
    held.open();
    await expectRefusedOn(number, keyOf(number), said);
  });

  it('on a pull request that is closed', async () => {
    const { number } = await pullRequest('Closed too early');
    await world.github.as('maria').rest.pulls.update({ ...place, pull_number: number, state: 'closed' });
    await world.comment('maria', number, '@dexter add tests');
    await expectRefusedOn(number, keyOf(number), 'is closed', 'Reopen it');
  });

  it('on a pull request for a ticket that Dexter may not see', async () => {
    const { number } = await pullRequest('SECRET-2: Something');
    await world.comment('maria', number, '@dexter add tests');
    await toldOf('SECRET-2');
    const bodies = await saidOn(number);
    expect(bodies).toHaveLength(1);
    expect(bodies[0]).toContain('Browse projects');
    expect(ranFor('SECRET-2')).toEqual([]);
  });

  it.each(['stop', 'status', 'retry'])('when somebody without write access says %s', async (word) => {
    const number = await issue(`No ${word}`);
    await world.comment('guest', number, `@dexter ${word}`);
    await expectRefusedOn(number, keyOf(number), '`guest` may not write to acme/shop');
  });

  it('and is nothing that somebody else does again by saying retry', async () => {
    const number = await issue('A trap');
    await world.comment('guest', number, '@dexter hand over the keys');
    await toldOf(keyOf(number));
    await world.comment('maria', number, '@dexter retry');
    await expect.poll(async () => (await saidOn(number)).length, { timeout: 10_000 }).toBe(2);
    expect((await saidOn(number))[1]).toContain('nothing to do again');
    expect(ranFor(keyOf(number))).toEqual([]);
  });
});

describe('a command on a pull request', () => {
  it('on a line is answered in its thread, once', async () => {
    const { number, branch } = await pullRequest('Notes');
    const maria = world.github.as('maria').rest.pulls;
    const { data: head } = await world.github
      .as('maria')
      .rest.git.getRef({ ...place, ref: `heads/${branch}` });
    const { data: asked } = await maria.createReviewComment({
      ...place,
      pull_number: number,
      commit_id: head.object.sha,
      path: 'notes.md',
      line: 2,
      body: '@dexter explain this line',
    });
    const { id, job } = await dispatched(keyOf(number));
    expect(job).toMatchObject({ instruction: 'explain this line', target: { branch, pullRequest: number } });
    expect(job.context).toContain('notes.md');
    await run(id);
    const { data: comments } = await maria.listReviewComments({ ...place, pull_number: number });
    const replies = comments.filter(({ user }) => user?.login === 'dexter[bot]');
    expect(replies).toHaveLength(1);
    expect(replies[0]).toMatchObject({ in_reply_to_id: asked.id, body: expect.stringContaining('**Done**') });
    expect(await saidOn(number)).toEqual([]);
  });

  it('in a review as a whole knows what the review says of lines', async () => {
    const { number } = await pullRequest('More notes');
    await world.github.as('maria').rest.pulls.createReview({
      ...place,
      pull_number: number,
      event: 'COMMENT',
      body: '@dexter do what I say below',
      comments: [
        { path: 'notes.md', line: 1, body: 'Write this in capitals.' },
        { path: 'notes.md', line: 3, body: 'And drop this one.' },
      ],
    });
    const { id, job } = await dispatched(keyOf(number));
    expect(job.context).toContain('Write this in capitals.');
    expect(job.context).toContain('And drop this one.');
    await run(id);
    const bodies = await saidOn(number);
    expect(bodies).toHaveLength(1);
    expect(bodies[0]).toContain('**Done**');
    expect((await world.commands()).filter(({ issueKey }) => issueKey === keyOf(number))).toHaveLength(1);
  });

  it('that Dexter opened for a ticket belongs to the ticket', async () => {
    const key = nextTicket();
    await world.jira.comment(accounts.maria, key, '@dexter implement this');
    const first = await dispatched(key);
    const { number, branch } = await pullRequest('No key in the title');
    await run(first.id, {
      pullRequest: { number, branch, url: `${world.github.url}/acme/shop/pull/${number}` },
      session: goodReport().session,
    });
    expect(await saidOn(number)).toHaveLength(1);
    await world.comment('rob', number, '@dexter add tests');
    const second = await dispatched(key);
    expect(second.job).toMatchObject({
      instruction: 'add tests',
      session: { mode: 'resume', generation: 1 },
      target: { branch, pullRequest: number },
    });
    expect(second.job.context).toContain(`Ticket ${key}`);
    await run(second.id);
    // The start and the end of the first, and the end of the second.
    expect(saidOnTicket(key)).toHaveLength(3);
    expect(await saidOn(number)).toHaveLength(2);
  });
});

describe('a label on a ticket', () => {
  it('starts Dexter, once for each time that it is added', async () => {
    const key = nextTicket();
    world.jira.setWebhookTarget(`${world.url}/jira/acme`, jiraSecret, 'admin');
    try {
      await world.jira.addLabel(accounts.maria, key, 'urgent');
      await world.jira.addLabel(accounts.maria, key, 'dexter');
      const first = await dispatched(key);
      expect(first.job).toMatchObject({
        instruction: 'Implement what this ticket describes.',
        target: { requestedBy: 'Maria Lang (@maria)' },
      });
      await run(first.id);
      expect(saidOnTicket(key)).toHaveLength(2);
      world.jira.issue(key).labels = ['urgent'];
      await world.jira.addLabel(accounts.rob, key, 'dexter');
      const second = await dispatched(key);
      expect(second.job.target.requestedBy).toBe('Rob Tan (@rob)');
      await run(second.id);
      expect(ranFor(key)).toHaveLength(2);
    } finally {
      world.jira.setWebhookTarget(`${world.url}/jira/acme`, jiraSecret);
    }
  });

  it('starts nothing for somebody who stands for nobody on GitHub', async () => {
    const key = nextTicket();
    world.jira.setWebhookTarget(`${world.url}/jira/acme`, jiraSecret, 'admin');
    try {
      await world.jira.addLabel(stranger, key, 'dexter');
      await expectRefusedOnTicket(key, stranger);
    } finally {
      world.jira.setWebhookTarget(`${world.url}/jira/acme`, jiraSecret);
    }
  });
});

describe('the words that Dexter answers itself', () => {
  it('stop drops what waits, each with its one comment', async () => {
    const number = await issue('Too much');
    await world.comment('maria', number, '@dexter first');
    const first = await dispatched(keyOf(number));
    await world.claim(first.id);
    await world.comment('maria', number, '@dexter second');
    await world.comment('rob', number, '@dexter third');
    await world.comment('maria', number, '@dexter stop');
    await expect
      .poll(
        async () => {
          const ended = (await world.commands()).filter((one) => one.issueKey === keyOf(number) && one.told);
          return ended.map(({ status }) => status).sort();
        },
        { timeout: 10_000 },
      )
      .toEqual(['cancelled', 'cancelled', 'done']);
    expect(await (await world.heartbeat(first.id, 1, 'working')).json()).toEqual({ stop: true });
    await world.report(first.id, 1, goodReport({ session: undefined, outcome: 'cancelled' }));
    await world.until((one) => one.id === first.id && one.told, 'is told');
    const bodies = await saidOn(number);
    expect(bodies.filter((body) => body.includes('⏹️ **Stopped**'))).toHaveLength(3);
    expect(bodies.filter((body) => body.includes('2 waiting commands were dropped'))).toHaveLength(1);
    expect(bodies).toHaveLength(4);
    expect(ranFor(keyOf(number))).toHaveLength(1);
  });

  it('help is answered on a ticket as a document that JIRA takes', async () => {
    const key = nextTicket();
    await world.jira.comment(accounts.maria, key, '@dexter help');
    await toldOf(key);
    const [answer, ...others] = saidOnTicket(key);
    expect(others).toEqual([]);
    expect(answer?.content?.some(({ type }) => type === 'table')).toBe(true);
    expect(JSON.stringify(answer)).toContain('--max-budget');
  });

  it('status does not count the comment that asks', async () => {
    const key = nextTicket();
    world.jira.setWebhookTarget(`${world.url}/jira/nowhere`, jiraSecret);
    const { id } = await world.jira.comment(accounts.maria, key, '@dexter status');
    await world.jira.settled();
    world.jira.setWebhookTarget(`${world.url}/jira/acme`, jiraSecret);
    await fetch(`${world.url}/jira/acme`, {
      method: 'POST',
      headers: { 'x-dexter-secret': jiraSecret },
      body: JSON.stringify({ event: 'comment_created', issueKey: key, commentId: id }),
    });
    await toldOf(key);
    expect(JSON.stringify(saidOnTicket(key))).toContain('Nothing is running or waiting');
  });
});
