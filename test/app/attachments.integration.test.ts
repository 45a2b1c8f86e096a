import { afterAll, beforeAll, expect, it } from 'vitest';
import { accounts, ticketKey } from '../../demo/story/ticket.ts';
import { attachmentPath } from '../../src/core/runner.ts';
import { startWorld, type World } from './world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.close());

function attach(id: string, name: string, more: object = {}): void {
  const created = '2026-01-13T00:00:00.000+0000';
  const content = Buffer.from(`content of ${name}`);
  const about = { mimeType: 'text/plain', author: accounts.rob, created, content };
  world.jira.issue(ticketKey).attachments.push({ id, name, ...about, ...more });
}

it('gives a runner the attachments of its own ticket, and nobody else anything', async () => {
  attach('71', 'shop.log');
  attach('72', 'elsewhere.txt', { redirectTo: 'https://media.example/x' });
  await world.jira.comment(accounts.maria, ticketKey, '@dexter look at the log');
  const { id } = await world.until(
    (one) => one.issueKey === ticketKey && one.status === 'dispatched',
    'dispatched',
  );
  const { claim } = await world.claim(id);
  expect(claim?.context.attachments).toMatchObject([
    { id: '71', fileName: 'shop.log' },
    { id: '72', fileName: 'elsewhere.txt' },
  ]);
  const ask = (attachment: string, token = claim?.runToken ?? '', fence = claim?.fence) =>
    world.call(attachmentPath(id, attachment), token, { fence });
  const answer = await ask('71');
  expect([answer.status, await answer.text()]).toEqual([200, 'content of shop.log']);
  expect((await ask('71', world.tokens.claim(id))).status).toBe(401);
  expect((await ask('71', claim?.runToken, 2)).status).toBe(401);
  expect((await ask('73')).status).toBe(404);
  const refused = await ask('72');
  expect(refused.status).toBe(502);
  expect(await refused.json()).toMatchObject({ message: expect.stringContaining('sent Dexter on to') });
});
