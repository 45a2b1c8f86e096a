import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { accounts, story } from '../../demo/story/ticket.ts';
import { type JiraGate, startJiraGate } from '../fakes/jira-gate.ts';
import { openPullRequest } from '../fakes/pull-request.ts';
import { startFakeRedis } from '../fakes/redis-server.ts';
import { freePort } from './server-process.ts';
import { goodReport, startWorld, type World } from './world.ts';

const place = { owner: 'acme', repo: 'shop' };

const [first] = story.issues;
if (!first) throw new Error('the story has no ticket');

/** Each test has a ticket of its own. */
const tickets = Array.from({ length: 25 }, (_, index) => ({ ...first, key: `SHOP-${100 + index}` }));

interface Line {
  event?: string;
  type?: string;
  key?: string;
  stale?: boolean;
  sizeBytes?: number;
  durationMs?: number;
  ageSeconds?: number;
  commandId?: string;
  waits?: number;
}

async function startCachedWorld(context: Parameters<typeof startWorld>[0] = {}) {
  const lines: Line[] = [];
  let gate: JiraGate | undefined;
  const world = await startWorld({
    jira: { ...story, issues: tickets },
    log: pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line) as Line) }),
    async viaJiraGate(url) {
      gate = await startJiraGate(url);
      return gate;
    },
    ...context,
  });
  if (!gate) throw new Error('there is no gate');
  return { world, gate, lines };
}

/** Commands on pull requests of a world: JIRA is asked for their context and for nothing else. */
function player(world: World) {
  let branches = 0;

  async function pullRequest(issueKey: string): Promise<number> {
    branches += 1;
    const title = `${issueKey}: notes`;
    return (await openPullRequest(world.github, { title, branch: `work-${branches}` })).number;
  }

  async function ask(number: number, text: string) {
    const seen = new Set((await world.commands()).map(({ id }) => id));
    await world.comment('maria', number, `@dexter ${text}`);
    return world.until(({ id }) => !seen.has(id), `after "${text}"`);
  }

  async function contextOf(id: string): Promise<string> {
    await world.until((one) => one.id === id && one.status === 'dispatched', `${id} is dispatched`);
    const request = world.hand.dispatched.find(({ job }) => job.commandId === id);
    if (!request) throw new Error('the job was not dispatched');
    return request.job.context;
  }

  /** Ends what runs without a word on the ticket. */
  async function stop(number: number, id: string): Promise<void> {
    await ask(number, 'stop');
    await world.until((one) => one.id === id && one.status === 'cancelled', `${id} is cancelled`);
  }

  /** The context that an instruction got; it is over afterwards. */
  async function contextFor(number: number): Promise<string> {
    const { id } = await ask(number, 'do it');
    const context = await contextOf(id);
    await stop(number, id);
    return context;
  }

  return { pullRequest, ask, contextOf, stop, contextFor };
}

describe('the context of a ticket, cached', () => {
  let world: World;
  let gate: JiraGate;
  let lines: Line[];
  let play: ReturnType<typeof player>;
  let used = 0;
  let issueKey = '';

  beforeAll(async () => {
    ({ world, gate, lines } = await startCachedWorld());
    play = player(world);
  });

  afterAll(() => world.close());

  beforeEach(() => {
    gate.mend();
    issueKey = tickets[used]?.key ?? '';
    used += 1;
  });

  const operations = (...types: string[]) =>
    lines.filter(
      (line) =>
        line.event === 'cache_operation' &&
        types.includes(line.type ?? '') &&
        line.key === `context:acme:${issueKey}`,
    );

  test('a second command on an unchanged ticket asks JIRA once, for the time of its last change', async () => {
    const number = await play.pullRequest(issueKey);
    const before = await play.contextFor(number);
    expect(gate.readsOf(issueKey)).toHaveLength(2);
    const asked = gate.requests.length;
    const after = await play.contextFor(number);
    expect(gate.requests.slice(asked)).toEqual([
      { method: 'GET', path: `/rest/api/3/issue/${issueKey}`, query: '?fields=updated' },
    ]);
    const ticketIn = (context: string) => context.split('## Comments')[0];
    expect(ticketIn(after)).toBe(ticketIn(before));
    expect(after).toContain('Coupons that take a percentage off');
    expect(operations('hit', 'miss').map(({ type }) => type)).toEqual(['miss', 'hit']);
    expect(operations('hit', 'miss').at(-1)).toMatchObject({
      sizeBytes: expect.any(Number),
      durationMs: expect.any(Number),
      ageSeconds: expect.any(Number),
    });
    expect(operations('set')).toHaveLength(1);
  });

  test('a ticket that changed is read again', async () => {
    const number = await play.pullRequest(issueKey);
    await play.contextFor(number);
    world.jira.setStatus(issueKey, 'Done');
    expect(await play.contextFor(number)).toContain('Status: Done');
    expect(operations('hit', 'miss').map(({ type }) => type)).toEqual(['miss', 'miss']);
  });

  test('a webhook that tells of a change drops what is cached, and queues nothing', async () => {
    const number = await play.pullRequest(issueKey);
    await play.contextFor(number);
    world.jira.setWebhookTarget(`${world.url}/jira/acme`, 'secret-of-the-jira-rule', 'admin');
    const commands = (await world.commands()).length;
    await world.jira.addLabel(accounts.maria, issueKey, 'urgent');
    await world.jira.settled();
    world.jira.setWebhookTarget(`${world.url}/jira/acme`, 'secret-of-the-jira-rule');
    expect(world.jira.deliveries().at(-1)).toMatchObject({ event: 'jira:issue_updated', status: 200 });
    expect(operations('delete')).toHaveLength(1);
    expect(await world.commands()).toHaveLength(commands);
    const asked = gate.requests.length;
    expect(await play.contextFor(number)).toContain('urgent');
    // Nothing is cached, so nobody asks first whether it is still right.
    expect(gate.requests.slice(asked).map(({ query }) => query)).not.toContain('?fields=updated');
  });

  test('a rule that tells of a change is believed with its secret only', async () => {
    const number = await play.pullRequest(issueKey);
    await play.contextFor(number);
    const send = (secret: string) =>
      fetch(`${world.url}/jira/acme`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-dexter-secret': secret },
        body: JSON.stringify({ event: 'ticket_changed', issueKey }),
      });
    expect((await send('a wrong secret')).status).toBe(401);
    expect(operations('delete')).toHaveLength(0);
    expect((await send('secret-of-the-jira-rule')).status).toBe(200);
    expect(operations('delete')).toHaveLength(1);
  });

  test('while JIRA is down, the context is the cached one and says from when it is', async () => {
    const number = await play.pullRequest(issueKey);
    const before = await play.contextFor(number);
    gate.fail(500);
    const context = await play.contextFor(number);
    expect(context).toContain('Coupons that take a percentage off');
    expect(context).toMatch(
      new RegExp(`JIRA could not be asked .* ${issueKey} here is from \\d{4}-\\d\\d-\\d\\dT`),
    );
    expect(before).not.toContain('could not be asked');
    expect(operations('hit', 'miss').at(-1)).toMatchObject({ type: 'hit', stale: true });
  });

  test('a ticket that nobody may see any more is not shown from the cache', async () => {
    const number = await play.pullRequest(issueKey);
    await play.contextFor(number);
    gate.fail(404);
    const { id } = await play.ask(number, 'do it');
    const ended = await world.until((one) => one.id === id && one.status === 'failed', 'failed');
    expect(ended.problem?.code).toBe('ticket-unreadable');
    expect(operations('delete')).toHaveLength(1);
  });

  test('with nothing cached a command waits as long as JIRA asks for, and then goes on as ever', async () => {
    const number = await play.pullRequest(issueKey);
    const before = gate.requests.length;
    gate.fail(429, { 'retry-after': '2' });
    const { id } = await play.ask(number, 'do it');
    await expect.poll(() => gate.requests.length, { timeout: 10_000 }).toBeGreaterThan(before);
    const status = await play.ask(number, 'status');
    await world.until((one) => one.id === status.id && one.told, 'status is told');
    expect((await world.conversation(number)).at(-1)?.body).toContain('waiting for JIRA');
    gate.mend();
    const context = await play.contextOf(id);
    expect(context).toContain('Coupons that take a percentage off');
    expect(context).not.toContain('could not be asked');
    await play.stop(number, id);
  });

  test('a command on the ticket itself waits for JIRA before it is even read', async () => {
    const before = gate.requests.length;
    gate.fail(503, { 'retry-after': '1' });
    await world.jira.comment(accounts.maria, issueKey, '@dexter implement this');
    const { id } = await world.until((one) => one.issueKey === issueKey, 'on the ticket');
    await expect.poll(() => gate.requests.length, { timeout: 30_000 }).toBeGreaterThan(before);
    await expect
      .poll(() => lines.some(({ commandId, waits }) => commandId === id && waits === 1), { timeout: 20_000 })
      .toBe(true);
    gate.mend();
    await world.jira.comment(accounts.maria, issueKey, '@dexter stop');
    await world.until((one) => one.id === id && one.status === 'cancelled', 'cancelled');
  });

  test('a command that waits for JIRA is stopped at once', async () => {
    const number = await play.pullRequest(issueKey);
    const before = gate.requests.length;
    gate.fail(429, { 'retry-after': '600' });
    const { id } = await play.ask(number, 'do it');
    await expect.poll(() => gate.requests.length, { timeout: 10_000 }).toBeGreaterThan(before);
    await play.stop(number, id);
    gate.mend();
    // Its place in the queue is free again.
    await play.contextFor(number);
  });

  test('waiting holds no worker: other tickets go on', async () => {
    const other = await world.github
      .as('maria')
      .rest.issues.create({ ...place, title: 'No ticket', body: 'Please.' });
    gate.fail(429, { 'retry-after': '600' });
    const waiting: { number: number; id: string }[] = [];
    // More than one process prepares at a time.
    for (let index = 0; index < 5; index += 1) {
      const number = await play.pullRequest(tickets[20 + index]?.key ?? '');
      waiting.push({ number, id: (await play.ask(number, 'do it')).id });
    }
    await play.contextFor(other.data.number);
    gate.mend();
    for (const { number, id } of waiting) await play.stop(number, id);
  });

  test('a run that asks for it gets the ticket in parts, as it was read for the command', async () => {
    const number = await play.pullRequest(issueKey);
    const { id } = await play.ask(number, 'do it');
    await play.contextOf(id);
    const asked = gate.requests.length;
    const { claim } = await world.claim(id, { wantsSnapshot: true });
    expect(claim?.snapshot).toMatchObject({
      fetchedAt: expect.stringMatching(/^\d{4}-/),
      tickets: [
        {
          key: issueKey,
          markdown: expect.stringContaining('Coupons that take a percentage off'),
          comments: expect.arrayContaining([expect.objectContaining({ author: expect.any(String) })]),
        },
      ],
    });
    expect(gate.requests.slice(asked)).toEqual([]);
    expect((await world.claim(id)).status).toBe(409);
    await world.report(id, 1, goodReport());
  });

  test('forget drops what is cached of the ticket', async () => {
    const number = await play.pullRequest(issueKey);
    await play.contextFor(number);
    const { id } = await play.ask(number, 'forget');
    await play.contextOf(id);
    await world.claim(id);
    const report = goodReport({ session: undefined, forgotten: [{ store: 'workspace', generations: 1 }] });
    expect((await world.report(id, 1, report)).status).toBe(200);
    expect(operations('delete')).toHaveLength(1);
  });
});

describe('a JIRA that does not answer at all', () => {
  test('is waited for no longer than is configured, and the context says that the ticket is missing', async () => {
    const { world, gate } = await startCachedWorld({ context: { waitMinutes: 0 } });
    try {
      const play = player(world);
      const number = await play.pullRequest('SHOP-100');
      gate.fail(500);
      const context = await play.contextFor(number);
      expect(context).toContain('JIRA could not be asked just now: nothing of SHOP-100 is said here.');
      expect(context).toContain('# Pull request');
    } finally {
      await world.close();
    }
  });

  test('ends the command where that is configured', async () => {
    const { world, gate } = await startCachedWorld({ context: { waitMinutes: 0, whenJiraFails: 'fail' } });
    try {
      const play = player(world);
      const number = await play.pullRequest('SHOP-100');
      gate.fail(500);
      const { id } = await play.ask(number, 'do it');
      const ended = await world.until((one) => one.id === id && one.status === 'failed', 'failed');
      expect(ended.problem?.code).toBe('jira-failed');
    } finally {
      await world.close();
    }
  });
});

describe('a job that waited for its runner', () => {
  let world: World;
  let gate: JiraGate;
  let play: ReturnType<typeof player>;
  let number: number;
  let id: string;
  /** A change and a reading in the same second would not be told apart, so each test has its own. */
  let issueKey = '';
  let used = 0;

  beforeAll(async () => {
    ({ world, gate } = await startCachedWorld({ context: { refreshAfterMinutes: 0 } }));
    play = player(world);
  });
  afterAll(() => world?.close());

  beforeEach(async () => {
    used += 1;
    issueKey = tickets[used - 1]?.key ?? '';
    number = await play.pullRequest(issueKey);
    ({ id } = await play.ask(number, 'do it'));
    await play.contextOf(id);
  });
  afterEach(async () => {
    gate.mend();
    await world.report(id, 1, goodReport());
  });

  test('is told what its inputs say while nothing has changed, for one call to JIRA', async () => {
    const asked = gate.requests.length;
    const { claim } = await world.claim(id);
    expect(claim?.context).toEqual({ attachments: [] });
    expect(gate.requests.slice(asked).map(({ query }) => query)).toEqual(['?fields=updated']);
  });

  test('is told how things are by then', async () => {
    const planned = world.hand.dispatched.at(-1)?.job.session.ticket;
    world.jira.setStatus(issueKey, 'In Review');
    await world.comment('rob', number, 'Mind the rounding.');
    const { claim } = await world.claim(id);
    expect(claim?.context.text).toContain('Status: In Review');
    expect(claim?.context.text).toContain('Mind the rounding.');
    expect(claim?.context.seen?.ticket.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(claim?.context.seen?.ticket).not.toEqual(planned);
  });

  test('is told the same when it asks once more', async () => {
    world.jira.setStatus(issueKey, 'Blocked');
    const claimant = randomUUID();
    const first = await world.claim(id, { claimant });
    world.jira.setStatus(issueKey, 'Done');
    const again = await world.claim(id, { claimant });
    expect(again.claim?.context).toEqual(first.claim?.context);
    expect(first.claim?.context.text).toContain('Status: Blocked');
  });

  test('is told what is kept when JIRA is away, and of nothing less than it was planned with', async () => {
    gate.fail(500);
    const { status, claim } = await world.claim(id);
    expect(status).toBe(200);
    expect(claim?.context.seen?.ticket).toBeUndefined();
  });

  test('leaves the next follow-up to tell only what is new since', async () => {
    world.jira.setStatus(issueKey, 'Waiting');
    expect((await world.claim(id)).claim?.context.text).toContain('Status: Waiting');
    await world.report(id, 1, goodReport());
    world.jira.setStatus(issueKey, 'Going on');
    const next = await play.ask(number, 'go on');
    await play.contextOf(next.id);
    const { job } = world.hand.dispatched.find(({ job: { commandId } }) => commandId === next.id) ?? {};
    expect(job?.delta).toContain('- Status: Waiting → Going on');
    await world.claim(next.id);
    await world.report(next.id, 1, goodReport());
  });
});

describe('a Redis in trouble', () => {
  test('that is down when the app starts is done without, and used once it is there', async () => {
    const port = await freePort();
    const { world, gate, lines } = await startCachedWorld({
      context: { redisUrl: `redis://:not-for-the-log@127.0.0.1:${port}` },
    });
    try {
      const play = player(world);
      const number = await play.pullRequest('SHOP-100');
      expect(await play.contextFor(number)).toContain('Coupons that take a percentage off');
      expect(lines.filter(({ event }) => event === 'cache_outage')).toHaveLength(1);
      const redis = await startFakeRedis({ port });
      try {
        await expect
          .poll(() => lines.filter(({ event }) => event === 'cache_recovered').length, { timeout: 20_000 })
          .toBe(1);
        await play.contextFor(number);
        expect([...redis.values.keys()]).toEqual(['context:acme:SHOP-100']);
        const asked = gate.requests.length;
        await play.contextFor(number);
        expect(gate.requests.slice(asked).map(({ query }) => query)).toEqual(['?fields=updated']);
        expect(JSON.stringify(lines)).not.toContain('not-for-the-log');
      } finally {
        await redis.close();
      }
    } finally {
      await world.close();
    }
  });

  test('that hangs holds no command', async () => {
    const redis = await startFakeRedis();
    const { world, lines } = await startCachedWorld({ context: { redisUrl: redis.url } });
    try {
      const play = player(world);
      const number = await play.pullRequest('SHOP-100');
      await play.contextFor(number);
      redis.hang();
      expect(await play.contextFor(number)).toContain('Coupons that take a percentage off');
      expect(lines.filter(({ event }) => event === 'cache_outage')).toHaveLength(1);
    } finally {
      await world.close();
      await redis.close();
    }
  });
});
