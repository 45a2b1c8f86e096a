import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { accounts, story } from '../../demo/story/ticket.ts';
import type { GitHubRequest } from '../../src/app.ts';
import { ClaimResponse, claimPath } from '../../src/core/runner.ts';
import { openPullRequest } from '../fakes/pull-request.ts';
import { type Issuer, startIssuer } from './issuer.ts';
import { addWorkflow } from './server-process.ts';
import { goodReport, type ListedCommand, startWorld, type World } from './world.ts';

/** Everything that a command may cost of the limit that GitHub puts on an app. */
const most = 6;

const place = { owner: 'acme', repo: 'shop' };
const tickets = ['SHOP-71', 'SHOP-72'];

let world: World;
let issuer: Issuer;
let calls: string[] = [];
let branches = 0;

function nameOf({ method, path }: GitHubRequest): string {
  return `${method} ${path.replaceAll(/\/\d+/g, '/:id').replace('/repos/acme/shop', '')}`;
}

beforeAll(async () => {
  world = await startWorld({
    jira: {
      ...story,
      issues: [
        ...story.issues,
        ...tickets.map((key) => ({ key, summary: 'Counted', reporter: accounts.maria })),
      ],
    },
    issuer: async (github) => {
      issuer = await startIssuer(github);
      return issuer;
    },
    onGitHubRequest: (request) => calls.push(nameOf(request)),
  });
  await addWorkflow(world.github);
  // What an app asks once in its life: its own account, and a token an hour for each installation.
  const number = await issue('The first command of all');
  await world.comment('maria', number, '@dexter begin');
  await played(ofIssue(number));
});

afterAll(() => world?.close());

async function issue(title: string): Promise<number> {
  const { data } = await world.github.as('maria').rest.issues.create({ ...place, title, body: 'Please.' });
  return data.number;
}

async function pullRequest(title: string) {
  branches += 1;
  return openPullRequest(world.github, {
    title,
    branch: `topic-${branches}`,
    path: 'new.txt',
    content: 'new\nand newer\n',
  });
}

const ofIssue = (number: number) => `gh-${world.github.repository.id}-${number}`;

/** Plays the run of the newest command of an issue to its told end. */
async function played(issueKey: string, number?: number): Promise<ListedCommand> {
  const { id } = await world.until(
    (one) => one.issueKey === issueKey && one.status === 'dispatched',
    `of ${issueKey} is dispatched`,
  );
  const response = await world.call(claimPath(id), await issuer.tokenFor(id, 'http://127.0.0.1:1'), {
    claimant: randomUUID(),
    runUrl: '',
    runnerName: 'by hand',
  });
  const { fence } = ClaimResponse.parse(await response.json());
  const pull = number && { number, url: `http://x/pull/${number}`, branch: `topic-${branches}` };
  await world.report(id, fence, goodReport(pull ? { pullRequest: pull } : {}));
  return world.until((one) => one.id === id && one.told, 'is told');
}

/** The calls to GitHub that one command makes, from its comment to its told end. */
async function counted(issueKey: string, ask: () => Promise<unknown>, number?: number): Promise<string[]> {
  calls = [];
  await ask();
  expect((await played(issueKey, number)).status).toBe('done');
  return calls;
}

const ofEveryCommand = [
  'POST /graphql',
  'GET /collaborators/maria/permission',
  'POST /graphql',
  'POST /actions/workflows/dexter.yml/dispatches',
  'POST /app/installations/:id/access_tokens',
];

it('takes six for a command on an issue, and as many for the next one', async () => {
  const number = await issue('Counted');
  const ask = () => world.comment('maria', number, '@dexter do this');
  const { number: pull } = await pullRequest('For the issue');
  const first = await counted(ofIssue(number), ask, pull);
  expect(first).toEqual([...ofEveryCommand, 'PATCH /issues/comments/:id']);
  const next = await counted(ofIssue(number), ask, pull);
  expect(next).toEqual(first);
  expect(next.length).toBeLessThanOrEqual(most);
});

it('takes six for a command on a pull request, and as many for the next one', async () => {
  const { number } = await pullRequest('Counted');
  const ask = () => world.comment('maria', number, '@dexter do this');
  const first = await counted(ofIssue(number), ask, number);
  expect(first).toEqual([...ofEveryCommand, 'PATCH /issues/comments/:id']);
  expect(await counted(ofIssue(number), ask, number)).toEqual(first);
});

it('takes six for a command in a review thread, which is answered there, and as many for the next one', async () => {
  const { number, sha } = await pullRequest('Counted line by line');
  const maria = world.github.as('maria').rest.pulls;
  const on = { ...place, pull_number: number };
  let opening = 0;
  const first = await counted(
    ofIssue(number),
    async () => {
      const line = { commit_id: sha, path: 'new.txt', line: 2, body: '@dexter explain this' };
      opening = (await maria.createReviewComment({ ...on, ...line })).data.id;
    },
    number,
  );
  expect(first).toEqual([...ofEveryCommand, 'PATCH /pulls/comments/:id']);
  const next = await counted(
    ofIssue(number),
    () => maria.createReplyForReviewComment({ ...on, comment_id: opening, body: '@dexter and now?' }),
    number,
  );
  expect(next).toEqual(first);
  const { data } = await maria.listReviewComments(on);
  const own = data.filter(({ user }) => user.login === 'dexter[bot]');
  expect(own.map(({ in_reply_to_id: to }) => to)).toEqual([opening, opening]);
});

it('takes six for the first command of a ticket, and for the next one', async () => {
  const [key = ''] = tickets;
  const { number } = await pullRequest(`${key}: Counted`);
  const ask = async () => world.jira.comment(accounts.maria, key, '@dexter do this');
  expect(await counted(key, ask, number)).toEqual([
    'GET /installation',
    'POST /graphql',
    'GET /collaborators/maria/permission',
    'POST /actions/workflows/dexter.yml/dispatches',
    'POST /app/installations/:id/access_tokens',
    'POST /issues/:id/comments',
  ]);
  expect(await counted(key, ask, number)).toEqual([
    'GET /collaborators/maria/permission',
    'GET /contents/.github%2Fdexter.yml',
    'POST /graphql',
    'POST /actions/workflows/dexter.yml/dispatches',
    'POST /app/installations/:id/access_tokens',
    'POST /issues/:id/comments',
  ]);
});

it('looks the repository up anew for a ticket whose next command is not allowed there', async () => {
  const [, key = ''] = tickets;
  const ask = async () => world.jira.comment(accounts.rob, key, '@dexter do this');
  await counted(key, ask);
  await world.github.as('maria').rest.repos.removeCollaborator({ ...place, username: 'rob' });
  calls = [];
  await ask();
  await world.until((one) => one.issueKey === key && one.status === 'refused' && one.told, 'is refused');
  expect(calls).toEqual([
    'GET /collaborators/rob/permission',
    'GET /installation',
    'POST /graphql',
    'GET /collaborators/rob/permission',
  ]);
});

it('edits the status comment once more for each progress that is shown', async () => {
  const number = await issue('With progress');
  calls = [];
  await world.comment('maria', number, '@dexter do this');
  const { id } = await world.until(
    (one) => one.issueKey === ofIssue(number) && one.status === 'dispatched',
    'is dispatched',
  );
  const response = await world.call(claimPath(id), await issuer.tokenFor(id, 'http://127.0.0.1:1'), {
    claimant: randomUUID(),
    runUrl: '',
    runnerName: 'by hand',
  });
  const { fence } = ClaimResponse.parse(await response.json());
  for (const step of ['one', 'two', 'three']) await world.heartbeat(id, fence, step);
  await world.report(id, fence, goodReport());
  await world.until((one) => one.id === id && one.told, 'is told');
  const edits = calls.filter((call) => call.startsWith('PATCH'));
  // At most one edit in 15 seconds, and this took less.
  expect(edits.length).toBeLessThanOrEqual(2);
  expect(calls.length - edits.length).toBe(5);
});

it('takes one more, for the reaction, when a command has to wait for its turn', async () => {
  const number = await issue('Two at once');
  calls = [];
  await world.comment('maria', number, '@dexter do the first');
  await world.until(
    (one) => one.issueKey === ofIssue(number) && one.status === 'dispatched',
    'is dispatched',
  );
  await world.comment('maria', number, '@dexter do the second');
  const reaction = 'POST /issues/comments/:id/reactions';
  await expect.poll(() => calls, { timeout: 20_000 }).toContain(reaction);
  for (const _turn of ['first', 'second']) expect((await played(ofIssue(number))).status).toBe('done');
  const ofBoth = [
    ...ofEveryCommand,
    ...ofEveryCommand,
    'PATCH /issues/comments/:id',
    'PATCH /issues/comments/:id',
  ];
  expect(calls.toSorted()).toEqual([...ofBoth, reaction].toSorted());
});
