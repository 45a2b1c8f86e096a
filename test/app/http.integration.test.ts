import { createHmac, randomUUID } from 'node:crypto';
import { type OutgoingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { document, fromText, mention, paragraph } from '../../demo/jira/adf.ts';
import { accounts, story, ticketKey } from '../../demo/story/ticket.ts';
import { claimPath, heartbeatPath, reportPath } from '../../src/core/runner.ts';
import { startPgliteServer } from '../ledger/pglite-server.ts';
import { type Gate, startGate } from './gate.ts';
import { goodReport, jiraSecret, type ListedCommand, startWorld, type World } from './world.ts';

let database: Awaited<ReturnType<typeof startPgliteServer>>;
let gate: Gate;
let world: World;

/** Only one test speaks on it. */
const quietTicket = 'SHOP-43';

beforeAll(async () => {
  database = await startPgliteServer();
  world = await startWorld({
    databaseUrl: database.url,
    jira: {
      ...story,
      issues: [...story.issues, { key: quietTicket, summary: 'Quiet', reporter: accounts.maria }],
    },
    viaGate: async (target) => {
      gate = await startGate({ target });
      return gate;
    },
  });
  // What is delivered here is delivered by hand.
  const nowhere = await startGate({ target: world.url });
  nowheres.push(nowhere);
  world.github.setWebhookTarget(`${nowhere.url}/nowhere`);
  world.jira.setWebhookTarget(`${nowhere.url}/nowhere`, jiraSecret);
});

const nowheres: Gate[] = [];

afterAll(async () => {
  await world?.close();
  for (const nowhere of nowheres) await nowhere.close();
  await database?.close();
});

/** Plays the runner of whatever a test left open, to the end: the next test finds nothing under way. */
afterEach(async () => {
  const untold = async () => {
    const open = (await world.commands()).filter(({ told }) => !told);
    for (const { id, status } of open) {
      if (status === 'dispatched') await world.claim(id);
      if (status === 'dispatched' || status === 'running')
        await world.report(id, 1, goodReport({ session: undefined }));
    }
    return open;
  };
  await expect.poll(untold, { timeout: 20_000 }).toEqual([]);
});

const sign = (body: string | Buffer, secret = world.github.app.webhookSecret) =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

/** Posts on a connection of its own, because the app closes it when it refuses to read all of the body. */
function postLarge(url: string, headers: OutgoingHttpHeaders, body: Buffer): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sending = request(url, { method: 'POST', headers, agent: false }, (response) => {
      resolve(response.statusCode);
      sending.destroy();
    });
    sending.on('error', reject);
    sending.end(body);
  });
}

interface GitHubDelivery {
  body: string;
  event?: string | null;
  /** Signed by default. */
  signature?: string | null;
}

function deliver({
  body,
  event = 'issue_comment',
  signature = sign(body),
}: GitHubDelivery): Promise<Response> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'x-github-delivery': randomUUID(),
  };
  if (event !== null) headers['x-github-event'] = event;
  if (signature !== null) headers['x-hub-signature-256'] = signature;
  return fetch(`${world.url}/api/github/webhooks`, { method: 'POST', headers, body });
}

/** A comment of Maria's on a new issue, and what GitHub says of it. */
async function commented(body: string): Promise<{ number: number; id: number; body: string }> {
  const place = { owner: 'acme', repo: 'shop' };
  const maria = world.github.as('maria').rest.issues;
  const { data: issue } = await maria.create({ ...place, title: 'Over HTTP', body: '' });
  const id = await world.comment('maria', issue.number, body);
  return { number: issue.number, id, body: announced(id) };
}

/** What GitHub says of a comment. */
function announced(id: number): string {
  const isIt = (body: string) => (JSON.parse(body) as { comment?: { id: number } }).comment?.id === id;
  const delivery = world.github.deliveries().find((one) => one.event === 'issue_comment' && isIt(one.body));
  if (!delivery) throw new Error('the comment was not announced');
  return delivery.body;
}

/** Breaks the database while something is delivered. */
async function whileBroken(breaks: string, mends: string, work: () => Promise<void>): Promise<void> {
  await database.exec(breaks);
  try {
    await work();
  } finally {
    await database.exec(mends);
  }
}

const ofIssue =
  (number: number) =>
  ({ issueKey }: ListedCommand): boolean =>
    issueKey === `gh-${world.github.repository.id}-${number}`;

async function countOf(number: number): Promise<number> {
  return (await world.commands()).filter(ofIssue(number)).length;
}

describe('a webhook of GitHub', () => {
  it.each<[string, (body: string) => string | null]>([
    ['no signature', () => null],
    ['an empty signature', () => ''],
    ['the signature of another body', () => sign('{}')],
    ['a signature by another secret', (body) => sign(body, 'not the secret of this app')],
    ['a signature by the well-known default secret', (body) => sign(body, 'development')],
    ['a signature cut short', (body) => sign(body).slice(0, -1)],
    ['a signature without its algorithm', (body) => sign(body).slice('sha256='.length)],
    [
      'SHA-1',
      (body) => `sha1=${createHmac('sha1', world.github.app.webhookSecret).update(body).digest('hex')}`,
    ],
    ['something else', () => `sha256=${'é'.repeat(10)}`],
  ])('with %s is refused and leaves nothing', async (_what, signatureOf) => {
    const { number, body } = await commented('@dexter go');
    const response = await deliver({ body, signature: signatureOf(body) });
    expect(response.status).toBe(401);
    expect(await countOf(number)).toBe(0);
  });

  it('is refused when its body was changed on the way', async () => {
    const { number, body } = await commented('@dexter go');
    const response = await deliver({ body: body.replace('@dexter go', '@dexter no'), signature: sign(body) });
    expect(response.status).toBe(401);
    expect(await countOf(number)).toBe(0);
  });

  it.each(['not json', '[]', '"text"', '7', 'null', '{"action":"created"'])(
    'that says %j is answered with 400',
    async (body) => {
      expect((await deliver({ body })).status).toBe(400);
    },
  );

  it.each<[string, (payload: Record<string, Record<string, unknown>>) => unknown]>([
    ['no comment', ({ comment: _, ...rest }) => rest],
    ['no installation', ({ installation: _, ...rest }) => rest],
    [
      'a comment without an author',
      (payload) => ({ ...payload, comment: { ...payload.comment, user: null } }),
    ],
    ['an id that is text', (payload) => ({ ...payload, comment: { ...payload.comment, id: '7' } })],
    [
      'an id that is no whole number',
      (payload) => ({ ...payload, comment: { ...payload.comment, id: 7.5 } }),
    ],
    [
      'a repository without an owner',
      (payload) => ({ ...payload, repository: { ...payload.repository, owner: {} } }),
    ],
    [
      'a body that is no text',
      (payload) => ({ ...payload, comment: { ...payload.comment, body: { a: 1 } } }),
    ],
  ])('of the wrong shape, with %s, is answered with 400 and leaves nothing', async (_what, spoil) => {
    const { number, body } = await commented('@dexter go');
    expect((await deliver({ body: JSON.stringify(spoil(JSON.parse(body))) })).status).toBe(400);
    expect(await countOf(number)).toBe(0);
  });

  it.each(['push', 'made_up', 'error', '*', 'constructor', '__proto__', 'toString', 'issue_comment.deleted'])(
    'with the event %s is taken and ignored',
    async (event) => {
      const { number, body } = await commented('@dexter go');
      expect((await deliver({ body, event })).status).toBe(200);
      expect(await countOf(number)).toBe(0);
    },
  );

  it('without the name of an event is answered with 400', async () => {
    const { body } = await commented('@dexter go');
    expect((await deliver({ body, event: null })).status).toBe(400);
  });

  it.each([
    ['pull_request_review', 200],
    ['pull_request_review_comment', 400],
  ])('under the name %s, which nobody signed, starts nothing', async (event, status) => {
    const { number, body } = await commented('@dexter go');
    expect((await deliver({ body, event })).status).toBe(status);
    expect(await countOf(number)).toBe(0);
  });

  it('that was signed for an edit starts nothing under the name of a new comment', async () => {
    const { number, body } = await commented('@dexter go');
    const edited = JSON.stringify({ ...JSON.parse(body), action: 'edited' });
    for (const event of ['issue_comment', 'issue_comment.created'])
      expect((await deliver({ body: edited, event })).status).toBe(200);
    expect(await countOf(number)).toBe(0);
  });

  it('is one command, however often and under whatever ids it comes', async () => {
    const { number, body } = await commented('@dexter go');
    const answers = await Promise.all(Array.from({ length: 10 }, () => deliver({ body })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    await world.until((one) => ofIssue(number)(one) && one.status === 'dispatched', 'is dispatched');
    expect((await deliver({ body })).status).toBe(200);
    expect(await countOf(number)).toBe(1);
  });

  it('is answered while GitHub itself does not answer', async () => {
    const { number, body } = await commented('@dexter go');
    const held = [
      gate.hold('POST', /\/graphql$/),
      gate.hold('POST', /\/access_tokens$/),
      gate.hold('GET', /./),
    ];
    expect((await deliver({ body })).status).toBe(200);
    for (const hold of held) hold.open();
    await world.until((one) => ofIssue(number)(one) && one.status === 'dispatched', 'is dispatched');
  });

  it('of 26 MB is refused, whether it says its length or not', async () => {
    const url = `${world.url}/api/github/webhooks`;
    const bytes = Buffer.alloc(26_000_000);
    expect(await postLarge(url, { 'content-length': bytes.length }, bytes)).toBe(413);
    expect(await postLarge(url, { 'transfer-encoding': 'chunked' }, bytes)).toBe(413);
    expect((await fetch(`${world.url}/healthz`)).status).toBe(200);
  });

  it('of 25 MB is read, and refused for what it is', async () => {
    const body = Buffer.alloc(25_000_000, ' ');
    const url = `${world.url}/api/github/webhooks`;
    const headers = { 'x-github-event': 'issue_comment', 'content-type': 'application/json' };
    expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(401);
    const signed = { ...headers, 'x-hub-signature-256': sign(body) };
    expect((await fetch(url, { method: 'POST', headers: signed, body })).status).toBe(400);
  });

  it.each([
    ['row', 'alter table commands rename to elsewhere', 'alter table elsewhere rename to commands'],
    [
      'place in the queue',
      'alter schema pgboss rename to elsewhere',
      'alter schema elsewhere rename to pgboss',
    ],
    [
      'commit',
      `create function refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
       create constraint trigger refuse after insert on commands deferrable initially deferred
       for each row execute function refuse()`,
      'drop trigger refuse on commands; drop function refuse',
    ],
  ])(
    'that the database takes no %s for is answered with 503, leaves nothing and may come again',
    async (_what, breaks, mends) => {
      const { number, body } = await commented('@dexter go');
      await whileBroken(breaks, mends, async () => {
        expect((await deliver({ body })).status).toBe(503);
      });
      expect(await countOf(number)).toBe(0);
      expect((await deliver({ body })).status).toBe(200);
      await world.until((one) => ofIssue(number)(one) && one.status === 'dispatched', 'is dispatched');
      expect(await countOf(number)).toBe(1);
    },
  );

  it('is answered while hundreds of others never end', async () => {
    const sockets: Socket[] = [];
    const { port } = new URL(world.url);
    const half = [
      'POST /api/github/webhooks HTTP/1.1\r\nhost: x\r\ncontent-le',
      'POST /api/github/webhooks HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{"action":',
      '',
    ];
    try {
      for (let index = 0; index < 300; index++) {
        const socket = connect(Number(port), '127.0.0.1');
        socket.on('error', () => undefined);
        socket.write(half[index % half.length] ?? '');
        sockets.push(socket);
      }
      const { number, body } = await commented('@dexter go');
      expect((await deliver({ body })).status).toBe(200);
      expect(await countOf(number)).toBe(1);
      await world.until((one) => ofIssue(number)(one) && one.status === 'dispatched', 'is dispatched');
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });
});

describe('an event of JIRA', () => {
  const tell = (
    body: unknown,
    headers: Record<string, string> = { 'x-dexter-secret': jiraSecret },
    site = 'acme',
  ) =>
    fetch(`${world.url}/jira/${site}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });

  const signedBy = (body: string, secret = jiraSecret) => ({ 'x-hub-signature': sign(body, secret) });

  const jiraCommands = async () => (await world.commands()).filter(({ source }) => source === 'jira');

  const asked = async (text = '@dexter go') => {
    const { id } = await world.jira.comment(accounts.maria, ticketKey, text);
    return { event: 'comment_created', issueKey: ticketKey, commentId: id, comment: text };
  };

  it.each<[string, (body: string) => { headers: Record<string, string>; site?: string }]>([
    ['nothing that shows who sends it', () => ({ headers: {} })],
    ['a wrong secret', () => ({ headers: { 'x-dexter-secret': `${jiraSecret}x` } })],
    ['an empty secret', () => ({ headers: { 'x-dexter-secret': '' } })],
    ['a wrong signature', (body) => ({ headers: signedBy(body, 'another secret') })],
    ['the signature of another body', () => ({ headers: signedBy('{}') })],
    ['the secret in place of the signature', () => ({ headers: { 'x-hub-signature': jiraSecret } })],
    [
      'a right signature beside a wrong secret',
      (body) => ({ headers: { ...signedBy(body), 'x-dexter-secret': 'no' } }),
    ],
    [
      'a connection that is not configured',
      () => ({ headers: { 'x-dexter-secret': jiraSecret }, site: 'other' }),
    ],
    [
      'a connection by a name that every object has',
      () => ({ headers: { 'x-dexter-secret': '' }, site: 'constructor' }),
    ],
  ])('with %s is refused and leaves nothing', async (_what, make) => {
    const before = (await jiraCommands()).length;
    const body = JSON.stringify(await asked());
    const { headers, site } = make(body);
    expect((await tell(body, headers, site)).status).toBe(401);
    expect(await jiraCommands()).toHaveLength(before);
  });

  it.each([
    'not json',
    '[]',
    '{}',
    '{"event":"comment_created"}',
    '{"event":"comment_created","issueKey":"../../x","commentId":"1"}',
    '{"event":"comment_created","issueKey":"SHOP-42","commentId":"1/../2"}',
    '{"event":"label_added","issueKey":"SHOP-42","label":"dexter"}',
    '{"webhookEvent":"comment_created"}',
    '{"webhookEvent":7}',
  ])('that says %j is answered with 400', async (body) => {
    expect((await tell(body)).status).toBe(400);
  });

  it.each([
    { webhookEvent: 'comment_updated', issue: { key: ticketKey }, comment: { id: '1', body: '@dexter go' } },
    { webhookEvent: 'comment_deleted', issue: { key: ticketKey }, comment: { id: '1', body: '@dexter go' } },
    { webhookEvent: 'jira:issue_created', issue: { key: ticketKey } },
    { event: 'comment_created', issueKey: ticketKey, commentId: '1', comment: 'thanks, @dexter' },
    { event: 'label_added', issueKey: ticketKey, label: 'other', accountId: 'x', at: 1 },
  ])('that is nothing to be done is taken and ignored: $webhookEvent$event', async (event) => {
    const before = (await jiraCommands()).length;
    expect((await tell(event)).status).toBe(200);
    expect(await jiraCommands()).toHaveLength(before);
  });

  it('of more than 10 MB is refused', async () => {
    const headers = { 'x-dexter-secret': jiraSecret, 'content-length': 10_000_001 };
    expect(await postLarge(`${world.url}/jira/acme`, headers, Buffer.alloc(10_000_001))).toBe(413);
  });

  it('is answered with 503 when it cannot be kept, and taken when JIRA sends it again', async () => {
    const event = await asked();
    const renamed = ['alter table commands rename to elsewhere', 'alter table elsewhere rename to commands'];
    await whileBroken(renamed[0] ?? '', renamed[1] ?? '', async () => {
      expect((await tell(event)).status).toBe(503);
    });
    const before = (await jiraCommands()).length;
    expect((await tell(event)).status).toBe(200);
    expect((await tell(event)).status).toBe(200);
    expect(await jiraCommands()).toHaveLength(before + 1);
    await world.until(({ source, status }) => source === 'jira' && status === 'dispatched', 'is dispatched');
  });

  const dexter = mention(accounts.dexter, 'Dexter');
  const admin = (comment: unknown) => ({
    webhookEvent: 'comment_created',
    issue: { key: ticketKey },
    comment,
  });

  it.each<[string, ReturnType<typeof document>, (id: string) => unknown, 'rule' | 'admin']>([
    ['text', fromText('@dexter go'), (id) => ({ commentId: id, comment: '@dexter go' }), 'rule'],
    ['ids alone', fromText('@dexter go'), (id) => ({ commentId: id }), 'rule'],
    ['a number for an id', fromText('@dexter go'), (id) => ({ commentId: Number(id) }), 'rule'],
    ['ADF', fromText('@dexter go'), (id) => ({ commentId: id, comment: fromText('@dexter go') }), 'rule'],
    [
      'a mention as wiki markup',
      document(paragraph(dexter, ' go')),
      (id) => ({ commentId: id, comment: `[~accountid:${accounts.dexter}] go` }),
      'rule',
    ],
    [
      'a mention as a node',
      document(paragraph(dexter, ' go')),
      (id) => admin({ id, body: document(paragraph(dexter, ' go')), author: { accountId: accounts.maria } }),
      'admin',
    ],
    [
      'wiki markup after a quote',
      fromText('Hello\n@dexter go'),
      (id) =>
        admin({ id, body: '{quote}@dexter stop{quote}\n@dexter go', author: { accountId: accounts.maria } }),
      'admin',
    ],
  ])('is understood as %s', async (_what, written, eventOf, mode) => {
    const { id } = await world.jira.comment(accounts.maria, ticketKey, written);
    const before = new Set((await jiraCommands()).map((one) => one.id));
    const event = eventOf(id);
    const body = JSON.stringify(
      mode === 'rule' ? { event: 'comment_created', issueKey: ticketKey, ...(event as object) } : event,
    );
    const response = await tell(body, mode === 'rule' ? undefined : signedBy(body));
    expect(response.status).toBe(200);
    const command = await world.until(
      (one) => one.source === 'jira' && !before.has(one.id) && one.status === 'dispatched',
      'is dispatched',
    );
    const job = world.hand.dispatched.find((request) => request.job.commandId === command.id)?.job;
    expect(job?.instruction).toBe('go');
  });

  it('of a comment of its own is answered by nobody', async () => {
    const { id } = await world.jira.comment(accounts.dexter, quietTicket, '@dexter go on for ever');
    const known = await jiraCommands();
    const text = '@dexter go on for ever';
    const event = { event: 'comment_created', issueKey: quietTicket, commentId: id, comment: text };
    expect((await tell(event)).status).toBe(200);
    const isNew = ({ id, source }: ListedCommand) =>
      source === 'jira' && !known.some((command) => command.id === id);
    // Before JIRA has told the app which account is its own, it has to look at the comment.
    if ((await jiraCommands()).some(isNew)) await world.until((one) => isNew(one) && one.told, 'is over');
    expect(world.jira.comments(quietTicket)).toHaveLength(1);
    expect(world.hand.dispatched.some(({ job }) => job.instruction.includes('for ever'))).toBe(false);
  });
});

describe('the API for runners', () => {
  async function dispatched(): Promise<{ id: string; number: number }> {
    const { number, body } = await commented('@dexter go');
    expect((await deliver({ body })).status).toBe(200);
    const { id } = await world.until(
      (one) => ofIssue(number)(one) && one.status === 'dispatched',
      'is dispatched',
    );
    return { id, number };
  }

  const progress = { step: 'working', turns: 1, lines: [], costUsd: null };
  const claimBody = { claimant: randomUUID(), runUrl: '', runnerName: 'by hand' };

  it('refuses whoever has no token, or not this one', async () => {
    const [one, other] = [await dispatched(), await dispatched()];
    const path = `${world.url}${claimPath(one.id)}`;
    const headers = { 'content-type': 'application/json' };
    const bare = await fetch(path, { method: 'POST', headers, body: JSON.stringify(claimBody) });
    expect(bare.status).toBe(401);
    for (const token of ['x', 'a.b.c', world.tokens.claim(other.id), world.tokens.run(one.id, 1)])
      expect((await world.call(claimPath(one.id), token, claimBody)).status).toBe(401);
    await world.claim(one.id);
    for (const token of ['x', world.tokens.claim(one.id), world.tokens.run(other.id, 1)]) {
      const beat = await world.call(heartbeatPath(one.id), token, { fence: 1, progress });
      expect(beat.status).toBe(401);
      const said = await world.call(reportPath(one.id), token, { fence: 1, report: goodReport() });
      expect(said.status).toBe(401);
    }
  });

  it('does not tell a stranger which commands there are', async () => {
    const { id } = await dispatched();
    const answers = async (of: string) => {
      const good = await world.call(claimPath(of), 'x', claimBody);
      const bad = await world.call(claimPath(of), 'x', { nonsense: true });
      return [good.status, await good.text(), bad.status, await bad.text()];
    };
    expect(await answers(id)).toEqual(await answers(randomUUID()));
  });

  it('lets one of many claim, and nobody after the end', async () => {
    const { id } = await dispatched();
    const claims = await Promise.all(Array.from({ length: 12 }, () => world.claim(id)));
    expect(claims.map(({ status }) => status).sort()).toEqual([200, ...Array(11).fill(409)]);
    await world.report(id, 1, goodReport({ session: undefined }));
    expect((await world.claim(id)).status).toBe(409);
  });

  it('lets nobody claim what was not prepared', async () => {
    const { number } = await dispatched();
    const id = await world.comment('maria', number, '@dexter and then this');
    expect((await deliver({ body: announced(id) })).status).toBe(200);
    const waiting = await world.until((one) => ofIssue(number)(one) && one.status === 'queued', 'waits');
    expect((await world.claim(waiting.id)).status).toBe(409);
    expect((await world.commands()).find((one) => one.id === waiting.id)?.status).toBe('queued');
  });

  it('gives no run to whoever claims while the command ends', async () => {
    const { id, number } = await dispatched();
    const held = gate.hold('POST', /\/access_tokens$/);
    const claiming = world.claim(id);
    await held.arrived;
    await database.exec(
      `update commands set status = 'cancelled', ended_at = now(), lease_until = null where id = '${id}'`,
    );
    held.open();
    expect((await claiming).status).toBe(409);
    expect((await world.commands()).find(ofIssue(number))?.status).toBe('cancelled');
  });

  it('takes heartbeat and report under the fencing token of the claim only', async () => {
    const { id } = await dispatched();
    await world.claim(id);
    expect((await world.heartbeat(id, 2, 'from the future')).status).toBe(409);
    expect((await world.report(id, 2, goodReport())).status).toBe(409);
    const mixed = await world.call(heartbeatPath(id), world.tokens.run(id, 1), { fence: 2, progress });
    expect(mixed.status).toBe(401);
    expect(await (await world.heartbeat(id, 1, 'working')).json()).toEqual({ stop: false });
  });

  it('takes a report that comes twice once, and no heartbeat after it', async () => {
    const { id } = await dispatched();
    await world.claim(id);
    expect((await world.report(id, 1, goodReport({ session: undefined, summary: 'first' }))).status).toBe(
      200,
    );
    expect((await world.report(id, 1, goodReport({ session: undefined, summary: 'second' }))).status).toBe(
      200,
    );
    expect((await world.heartbeat(id, 1, 'still here')).status).toBe(409);
    expect((await world.commands()).find((one) => one.id === id)?.report?.summary).toBe('first');
  });

  it('tells a runner whose command was ended without it that its report comes too late', async () => {
    const { id } = await dispatched();
    await world.claim(id);
    await database.exec(
      `update commands set status = 'failed', ended_at = now(), lease_until = null where id = '${id}'`,
    );
    expect((await world.report(id, 1, goodReport())).status).toBe(409);
    expect((await world.report(id, 1, goodReport())).status).toBe(409);
    expect((await world.commands()).find((one) => one.id === id)?.report).toBeNull();
  });

  it('takes what a program may print', async () => {
    const { id } = await dispatched();
    await world.claim(id);
    const odd = 'zero \0, half \ud83d';
    expect((await world.heartbeat(id, 1, odd, [odd])).status).toBe(200);
    const report = goodReport({ session: undefined, summary: odd, notices: [odd] });
    expect((await world.report(id, 1, report)).status).toBe(200);
    await world.until((one) => one.id === id && one.told, 'is told');
  });

  it('refuses what is too large or makes no sense', async () => {
    const { id } = await dispatched();
    const token = world.tokens.claim(id);
    const send = (body: string) =>
      postLarge(`${world.url}${claimPath(id)}`, { authorization: `Bearer ${token}` }, Buffer.from(body));
    expect(await send('{')).toBe(400);
    expect(await send('null')).toBe(400);
    expect(await send('{"runUrl":7,"runnerName":"x"}')).toBe(400);
    expect(await send(`{"runUrl":"","runnerName":"${'x'.repeat(2 * 1024 * 1024)}"}`)).toBe(413);
    expect((await world.claim('not-a-uuid')).status).toBe(401);
    expect((await world.claim(id)).status).toBe(200);
  });
});

describe('the list of commands', () => {
  it.each([undefined, 'Bearer', 'Bearer x', 'Basic token-of-the-command-list', 'token-of-the-command-list'])(
    'is not shown to %j',
    async (authorization) => {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      expect((await fetch(`${world.url}/api/commands`, { headers })).status).toBe(401);
    },
  );
});
