import { afterAll, beforeAll, expect, it } from 'vitest';
import { story } from '../../demo/story/ticket.ts';
import { createLog } from '../../src/logging/create-log.ts';
import { openPullRequest } from '../fakes/pull-request.ts';
import { goodReport, jiraSecret, startWorld, type World } from './world.ts';

interface Line {
  level: string;
  msg?: string;
  event?: string;
  type?: string;
  key?: string;
  name?: string;
  commandId?: string;
  deliveryId?: string;
}

const [ticket] = story.issues;
if (!ticket) throw new Error('the story has no ticket');
const tickets = ['SHOP-201', 'SHOP-202', 'SHOP-203'];

let world: World;
let lines: Line[] = [];
let text = '';

beforeAll(async () => {
  world = await startWorld({
    jira: { ...story, issues: tickets.map((key) => ({ ...ticket, key })) },
    onboarding: { isOn: false },
    log: createLog({
      level: 'debug',
      format: 'json',
      // Those of this world are made later: nothing may need to be taken out.
      secrets: [],
      write(line) {
        text += line;
        lines.push(JSON.parse(line) as Line);
      },
    }),
  });
});

afterAll(() => world?.close());

async function pullRequest(issueKey: string): Promise<number> {
  const branch = `of-${issueKey}`;
  return (
    await openPullRequest(world.github, { title: `${issueKey}: notes`, branch, path: `${issueKey}.md` })
  ).number;
}

/** From the comment to the told end. */
async function follow(number: number, issueKey: string): Promise<string> {
  await world.comment('maria', number, '@dexter do it');
  const { id } = await world.until(
    (one) => one.issueKey === issueKey && one.status === 'dispatched',
    `of ${issueKey} is dispatched`,
  );
  const { claim } = await world.claim(id);
  const fence = claim?.fence ?? 0;
  await world.heartbeat(id, fence, 'Working');
  await world.report(id, fence, goodReport({ session: undefined }));
  await world.until((one) => one.id === id && one.told, `${id} is told`);
  return id;
}

const storyOf = (id: string) =>
  lines
    .filter(({ commandId, name }) => commandId === id && name === undefined)
    .map(({ msg, event, type }) => msg ?? `${event} ${type}`);

const wholeStory = [
  'command received',
  'cache_operation set',
  'cache_operation miss',
  'job dispatched',
  'run claimed',
  'command ended',
  // What Dexter wrote on the ticket is not in the snapshot.
  'cache_operation invalidate',
];

it('has the id of the command on each line from the webhook to the told end', async () => {
  const number = await pullRequest('SHOP-201');
  await world.github.settled();
  lines = [];
  const id = await follow(number, 'SHOP-201');
  expect(
    lines.filter(({ commandId, deliveryId }) => commandId === undefined && deliveryId === undefined),
  ).toEqual([]);
  expect(new Set(lines.map(({ commandId }) => commandId ?? id))).toEqual(new Set([id]));
  const accepted = lines.find(({ msg }) => msg === 'command received');
  expect(accepted).toMatchObject({ commandId: id, deliveryId: expect.stringMatching(/^[\w-]{8,}$/) });
  // Lines of webhooks that are no command's are those before it, and of what Dexter itself wrote.
  for (const line of lines.filter(({ commandId }) => commandId === undefined))
    expect(line.msg).toMatch(/ignored|^Webhook received$/);
  expect(storyOf(id)).toEqual(wholeStory);
  // Also those of the client of GitHub.
  expect(
    lines.filter(({ commandId, msg }) => commandId === id && msg?.startsWith('GitHub request')),
  ).not.toEqual([]);
});

it('never mixes up two commands that are dealt with at the same time', async () => {
  const keys = ['SHOP-202', 'SHOP-203'];
  const numbers: number[] = [];
  for (const key of keys) numbers.push(await pullRequest(key));
  await world.github.settled();
  lines = [];
  const ids = await Promise.all(keys.map((key, index) => follow(numbers[index] ?? 0, key)));
  for (const [index, id] of ids.entries()) {
    const own = JSON.stringify(lines.filter(({ commandId }) => commandId === id));
    expect(own).toContain(`context:acme:${keys[index]}`);
    expect(own).toContain(`issues/comments/`);
    expect(own).not.toContain(keys[1 - index]);
    expect(own).not.toMatch(new RegExp(`/(?:issues|pulls)/${numbers[1 - index]}\\b`));
    expect(storyOf(id)).toEqual(wholeStory);
  }
});

it('has no secret, whoever wrote', () => {
  const [command] = lines.map(({ commandId }) => commandId).filter((id) => id !== undefined);
  const secrets = [
    world.github.app.webhookSecret,
    world.github.app.privateKey.split('\n')[1] ?? '',
    world.jira.connection.apiToken,
    jiraSecret,
    world.tokens.claim(command ?? ''),
    world.tokens.run(command ?? '', 1),
  ];
  for (const secret of secrets) expect(text).not.toContain(secret);
  expect(text).not.toMatch(/gh[sp]_\w{10}|Bearer [\w.-]{20}/);
});

it('tells at /readyz how what it works with is', async () => {
  const ready = async () => (await fetch(`${world.url}/readyz`)).json();
  await expect.poll(ready, { timeout: 30_000 }).toMatchObject({ github: 'ok', jira: 'ok' });
  expect(await ready()).toEqual({
    ready: true,
    database: 'ok',
    migrations: 'ok',
    queue: 'ok',
    worker: 'ok',
    github: 'ok',
    jira: 'ok',
    redis: 'off',
    // The hand that plays the runner has saved no session.
    store: 'unknown',
  });
});
