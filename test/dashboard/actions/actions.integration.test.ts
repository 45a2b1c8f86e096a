import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accounts, story, ticketKey } from '../../../demo/story/ticket.ts';
import { showCost } from '../../../src/cli/show-cost.ts';
import { CommandsMeant, StatusFacts } from '../../../src/core/facts.ts';
import type { Report } from '../../../src/core/report.ts';
import type { Viewer } from '../../../src/core/viewer.ts';
import { formTokens } from '../../../src/dashboard/actions/form-tokens.ts';
import { forgetPath, purposes } from '../../../src/dashboard/actions/forms.ts';
import { type Database, openDatabase } from '../../../src/ledger/database.ts';
import { factsOfLedger } from '../../../src/ledger/facts.ts';
import { goodReport, type ListedCommand, startWorld, type World } from '../../app/world.ts';
import { fakeTerminal } from '../../cli/fake-terminal.ts';
import { logLines } from '../../fakes/log-lines.ts';
import { openPullRequest } from '../../fakes/pull-request.ts';
import { startPgliteServer } from '../../ledger/pglite-server.ts';
import { browser, viewerHeader } from './browser.ts';

let server: Awaited<ReturnType<typeof startPgliteServer>>;
let database: Database;
let world: World;
let page: ReturnType<typeof browser>;
const viewers = new Map<string, Viewer>();
const { log, lines } = logLines();

const ticket = (key: string) => ({ key, summary: `Ticket ${key}`, reporter: accounts.maria });

const open: Viewer = { name: 'this machine', scope: 'all', isAdministrator: true };

beforeAll(async () => {
  server = await startPgliteServer();
  world = await startWorld({
    databaseUrl: server.url,
    log,
    jira: { ...story, issues: [...story.issues, ticket('SHOP-7'), ticket('SHOP-8'), ticket('SHOP-9')] },
    access: { viewerOf: async (c) => viewers.get(c.req.header(viewerHeader) ?? '') ?? open },
  });
  database = await openDatabase({ url: server.url, directory: '' });
  page = browser(world);
  for (const [login, isAdministrator] of [
    ['maria', true],
    ['rob', false],
    ['guest', false],
  ] as const) {
    const { data } = await world.github.as(login).rest.users.getAuthenticated();
    viewers.set(login, {
      name: login,
      id: data.id,
      scope: isAdministrator ? 'all' : [world.github.repository.id],
      isAdministrator,
    });
  }
  // Somebody of another tenant: signed in, and with access to other repositories alone.
  viewers.set('mallory', { name: 'mallory', id: 666, scope: [4711], isAdministrator: false });
});

afterAll(async () => {
  await world?.close();
  await database?.close();
  await server?.close();
});

const as = (login: string): Viewer => {
  const viewer = viewers.get(login);
  if (!viewer) throw new Error(`nobody is called ${login}`);
  return viewer;
};

const place = { owner: 'acme', repo: 'shop' };
const keyOf = (number: number) => `gh-${world.github.repository.id}-${number}`;

async function newIssue(title: string): Promise<number> {
  const { data } = await world.github.as('maria').rest.issues.create({ ...place, title, body: 'Please.' });
  return data.number;
}

const ask = (viewer: Viewer, issue: string | number, text: string, more: Record<string, string> = {}) =>
  page.press(viewer, purposes.ask(), '/actions/ask', {
    repository: 'acme/shop',
    issue: String(issue),
    text,
    ...more,
  });

const retry = (viewer: Viewer, command: string) =>
  page.press(viewer, purposes.retry(command), '/actions/retry', { command });

function onIssue(word: 'stop' | 'forget', viewer: Viewer, issueKey: string, repositoryId?: number) {
  const issue = { repositoryId: repositoryId ?? world.github.repository.id, issueKey };
  return page.press(viewer, purposes[word](issue), `/actions/${word}`, {
    repository: String(issue.repositoryId),
    issue: issueKey,
  });
}

const until = (id: string, status: string) =>
  world.until((one) => one.id === id && one.status === status, `${status}: ${id}`);
const told = (id: string) => world.until((one) => one.id === id && one.told, `told: ${id}`);
const jobOf = (id: string) => world.hand.dispatched.find(({ job }) => job.commandId === id)?.job;

async function run(id: string, report: Report = goodReport()): Promise<ListedCommand> {
  await until(id, 'dispatched');
  await world.claim(id);
  expect((await world.report(id, 1, report)).status).toBe(200);
  return told(id);
}

/** The comment of a command, wherever it stands on the issue. */
async function commentOf(number: number, id: string): Promise<string> {
  return (await world.conversation(number)).find(({ body }) => body.includes(`dexter:${id}`))?.body ?? '';
}

const audited = (outcome: string) =>
  database.kysely
    .selectFrom('audit')
    .selectAll()
    .where('outcome', '=', outcome)
    .orderBy('at', 'desc')
    .limit(1)
    .executeTakeFirst();

const countCommands = async () =>
  Number(
    (
      await database.kysely
        .selectFrom('commands')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow()
    ).count,
  );

const failed: Report = {
  ...goodReport({ outcome: 'failed', summary: '' }),
  problem: { code: 'engine-failed', message: 'The model did not answer.', hint: 'Use `retry`.' },
};

describe('what is asked by hand', () => {
  it('on a GitHub issue goes to a runner, and the issue is told who asked what', async () => {
    const number = await newIssue('By hand');
    const { status, commandId } = await ask(as('rob'), `#${number}`, 'add a <b>README</b>\nwith two lines', {
      model: 'claude-opus-4-5',
      budget: '2',
    });
    expect(status).toBe(303);
    await until(commandId, 'dispatched');
    expect(jobOf(commandId)).toMatchObject({
      issueKey: keyOf(number),
      instruction: 'add a <b>README</b>\nwith two lines',
      session: { mode: 'fresh', model: 'claude-opus-4-5', maxBudgetUsd: 2 },
      target: { closes: number, requestedBy: '@rob' },
    });
    const begun = await commentOf(number, commandId);
    expect(begun).toContain('On it');
    expect(begun).toContain('`add a <b>README</b>`\\\n> Asked on the dashboard by `rob`.');
    await run(commandId);
    const ended = await world.conversation(number);
    expect(ended).toHaveLength(1);
    expect(ended[0]?.body).toContain('✅ **Done**');
    expect(ended[0]?.body).toContain('Asked on the dashboard by `rob`.');
    const [listed] = (await world.commands()).filter(({ id }) => id === commandId);
    expect(listed?.source).toBe('dashboard');
  });

  it('is kept with its audit, and said in the log', async () => {
    const number = await newIssue('Audited');
    const { commandId } = await ask(as('rob'), number, 'plan it');
    const row = await database.kysely
      .selectFrom('audit')
      .selectAll()
      .where('command_id', '=', commandId)
      .executeTakeFirst();
    expect(row).toMatchObject({
      viewer: 'rob',
      viewer_id: as('rob').id,
      action: 'ask',
      repository_id: world.github.repository.id,
      issue_key: keyOf(number),
      detail: '@dexter plan it',
      outcome: 'accepted',
    });
    expect(lines.find((line) => line.event === 'audit' && line.commandId === commandId)).toMatchObject({
      viewer: 'rob',
      action: 'ask',
      outcome: 'accepted',
    });
    await until(commandId, 'dispatched');
    expect(jobOf(commandId)?.session.kind).toBe('plan');
  });

  it('on a pull request works on its branch, and is filed under the ticket in its title', async () => {
    const { number } = await openPullRequest(world.github, { title: 'SHOP-7: Notes', branch: 'by-hand' });
    const { commandId } = await ask(as('rob'), number, 'add tests');
    await until(commandId, 'dispatched');
    expect(jobOf(commandId)).toMatchObject({
      issueKey: 'SHOP-7',
      target: { branch: 'by-hand', pullRequest: number },
    });
    await run(commandId);
    expect(await commentOf(number, commandId)).toContain('Asked on the dashboard by `rob`.');
  });

  it('on a JIRA ticket is told at its start and its end on the ticket', async () => {
    const said = world.jira.comments(ticketKey).length;
    const { commandId } = await ask(as('rob'), ticketKey.toLowerCase(), 'implement this');
    await until(commandId, 'dispatched');
    expect(jobOf(commandId)).toMatchObject({
      issueKey: ticketKey,
      target: { requestedBy: '@rob', ticketUrl: `${world.jira.url}/browse/${ticketKey}` },
    });
    await run(commandId);
    const own = world.jira.comments(ticketKey).slice(said);
    expect(own).toHaveLength(2);
    expect(own.every(({ author }) => author === accounts.dexter)).toBe(true);
    expect(JSON.stringify(own[0]?.body)).toContain('asked on the dashboard by rob');
    expect(JSON.stringify(own[1]?.body)).toContain('Coupons take a percentage now.');
    // A comment on the ticket goes on with the same session.
    await world.jira.comment(accounts.maria, ticketKey, '@dexter and now the docs');
    const next = await world.until(
      (one) => one.issueKey === ticketKey && one.status === 'dispatched',
      'dispatched',
    );
    expect(jobOf(next.id)?.session).toMatchObject({ mode: 'resume', generation: 1 });
    await run(next.id);
  });

  it('where nobody signs in is asked by this machine', async () => {
    const number = await newIssue('Open');
    const { commandId } = await ask(open, number, '@dexter status');
    const { status } = await told(commandId);
    expect(status).toBe('done');
    const body = await commentOf(number, commandId);
    expect(body).toContain('> `status`\\\n> Asked on the dashboard by `this machine`.');
    expect(body).toContain('Nothing is running or waiting on this issue.');
  });

  it('under a login that belongs to another account now is refused', async () => {
    const number = await newIssue('Renamed');
    viewers.set('renamed', { name: 'rob', id: 424242, scope: 'all', isAdministrator: false });
    const renamed = as('renamed');
    const { status, page: shown } = await page.send(
      '/actions/ask',
      {
        token: page.tokens.make(renamed, purposes.ask()),
        repository: 'acme/shop',
        issue: String(number),
        text: 'do it',
      },
      { [viewerHeader]: 'renamed' },
    );
    expect(status).toBe(403);
    expect(shown).toContain('another GitHub account');
  });

  it('about an issue that does not exist ends with the reason, and says that nobody could be told', async () => {
    const { commandId } = await ask(as('rob'), 9_999, 'do it');
    const ended = await world.until((one) => one.id === commandId && one.untold !== null, 'given up telling');
    expect(ended.problem?.code).toBe('ticket-unreadable');
    expect(ended.told).toBe(false);
    const shown = await fetch(`${world.url}/commands/${commandId}`, { headers: { [viewerHeader]: 'rob' } });
    const { document } = parseHTML(await shown.text());
    const text = document.querySelector('main')?.textContent;
    expect(text).toContain('Could not be told');
    expect(text).toContain(ended.untold);
    expect(text).not.toContain('The end stands where it was asked');
    expect(text).toContain('ask anew');
  });

  it.each([
    ['an unknown flag', { text: 'add tests --fast' }, 'Dexter does not know the flag <code>--fast</code>'],
    ['a model that is none', { text: 'go', model: '$(id)' }, '<code>--model</code>'],
    ['two words for a model', { text: 'go', model: 'opus delete' }, 'takes one word'],
    ['too long an instruction', { text: 'x'.repeat(20_001) }, 'at most 20000 fit'],
    ['nothing', { text: ' @dexter \n' }, 'Nothing is asked.'],
    ['no issue', { text: 'go', issue: 'the first' }, 'neither the number'],
    ['no repository', { text: 'go', repository: 'https://evil/x' }, 'owner/name'],
    ['a ticket of a project of nobody', { text: 'go', issue: 'HR-1' }, 'JIRA project <code>HR</code>'],
  ])('with %s is refused on the page, which keeps what was typed', async (_, more, words) => {
    const before = await countCommands();
    const { status, page: shown } = await ask(as('rob'), 1, '', more);
    expect(status).toBe(422);
    expect(shown).toContain(words);
    expect(shown).toContain('action="/actions/ask"');
    if (more.text !== '') expect(shown).toContain(more.text.trim().slice(0, 100));
    expect(await countCommands()).toBe(before);
    expect(await audited('invalid')).toMatchObject({ viewer: 'rob', action: 'ask' });
  });

  it('shows hostile text as text, on the page and in the comment', async () => {
    const hostile = '"><script>alert(1)</script> --nope';
    const { page: shown } = await ask(as('rob'), 1, hostile, { model: '"onfocus="x' });
    expect(shown).not.toContain('<script>alert');
    expect(shown).toContain('&lt;script&gt;alert(1)');
    expect(shown).not.toContain('"onfocus="');
    const number = await newIssue('Hostile');
    const { commandId } = await ask(
      as('rob'),
      number,
      'x` @maria <img src=x>\u0000 [a](javascript:x)\nfixes #1',
    );
    await until(commandId, 'dispatched');
    expect(await commentOf(number, commandId)).toContain('> ``x` @maria <img src=x>� [a](javascript:x)``');
  });

  it('in 20,000 letters of any script fits, and more than a form may hold does not', async () => {
    const number = await newIssue('Long');
    const { commandId } = await ask(as('rob'), number, '字'.repeat(20_000));
    await until(commandId, 'dispatched');
    const { status, page: shown } = await ask(as('rob'), number, 'x'.repeat(300_000));
    expect(status).toBe(413);
    expect(shown).toContain('too long');
  });
});

describe('somebody who may only read', () => {
  it('has nothing done and nobody told, and learns why', async () => {
    const number = await newIssue('Not for guests');
    const key = 'SHOP-9';
    await world.jira.comment(accounts.rob, key, '@dexter do the ninth');
    const ticketed = await world.until(
      (one) => one.issueKey === key && one.status === 'dispatched',
      'dispatched',
    );
    await run(ticketed.id, failed);
    const { commandId: asked } = await ask(as('rob'), number, 'do it');
    await run(asked, failed);
    const guest = as('guest');
    const before = {
      commands: await countCommands(),
      ticket: world.jira.comments(key).length,
      issue: await world.conversation(number),
    };
    const answers = [
      await ask(guest, number, 'delete everything'),
      await ask(guest, number, 'help'),
      await ask(guest, key, 'delete everything'),
      await ask(guest, key, 'status'),
      await retry(guest, asked),
      await retry(guest, ticketed.id),
      await onIssue('stop', guest, keyOf(number)),
      await onIssue('stop', guest, key),
      await onIssue('forget', guest, keyOf(number)),
      await onIssue('forget', guest, key),
    ];
    for (const { status, page: shown } of answers) {
      expect(status).toBe(403);
      expect(shown).toContain('<code>guest</code> may not write to acme/shop');
    }
    // What was typed is not lost to them.
    expect(answers[0]?.page).toContain('>delete everything</textarea>');
    expect({
      commands: await countCommands(),
      ticket: world.jira.comments(key).length,
      issue: await world.conversation(number),
    }).toEqual(before);
    const rows = await database.kysely
      .selectFrom('audit')
      .selectAll()
      .where('viewer', '=', 'guest')
      .where('outcome', '=', 'forbidden')
      .execute();
    expect(rows.map(({ action }) => action).toSorted()).toEqual([
      ...['ask', 'ask', 'ask', 'ask', 'forget', 'forget', 'retry', 'retry', 'stop', 'stop'],
    ]);
  });
});

describe('retry', () => {
  it('does a failed run again in its session, once', async () => {
    const number = await newIssue('Fails');
    await world.comment('maria', number, '@dexter do it --model claude-opus-4-5');
    const first = await world.until(
      (one) => one.issueKey === keyOf(number) && one.status === 'dispatched',
      'dispatched',
    );
    await run(first.id, failed);
    const { status, commandId } = await retry(as('rob'), first.id);
    expect(status).toBe(303);
    // It is under way: another click makes no other one.
    const twice = await retry(as('maria'), first.id);
    expect(twice.status).toBe(409);
    expect(twice.page).toContain('being done again already');
    await until(commandId, 'dispatched');
    expect(jobOf(commandId)).toMatchObject({
      instruction: 'do it',
      session: { mode: 'resume', generation: 1, model: 'claude-opus-4-5' },
      target: { requestedBy: '@rob' },
    });
    await run(commandId);
    expect(await commentOf(number, commandId)).toContain('> `do it`\\\n> Asked on the dashboard by `rob`.');
    expect((await retry(as('rob'), first.id)).page).toContain('was done again already');
    const shown = await fetch(`${world.url}/commands/${commandId}`, { headers: { [viewerHeader]: 'rob' } });
    expect(await shown.text()).toContain(`about #${number}; repeats <a href="/commands/${first.id}">`);
    expect((await retry(as('rob'), commandId)).page).toContain('nothing to do again');
  });

  it('of what a comment on a line asked is answered in its thread, and knows the line', async () => {
    const { number } = await openPullRequest(world.github, {
      title: 'Lines',
      branch: 'lines',
      content: 'One\nTwo\nThree\n',
    });
    const pulls = world.github.as('maria').rest.pulls;
    const { data: pull } = await pulls.get({ ...place, pull_number: number });
    const { data: asked } = await pulls.createReviewComment({
      ...place,
      pull_number: number,
      commit_id: pull.head.sha,
      path: 'notes.md',
      line: 2,
      body: '@dexter write this line in capitals',
    });
    const first = await world.until(
      (one) => one.issueKey === keyOf(number) && one.status === 'dispatched',
      'dispatched',
    );
    await run(first.id, failed);
    const { commandId } = await retry(as('rob'), first.id);
    await until(commandId, 'dispatched');
    expect(jobOf(commandId)).toMatchObject({
      instruction: 'write this line in capitals',
      target: { requestedBy: '@rob' },
    });
    expect(jobOf(commandId)?.context).toContain('notes.md');
    await run(commandId);
    const { data: comments } = await pulls.listReviewComments({ ...place, pull_number: number });
    const answers = comments.filter(({ body }) => body.includes(`dexter:${commandId}`));
    expect(answers).toMatchObject([
      { in_reply_to_id: asked.id, body: expect.stringContaining('Asked on the dashboard by `rob`') },
    ]);
    expect(await world.conversation(number)).toEqual([]);
  });

  it('of what a ticket asked is told on the ticket', async () => {
    const key = 'SHOP-8';
    await world.jira.comment(accounts.rob, key, '@dexter do the eighth');
    const first = await world.until(
      (one) => one.issueKey === key && one.source === 'jira' && one.status === 'dispatched',
      'dispatched',
    );
    await run(first.id, failed);
    const said = world.jira.comments(key).length;
    const { commandId } = await retry(as('maria'), first.id);
    await run(commandId);
    expect(world.jira.comments(key).length).toBe(said + 2);
    expect(jobOf(commandId)).toMatchObject({ issueKey: key, instruction: 'do the eighth' });
  });
});

describe('stop', () => {
  it('ends what runs and drops what waits, at once', async () => {
    const number = await newIssue('Stopped');
    const first = await ask(as('rob'), number, 'the first');
    await until(first.commandId, 'dispatched');
    await world.claim(first.commandId);
    const second = await ask(as('rob'), number, 'the second');
    const { commandId } = await onIssue('stop', as('rob'), keyOf(number));
    await told(commandId);
    expect(await commentOf(number, commandId)).toContain('Stopping what is running; its session is kept.');
    expect(await commentOf(number, commandId)).toContain('1 waiting command was dropped.');
    await until(second.commandId, 'cancelled');
    const beat = await world.heartbeat(first.commandId, 1, 'working');
    expect(await beat.json()).toMatchObject({ stop: true });
    await world.report(first.commandId, 1, goodReport({ outcome: 'cancelled' }));
    await until(first.commandId, 'cancelled');
  });
});

describe('forget', () => {
  it('says first what is removed, and removes it when that is confirmed', async () => {
    const number = await newIssue('Forgotten');
    const issue = { repositoryId: world.github.repository.id, issueKey: keyOf(number) };
    const { commandId: first } = await ask(as('rob'), number, 'do it');
    await run(first);
    const look = () => fetch(`${world.url}${forgetPath(issue)}`, { headers: { [viewerHeader]: 'rob' } });
    const confirm = await (await look()).text();
    expect(confirm).toContain('Removed: 1 saved generation, 1 kB');
    const [, token = ''] = /name="token" value="([^"]+)"/.exec(confirm) ?? [];
    const { commandId } = await page.send(
      '/actions/forget',
      { token, repository: String(issue.repositoryId), issue: issue.issueKey },
      { [viewerHeader]: 'rob' },
    );
    await run(
      commandId,
      goodReport({
        summary: '',
        session: undefined,
        costUsd: null,
        turns: 0,
        commits: [],
        forgotten: [{ store: 's3', generations: 1 }],
      }),
    );
    expect(await commentOf(number, commandId)).toContain('1 generation removed');
    expect((await look()).status).toBe(404);
  });
});

describe('a form', () => {
  it('that is sent twice asks once', async () => {
    const number = await newIssue('Twice');
    const token = page.tokens.make(as('rob'), purposes.ask());
    const fields = { token, repository: 'acme/shop', issue: String(number), text: 'do it' };
    const headers = { [viewerHeader]: 'rob' };
    const answers = await Promise.all([1, 2, 3].map(() => page.send('/actions/ask', fields, headers)));
    expect(new Set(answers.map(({ commandId }) => commandId)).size).toBe(1);
    // Going back and writing something else is another wish.
    const other = await page.send('/actions/ask', { ...fields, text: 'do that' }, headers);
    expect(other.commandId).not.toBe(answers[0]?.commandId);
    const rows = await database.kysely
      .selectFrom('audit')
      .select('command_id')
      .where('issue_key', '=', keyOf(number))
      .execute();
    expect(rows).toHaveLength(2);
  });

  it('to retry that is sent twice leads to the same command', async () => {
    const number = await newIssue('Twice again');
    const { commandId: first } = await ask(as('rob'), number, 'do it');
    await run(first, failed);
    const token = page.tokens.make(as('rob'), purposes.retry(first));
    const send = () => page.send('/actions/retry', { token, command: first }, { [viewerHeader]: 'rob' });
    const answers = await Promise.all([send(), send()]);
    expect(answers.map(({ status }) => status)).toEqual([303, 303]);
    expect(answers[0]?.commandId).toBe(answers[1]?.commandId);
  });

  it('to retry by two people at once is done once', async () => {
    const number = await newIssue('Both again');
    const { commandId: first } = await ask(as('rob'), number, 'do it');
    await run(first, failed);
    const [one, other] = await Promise.all([retry(as('rob'), first), retry(as('maria'), first)]);
    const ids = [one, other].flatMap(({ status, commandId }) => (status === 303 ? [commandId] : []));
    const ran = await world.until(({ id, status }) => ids.includes(id) && status === 'dispatched', 'runs');
    await run(ran.id);
    for (const id of ids.filter((each) => each !== ran.id)) {
      const { problem } = await world.until((each) => each.id === id && each.status === 'refused', 'refused');
      expect(problem?.message).toBe('This was done again already.');
    }
  });

  const fields = { repository: 'acme/shop', issue: '1', text: 'do it' };
  const made = (viewer: string, purpose = 'ask') => page.tokens.make(as(viewer), purpose);
  const old = () => {
    const before = () => new Date(Date.now() - 9 * 3_600_000);
    return formTokens(world.github.app.webhookSecret, before).make(as('rob'), 'ask');
  };
  it.each<[string, () => Record<string, string>, Record<string, string>]>([
    ['without a token', () => ({}), {}],
    ['with the token of another viewer', () => ({ token: made('maria') }), {}],
    ['with a token for something else', () => ({ token: made('rob', 'retry:1') }), {}],
    ['that stood open for too long', () => ({ token: old() }), {}],
    ['with a token that is none', () => ({ token: 'x'.repeat(300) }), {}],
    ['from another site', () => ({ token: made('rob') }), { 'sec-fetch-site': 'cross-site' }],
    ['from another host of the site', () => ({ token: made('rob') }), { 'sec-fetch-site': 'same-site' }],
    ['from another origin', () => ({ token: made('rob') }), { origin: 'http://evil.example' }],
    ['from an origin that is hidden', () => ({ token: made('rob') }), { origin: 'null' }],
  ])('%s is refused, and nothing is done', async (_, token, headers) => {
    const before = await countCommands();
    const answer = await page.send(
      '/actions/ask',
      { ...token(), ...fields },
      { [viewerHeader]: 'rob', ...headers },
    );
    expect(answer.status).toBe(403);
    expect(answer.page).toContain('nothing was done');
    expect(await countCommands()).toBe(before);
    expect(await audited('forged')).toMatchObject({ viewer: 'rob', viewer_id: as('rob').id, action: 'ask' });
  });

  it('that another site sends where nobody signs in leaves no row behind', async () => {
    const count = () => database.kysely.selectFrom('audit').select('id').execute();
    const [rows, commands] = [await count(), await countCommands()];
    const token = page.tokens.make(open, 'ask');
    const from = { 'sec-fetch-site': 'cross-site', origin: 'http://evil.example' };
    const { status } = await page.send('/actions/ask', { token, ...fields }, from);
    expect(status).toBe(403);
    expect(await count()).toEqual(rows);
    expect(await countCommands()).toBe(commands);
    expect(lines.findLast((line) => line.event === 'audit' && line.outcome === 'forged')).toMatchObject({
      viewer: 'this machine',
      action: 'ask',
    });
  });

  it('that is no form is refused', async () => {
    for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/json']) {
      const answer = await page.send('/actions/ask', fields, { 'content-type': type });
      expect(answer.status).toBe(422);
    }
  });

  it('changes nothing when it is asked for by GET', async () => {
    const before = await countCommands();
    const query = new URLSearchParams({ token: page.tokens.make(open, 'ask'), ...fields });
    for (const name of ['ask', 'retry', 'stop', 'forget']) {
      const { status } = await fetch(`${world.url}/actions/${name}?${query}`);
      expect(status).toBe(name === 'ask' ? 200 : 404);
    }
    expect(await countCommands()).toBe(before);
  });
});

describe('somebody of another tenant', () => {
  it('finds nothing to act on, and it is written down', async () => {
    const number = await newIssue('Private');
    const { commandId: victim } = await ask(as('rob'), number, 'do it');
    await run(victim, failed);
    const mallory = as('mallory');
    const before = await countCommands();
    const other = { repositoryId: 4711, issueKey: keyOf(number) };
    const answers = [
      await retry(mallory, victim),
      await onIssue('stop', mallory, keyOf(number)),
      await onIssue('forget', mallory, keyOf(number)),
      await onIssue('stop', mallory, keyOf(number), other.repositoryId),
      await ask(mallory, number, 'do it'),
      await ask(mallory, ticketKey, 'do it'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404, 404]);
    for (const { page: shown } of answers) expect(shown).not.toContain('Private');
    const gone = await retry(mallory, '11111111-1111-4111-8111-111111111111');
    const withoutTokens = (text = '') => text.replaceAll(/value="[^"]*"/g, '');
    expect(withoutTokens(gone.page)).toBe(withoutTokens(answers[0]?.page));
    const confirm = await fetch(
      `${world.url}${forgetPath({ repositoryId: world.github.repository.id, issueKey: keyOf(number) })}`,
      { headers: { [viewerHeader]: 'mallory' } },
    );
    expect(confirm.status).toBe(404);
    expect(await countCommands()).toBe(before);
    const rows = await database.kysely
      .selectFrom('audit')
      .selectAll()
      .where('viewer', '=', 'mallory')
      .execute();
    expect(rows).toHaveLength(7);
    expect(rows.every(({ outcome, viewer_id: id }) => outcome === 'not-found' && id === 666)).toBe(true);
  });
});

describe('the audit', () => {
  const look = (login: string, query = '') =>
    fetch(`${world.url}/audit${query}`, { headers: { [viewerHeader]: login } });

  it('is for administrators', async () => {
    await onIssue('stop', as('guest'), 'SHOP-4711');
    expect((await look('rob')).status).toBe(404);
    const shown = await (await look('maria')).text();
    expect(shown).toContain('<bdi>guest</bdi>');
    expect(shown).toContain('not-found</span>');
  });

  it('is read page by page, each row once', async () => {
    const all = await database.kysely.selectFrom('audit').select('id').execute();
    await database.kysely
      .insertInto('audit')
      .values(
        Array.from({ length: 120 }, (_, index) => ({
          id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
          at: '2020-01-01T00:00:00.123456Z',
          viewer: `row-${index}.`,
          action: 'ask',
          outcome: 'accepted',
        })),
      )
      .execute();
    let query = '';
    let seen = 0;
    const found = new Set<string>();
    for (let pages = 0; pages < 20; pages++) {
      const shown = await (await look('maria', query)).text();
      seen += shown.split('<th scope="row"').length - 1;
      for (const [name] of shown.matchAll(/row-\d+\./g)) found.add(name);
      const next = /rel="next" href="\/audit(\?before=[0-9a-f-]+)"/.exec(shown)?.[1];
      if (next === undefined) break;
      query = next;
    }
    expect(found.size).toBe(120);
    expect(seen).toBe(all.length + 120);
  });
});

describe('who reads the ledger', () => {
  it('takes what the dashboard asked for a command like any other', async () => {
    const number = await newIssue('Read by others');
    const { commandId } = await ask(open, number, 'add tests');
    await run(commandId);
    const headers = { authorization: 'Bearer token-of-the-command-list' };
    const status = await (await fetch(`${world.url}/api/status`, { headers })).json();
    const listed = StatusFacts.parse(status).ended.find(({ id }) => id === commandId);
    expect(listed).toMatchObject({ source: 'dashboard', actor: { from: 'dexter', name: 'this machine' } });
    const one = await (await fetch(`${world.url}/api/commands/${commandId}`, { headers })).json();
    expect(CommandsMeant.parse(one).commands).toMatchObject([{ command: { id: commandId } }]);

    const facts = factsOfLedger(database.kysely);
    for (const colours of [false, true]) {
      const { terminal, printed } = fakeTerminal();
      await showCost(facts, { issueKey: keyOf(number) }, { json: false, colours }, terminal);
      expect(printed.join('\n')).toContain('this machine');
    }
    const { commandId: cost } = await ask(as('rob'), number, 'cost');
    await told(cost);
    expect(await commentOf(number, cost)).toContain('| `this machine` | `add tests` |');
  });
});
