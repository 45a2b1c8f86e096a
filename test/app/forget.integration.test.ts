import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accounts, ticketKey } from '../../demo/story/ticket.ts';
import type { Job } from '../../src/core/job.ts';
import type { Report } from '../../src/core/report.ts';
import { type Database, openDatabase } from '../../src/ledger/database.ts';
import { startPgliteServer } from '../ledger/pglite-server.ts';
import { startGate } from './gate.ts';
import { goodReport, type ListedCommand, startWorld, type World } from './world.ts';

let server: Awaited<ReturnType<typeof startPgliteServer>>;
let database: Database;
let world: World;

const dayMs = 86_400_000;

/** GitHub says of these issues that they were closed so many days earlier than they were. */
const closedEarlier = new Map<number, number>();

function amend(path: string, body: string): string {
  const number = Number(/\/issues\/(\d+)$/.exec(path)?.[1]);
  const days = closedEarlier.get(number);
  if (days === undefined) return body;
  const shown = JSON.parse(body) as { closed_at: string };
  return JSON.stringify({
    ...shown,
    closed_at: new Date(Date.parse(shown.closed_at) - days * dayMs).toISOString(),
  });
}

beforeAll(async () => {
  server = await startPgliteServer();
  const retention = { afterCloseDays: 7, maxAgeDays: 30, everyMs: 50 };
  world = await startWorld({
    databaseUrl: server.url,
    retention,
    viaGate: (target) => startGate({ target, amend }),
  });
  database = await openDatabase({ url: server.url, directory: '' });
});

afterAll(async () => {
  await world?.close();
  await database?.close();
  await server?.close();
});

const gone: Report['forgotten'] = [
  { store: 'actions-cache', generations: 0 },
  { store: 's3', generations: 3 },
];
const left: Report['forgotten'] = [
  { store: 'workspace', generations: 1 },
  { store: 's3', generations: 0, problem: 'The bucket said no to @maria.' },
];

const forgetReport = (forgotten: Report['forgotten'], changes: Partial<Report> = {}) =>
  goodReport({
    summary: '',
    session: undefined,
    costUsd: null,
    turns: 0,
    commits: [],
    forgotten,
    ...changes,
  });

const placeOf = { owner: 'acme', repo: 'shop' };

async function issue(title: string): Promise<{ number: number; key: string }> {
  const { data } = await world.github.as('maria').rest.issues.create({ ...placeOf, title, body: 'Please.' });
  return { number: data.number, key: `gh-${world.github.repository.id}-${data.number}` };
}

/** The next command of the issue that waits for its runner. */
function next(key: string): Promise<ListedCommand> {
  return world.until((one) => one.issueKey === key && one.status === 'dispatched', `dispatched of ${key}`);
}

/** Plays the runner of the issue's next command to its end. */
async function work(key: string, report: Report): Promise<ListedCommand & { job: Job }> {
  const { id } = await next(key);
  expect((await world.claim(id)).status).toBe(200);
  return end(key, id, report);
}

async function end(key: string, id: string, report: Report): Promise<ListedCommand & { job: Job }> {
  expect((await world.report(id, 1, report)).status).toBe(200);
  const ended = await world.until((one) => one.id === id && one.told, `told of ${key}`);
  const job = world.hand.dispatched.find((request) => request.job.commandId === id)?.job;
  if (!job) throw new Error(`${id} has no job`);
  return { ...ended, job };
}

const saved = (generation: number): Report => {
  const { session, ...report } = goodReport();
  if (!session) throw new Error('no session');
  return { ...report, session: { ...session, generation, entry: `entry-${generation}` } };
};

async function newestAnswer(number: number): Promise<string> {
  const answers = (await world.conversation(number)).filter(({ author }) => author === 'dexter[bot]');
  return answers.at(-1)?.body ?? '';
}

async function answerTo(number: number, id: string): Promise<string> {
  return (await world.conversation(number)).find(({ body }) => body.includes(`dexter:${id}`))?.body ?? '';
}

/** Time passes for a session, and since it was looked at. */
const pass = (key: string, days: number) =>
  database.kysely
    .updateTable('sessions')
    .set({ used_at: sql<Date>`now() - make_interval(days => ${days})`, looked_at: null })
    .where('issue_key', '=', key)
    .execute();

/** Time passes, and the app asks whether the session is due: a second look begins when the first has ended. */
async function passAndLook(key: string, days: number): Promise<void> {
  for (let look = 0; look < 2; look++) {
    await pass(key, days);
    await expect
      .poll(
        () =>
          database.kysely
            .selectFrom('sessions')
            .select('looked_at')
            .where('issue_key', '=', key)
            .executeTakeFirst(),
        { timeout: 10_000 },
      )
      .toEqual({ looked_at: expect.any(Date) });
  }
}

const ofIssue = async (key: string) => (await world.commands()).filter(({ issueKey }) => issueKey === key);

describe('@dexter forget', () => {
  it('has the session removed in its turn, says what went and what stays, and the next one is new', async () => {
    const { number, key } = await issue('To be forgotten');
    await world.comment('maria', number, '@dexter do it');
    await next(key);
    await world.comment('maria', number, '@dexter forget');
    expect((await work(key, saved(3))).job.session).toMatchObject({
      mode: 'fresh',
      ticket: { hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    const { id } = await next(key);
    await world.claim(id);
    await world.comment('maria', number, '@dexter stop');
    await world.until(
      (one) => one.issueKey === key && one.status === 'done' && one.id !== id && one.told,
      'stop',
    );
    await expect
      .poll(() => newestAnswer(number), { timeout: 10_000 })
      .toContain('is being removed, which cannot be stopped');
    const { job, status } = await end(key, id, forgetReport(gone));
    expect(job).toMatchObject({
      context: '',
      session: { mode: 'forget', generation: 3, entry: 'entry-3' },
      target: { requestedBy: '@maria' },
    });
    expect(status).toBe('done');
    const answer = await answerTo(number, id);
    expect(answer).toContain('✅ **Done** in 1 min 12 s');
    expect(answer).toContain('Store `s3`: 3 generations removed.');
    expect(answer).toContain('Store `actions-cache`: there was nothing.');
    expect(answer).toContain('What stays: comments, commits, pull requests');
    expect(answer).not.toContain('| Tokens |');

    await world.comment('maria', number, '@dexter retry');
    await world.until(
      (one) => one.issueKey === key && one.status === 'refused' && one.told,
      'nothing to retry',
    );
    await world.comment('maria', number, '@dexter do more');
    const after = await work(key, saved(1));
    expect(after.job.session).toMatchObject({ mode: 'fresh', generation: 0 });
    expect(after.job.session.entry).toBeUndefined();
  });

  it('keeps the session where a store still has some of it, says which, and can be done again', async () => {
    const { number, key } = await issue('Stuck');
    await world.comment('maria', number, '@dexter do it');
    await work(key, saved(1));
    await world.comment('maria', number, '@dexter forget');
    // A runner that says `done` is not believed.
    const failed = await work(key, forgetReport(left));
    expect(failed).toMatchObject({ status: 'failed', problem: { code: 'session-not-removed' } });
    const answer = await newestAnswer(number);
    expect(answer).toContain('❌ **Failed**');
    expect(answer).toContain('Store `workspace`: 1 generation removed.');
    expect(answer).toContain('Store `s3`: not removed. The bucket said no to `@maria`.');
    expect(answer).not.toContain('What stays');

    await world.comment('maria', number, '@dexter retry');
    expect((await work(key, forgetReport(gone))).job.session).toMatchObject({
      mode: 'forget',
      generation: 1,
    });
  });

  it('is refused to somebody without write access, and their wish is not done by a retry', async () => {
    const { number, key } = await issue('Not yours');
    await world.comment('maria', number, '@dexter do it');
    await work(key, { ...saved(1), outcome: 'failed' });
    await world.comment('guest', number, '@dexter forget');
    const refused = await world.until((one) => one.issueKey === key && one.status === 'refused', 'refused');
    expect(refused.problem?.code).toBe('not-authorized');
    await world.comment('maria', number, '@dexter retry');
    expect((await work(key, saved(2))).job).toMatchObject({
      instruction: 'do it',
      session: { mode: 'resume' },
    });
  });

  it('is dropped by a stop while it waits', async () => {
    const { number, key } = await issue('Second thoughts');
    await world.comment('maria', number, '@dexter do it');
    const { id } = await next(key);
    await world.claim(id);
    await world.comment('maria', number, '@dexter forget');
    await world.comment('maria', number, '@dexter stop');
    await world.until((one) => one.issueKey === key && one.status === 'cancelled', 'cancelled');
    await world.report(id, 1, { ...saved(1), outcome: 'cancelled' });
    await world.until((one) => one.id === id && one.told, 'told');
    expect(world.hand.dispatched.filter(({ job }) => job.issueKey === key)).toHaveLength(1);
  });

  it('is told on the JIRA ticket that it was asked on', async () => {
    await world.jira.comment(accounts.maria, ticketKey, '@dexter forget');
    await work(ticketKey, forgetReport(gone));
    const said = JSON.stringify(world.jira.comments(ticketKey).at(-1)?.body);
    expect(said).toContain('3 generations removed');
    expect(said).toContain('What stays');
  });
});

describe('what is forgotten without being asked', () => {
  it('is a session that nobody used for long, without a word to anybody', async () => {
    const { number, key } = await issue('Old');
    await world.comment('maria', number, '@dexter do it');
    await work(key, saved(2));
    const before = await world.conversation(number);
    await pass(key, 31);
    const forgotten = await work(key, forgetReport(gone));
    expect(forgotten).toMatchObject({
      source: 'dexter',
      status: 'done',
      job: { session: { mode: 'forget', generation: 2 }, target: { requestedBy: 'dexter' } },
    });
    expect(await world.conversation(number)).toEqual(before);
    expect(await ofIssue(key)).toHaveLength(2);
  });

  it('is not told when it fails either, and is not what a retry does again', async () => {
    const { number, key } = await issue('Old and stuck');
    await world.comment('maria', number, '@dexter do it');
    await work(key, saved(1));
    const before = await world.conversation(number);
    await pass(key, 31);
    expect((await work(key, forgetReport(left))).problem?.code).toBe('session-not-removed');
    expect(await world.conversation(number)).toEqual(before);
    await world.comment('maria', number, '@dexter retry');
    await world.until(
      (one) => one.issueKey === key && one.status === 'refused' && one.told,
      'nothing to retry',
    );
    expect(await newestAnswer(number)).toContain(
      'nothing that was asked on this issue ended without success',
    );
    expect(await ofIssue(key)).toHaveLength(3);
  });

  it('is the session of a GitHub issue that was closed for long enough', async () => {
    const { number, key } = await issue('Closed');
    await world.comment('maria', number, '@dexter do it');
    await work(key, saved(1));
    await passAndLook(key, 8);
    await world.github.as('maria').rest.issues.update({ ...placeOf, issue_number: number, state: 'closed' });
    await passAndLook(key, 8);
    // Open at first, then closed just now.
    expect(await ofIssue(key)).toHaveLength(1);
    closedEarlier.set(number, 7);
    await pass(key, 8);
    expect((await work(key, forgetReport(gone))).source).toBe('dexter');
  });

  it('is the session of a JIRA ticket that was done for long enough', async () => {
    await world.jira.comment(accounts.maria, ticketKey, '@dexter do it');
    await work(ticketKey, saved(1));
    await passAndLook(ticketKey, 8);
    expect((await ofIssue(ticketKey)).filter(({ source }) => source === 'dexter')).toEqual([]);
    world.jira.setStatus(ticketKey, 'Done', new Date(Date.now() - 9 * dayMs));
    const said = world.jira.comments(ticketKey).length;
    await pass(ticketKey, 8);
    expect((await work(ticketKey, forgetReport(gone))).source).toBe('dexter');
    expect(world.jira.comments(ticketKey)).toHaveLength(said);
  });

  it('is nothing that was used again before its turn came', async () => {
    const { number, key } = await issue('Used again');
    await world.comment('maria', number, '@dexter do it');
    await work(key, saved(1));
    await world.comment('maria', number, '@dexter do more');
    const { id } = await next(key);
    await world.claim(id);
    await pass(key, 31);
    const retention = await world.until(
      (one) => one.issueKey === key && one.source === 'dexter',
      'retention',
    );
    expect(retention.status).toBe('queued');
    await world.report(id, 1, saved(2));
    const refused = await world.until((one) => one.id === retention.id && one.told, 'refused');
    expect(refused).toMatchObject({ status: 'refused', problem: { code: 'nothing-to-do' } });
    await world.comment('maria', number, '@dexter go on');
    expect((await work(key, saved(3))).job.session).toMatchObject({ mode: 'resume', generation: 2 });
    expect(await newestAnswer(number)).toContain('Done');
  });
});
