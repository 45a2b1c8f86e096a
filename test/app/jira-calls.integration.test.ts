import { afterAll, beforeAll, expect, it } from 'vitest';
import { fromText } from '../../demo/jira/adf.ts';
import { accounts, ticketKey } from '../../demo/story/ticket.ts';
import { until } from '../fakes/processes.ts';
import { goodReport, startWorld, type World } from './world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
  // Asked at the start, to know whether JIRA answers.
  await until(() => world.jira.requests().length > 0);
});

afterAll(() => world.close());

/** What the app asks JIRA for one command, from the comment to the end that is told. */
async function callsOf(instruction: string): Promise<string[]> {
  const before = world.jira.requests().length;
  await world.jira.comment(accounts.maria, ticketKey, `@dexter ${instruction}`);
  const command = await world.until(
    (one) => one.issueKey === ticketKey && one.status === 'dispatched',
    'dispatched',
  );
  const { claim } = await world.claim(command.id);
  await world.report(command.id, claim?.fence ?? 0, goodReport());
  await world.until((one) => one.id === command.id && one.told, 'told');
  // The first one is Maria's own comment.
  return world.jira
    .requests()
    .slice(before + 1)
    .map(({ method, path }) => `${method} ${path.replace(`/rest/api/3/issue/${ticketKey}`, '')}`);
}

it('asks JIRA four times for a command on a ticket of 100 comments, both of its own included', async () => {
  const issue = world.jira.issue(ticketKey);
  while (issue.comments.length < 99) {
    const at = `2026-01-13T00:00:00.${String(issue.comments.length).padStart(3, '0')}+0000`;
    const comment = { author: accounts.rob, body: fromText('Hm.'), created: at, updated: at, properties: [] };
    issue.comments.push({ id: `9${issue.comments.length}`, ...comment });
  }
  expect(await callsOf('implement this')).toEqual([
    // Once for each start of the app.
    'GET /rest/api/3/myself',
    'GET /comment',
    'POST /comment',
    'GET ',
    'POST /comment',
  ]);
  const request = world.hand.dispatched.at(-1);
  expect(request?.job.context.match(/^### Rob Tan on JIRA/gm)?.length).toBeGreaterThan(90);
});
