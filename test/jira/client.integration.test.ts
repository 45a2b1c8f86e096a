import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Jira, startJira } from '../../demo/jira/start-jira.ts';
import { accounts, story, ticketKey } from '../../demo/story/ticket.ts';
import { jiraClient } from '../../src/jira/client.ts';
import { adfDocument, adfParagraph, adfText } from '../../src/jira/markdown-to-adf.ts';

let jira: Jira;

beforeAll(async () => {
  jira = await startJira(story);
});

afterAll(() => jira.close());

function clientOf(changes: { token?: string; apiUrl?: string } = {}) {
  const { email, apiToken } = jira.connection;
  // People are sent to another address than the API's, as with scoped tokens.
  const site = {
    name: 'acme',
    url: 'https://acme.example',
    apiUrl: jira.url,
    email,
    token: apiToken,
    ...changes,
  };
  return jiraClient(site, 'dexter');
}

test('a ticket is read with its description as Markdown and links for people', async () => {
  const ticket = await clientOf().readTicket(ticketKey);
  expect(ticket).toMatchObject({
    key: ticketKey,
    url: `https://acme.example/browse/${ticketKey}`,
    summary: 'Coupons that take a percentage off',
    status: 'In Progress',
    olderComments: 0,
  });
  expect(ticket.description).toContain('## Acceptance criteria');
  expect(ticket.comments.map(({ author }) => author.displayName)).toContain('Rob Tan');
});

test('who added a label is read from the history of the ticket, not taken from an event', async () => {
  const client = clientOf();
  expect(await client.readLabel(ticketKey, 'dexter')).toBeUndefined();
  await jira.addLabel(accounts.rob, ticketKey, 'dexter-like');
  await jira.addLabel(accounts.maria, ticketKey, 'dexter');
  await jira.addLabel(accounts.rob, ticketKey, 'other');
  expect(await client.readLabel(ticketKey, 'dexter')).toEqual({
    accountId: accounts.maria,
    displayName: 'Maria Lang',
  });
});

test('a ticket is closed since its status is of the category "done", whatever it was before', async () => {
  const client = clientOf();
  const at = new Date('2026-01-05T09:00:00.000Z');
  expect(await client.readClosedSince(ticketKey)).toBeUndefined();
  jira.setStatus(ticketKey, 'Done', at);
  expect(await client.readClosedSince(ticketKey)).toEqual(at);
  jira.setStatus(ticketKey, 'In Progress');
  expect(await client.readClosedSince(ticketKey)).toBeUndefined();
  await expect(client.readClosedSince('SHOP-999')).rejects.toMatchObject({ code: 'ticket-unreadable' });
});

test('a comment with the same marker is posted once', async () => {
  const client = clientOf();
  const body = adfDocument([adfParagraph(adfText('On it'))]);
  const first = await client.postComment(ticketKey, 'one:start', body);
  expect(await client.postComment(ticketKey, 'one:start', body)).toBe(first);
  expect(await client.postComment(ticketKey, 'one:end', body)).not.toBe(first);
});

test('a comment that is gone is told from a ticket that cannot be read', async () => {
  const client = clientOf();
  expect(await client.readComment(ticketKey, '99999')).toBeUndefined();
  await expect(client.readTicket('SHOP-999')).rejects.toMatchObject({
    code: 'ticket-unreadable',
    hint: expect.stringContaining('Browse projects'),
  });
});

test('a wrong token says whose token an administrator has to renew', async () => {
  await expect(clientOf({ token: 'wrong' }).readTicket(ticketKey)).rejects.toMatchObject({
    code: 'jira-failed',
    hint: expect.stringContaining('dexter@acme.example'),
  });
});

test('a wrong address is told from a ticket that does not exist', async () => {
  const client = clientOf({ apiUrl: `${jira.url}/ex/jira/wrong` });
  for (const asked of [client.ownAccountId(), client.readTicket(ticketKey)]) {
    await expect(asked).rejects.toMatchObject({
      code: 'jira-failed',
      message: expect.stringContaining(`${jira.url}/ex/jira/wrong`),
      hint: expect.stringMatching(/`apiUrl` of `jira\.acme` in dexter\.yml/),
    });
  }
});

test('a command is read as it was typed, the ticket as Markdown', async () => {
  const client = clientOf();
  const id = await client.postComment(
    ticketKey,
    'typed',
    adfDocument([adfParagraph(adfText('@dexter <T> in a*b'))]),
  );
  expect((await client.readComment(ticketKey, id))?.comment.text).toBe('@dexter <T> in a*b');
  const { comments } = await client.readTicket(ticketKey);
  expect(comments.find((comment) => comment.id === id)?.text).toBe('@dexter \\<T> in a\\*b');
});

test('whoever counts hears how each request was answered, tries that failed included', async () => {
  const { email, apiToken: token } = jira.connection;
  const heard = async (apiUrl: string, ask: (client: ReturnType<typeof jiraClient>) => Promise<unknown>) => {
    const statuses: (number | undefined)[] = [];
    const client = jiraClient({ name: 'acme', url: 'https://acme.example', apiUrl, email, token }, 'dexter', {
      onAnswer: (status) => statuses.push(status),
      retryDelayMs: 1,
    });
    await ask(client).catch(() => undefined);
    return statuses;
  };
  expect(await heard(jira.url, (client) => client.readUpdated(ticketKey))).toEqual([200]);
  expect(await heard(jira.url, (client) => client.readUpdated('SHOP-999'))).toEqual([404]);
  const file = { id: '999', name: 'a.txt' };
  expect(await heard(jira.url, (client) => client.readAttachment(file, 10))).toEqual([404]);
  const gone = await startJira(story);
  await gone.close();
  const nobody = gone.url;
  expect(await heard(nobody, (client) => client.readUpdated(ticketKey))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(await heard(nobody, (client) => client.readAttachment(file, 10))).toEqual([undefined]);
});
