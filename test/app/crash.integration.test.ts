import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type GitHub, startGitHub } from '../../demo/github/start-github.ts';
import { type Jira, startJira } from '../../demo/jira/start-jira.ts';
import { accounts, story } from '../../demo/story/ticket.ts';
import { ClaimResponse, claimPath, reportPath } from '../../src/core/runner.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { type Gate, startGate } from './gate.ts';
import { type Issuer, startIssuer } from './issuer.ts';
import { addWorkflow, freePort, jiraSecret, namingRuns, type Server, startServer } from './server-process.ts';
import { goodReport, type ListedCommand, repositorySource } from './world.ts';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let github: GitHub;
let jira: Jira;
let issuer: Issuer;
let toGitHub: Gate;
let toJira: Gate;
let server: Server;
let port: number;
let ticket = 0;

const tickets = Array.from({ length: 30 }, (_, index) => `SHOP-${100 + index}`);

const start = () =>
  startServer({
    directory: directory.path,
    port,
    github,
    jira,
    githubApiUrl: toGitHub.url,
    jiraUrl: toJira.url,
    environment: { DEXTER_OIDC_ISSUER: issuer.url },
  });

beforeAll(async () => {
  directory = await temporaryDirectory();
  github = await startGitHub({ repositorySource });
  const [pattern] = story.issues;
  if (!pattern) throw new Error('the story has no ticket');
  jira = await startJira({ ...story, issues: tickets.map((key) => ({ ...pattern, key, comments: [] })) });
  issuer = await startIssuer(github);
  toGitHub = await startGate({ target: github.apiUrl, amend: namingRuns(github) });
  toJira = await startGate({ target: jira.url });
  await addWorkflow(github);
  port = await freePort();
  github.setWebhookTarget(`http://127.0.0.1:${port}/api/github/webhooks`);
  jira.setWebhookTarget(`http://127.0.0.1:${port}/jira/acme`, jiraSecret);
  server = await start();
});

afterAll(async () => {
  await server?.end('SIGTERM');
  await Promise.all([toGitHub?.close(), toJira?.close(), issuer?.close()]);
  await Promise.all([github?.close(), jira?.close()]);
  await directory?.remove();
});

beforeEach(async () => {
  if (server.isOver()) server = await start();
});

/** The power goes, and comes back. */
async function crash(): Promise<void> {
  await server.end('SIGKILL');
}

async function restart(): Promise<void> {
  server = await start();
}

/** What the runner says, again while the app is away. */
async function say(path: string, token: string, body: unknown): Promise<Response> {
  const end = Date.now() + 30_000;
  for (;;) {
    const response = await fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }).catch(() => undefined);
    if (response && response.status < 500) return response;
    if (Date.now() > end) throw new Error(`the app does not answer ${path}`);
    await setTimeout(50);
  }
}

const claim = async (id: string, claimant: string = randomUUID()) =>
  say(claimPath(id), await issuer.tokenFor(id, server.url), {
    claimant,
    runUrl: '',
    runnerName: 'by hand',
  });

async function report(id: string, response: Response): Promise<Response> {
  expect(response.status).toBe(200);
  const { fence, runToken } = ClaimResponse.parse(await response.json());
  return say(reportPath(id), runToken, { fence, report: goodReport({ session: undefined }) });
}

const runsOf = (issueKey: string) =>
  github.workflowRuns().filter(({ inputs }) => inputs['issue-key'] === issueKey);

/** One command, from either place, and how to look at what people see of it. */
interface Asked {
  issueKey: string;
  /** Bodies of what Dexter said, oldest first. */
  answers(): Promise<string[]>;
}

async function askOnGitHub(): Promise<Asked> {
  const place = { owner: 'acme', repo: 'shop' };
  const maria = github.as('maria').rest;
  const { data } = await maria.issues.create({ ...place, title: 'Crash', body: '' });
  await maria.issues.createComment({ ...place, issue_number: data.number, body: '@dexter survive' });
  return {
    issueKey: `gh-${github.repository.id}-${data.number}`,
    async answers() {
      const { data: comments } = await maria.issues.listComments({ ...place, issue_number: data.number });
      return comments.filter(({ user }) => user?.login === 'dexter[bot]').map(({ body }) => body ?? '');
    },
  };
}

async function askOnJira(): Promise<Asked> {
  const issueKey = tickets[ticket] ?? '';
  ticket += 1;
  await jira.comment(accounts.maria, issueKey, '@dexter survive');
  return {
    issueKey,
    async answers() {
      const own = jira.comments(issueKey).filter(({ author }) => author === accounts.dexter);
      return own.map(({ body }) => JSON.stringify(body));
    },
  };
}

/** Follows a command to its end and says what became of it. */
async function finish({ issueKey }: Asked): Promise<ListedCommand> {
  const told = await server.until(
    (command) => command.issueKey === issueKey && command.told,
    `of ${issueKey} is told`,
  );
  const all = (await server.commands()).filter((command) => command.issueKey === issueKey);
  expect(all).toHaveLength(1);
  return told;
}

/** Plays the runner of a command that is dispatched, and of no second one. */
async function playRun(asked: Asked): Promise<void> {
  const { id } = await server.until(isDispatched(asked), 'is dispatched');
  const first = await claim(id);
  expect((await claim(id)).status).toBe(409);
  expect((await report(id, first)).status).toBe(200);
}

async function expectDone(asked: Asked): Promise<void> {
  const command = await finish(asked);
  expect(command).toMatchObject({ status: 'done', problem: null });
  expect(runsOf(asked.issueKey)).toHaveLength(1);
  const answers = await asked.answers();
  if (command.source === 'github') {
    expect(answers).toHaveLength(1);
    expect(answers[0]).toContain('✅ **Done**');
  } else {
    expect(answers).toHaveLength(2);
    expect(answers[0]).toContain('On it');
    expect(answers[1]).toContain('✅ Done');
  }
}

type Place = 'GitHub' | 'JIRA';

const askOn = (place: Place) => (place === 'GitHub' ? askOnGitHub() : askOnJira());

interface Point {
  what: string;
  place: Place;
  gate: () => Gate;
  method: string;
  path: RegExp;
  body?: RegExp;
  /** The other side has done what was asked, and its answer is on the way. */
  afterwards?: boolean;
}

const viaGitHub = () => toGitHub;
const viaJira = () => toJira;

const points: Record<string, Point> = {
  readOnJira: {
    what: 'reads the comment',
    place: 'JIRA',
    gate: viaJira,
    method: 'GET',
    path: /\/comment(?:[/?]|$)/,
  },
  permission: {
    what: 'asks for the permission',
    place: 'JIRA',
    gate: viaGitHub,
    method: 'GET',
    path: /\/collaborators\/maria\/permission/,
  },
  startOnJira: {
    what: 'comments on the ticket',
    place: 'JIRA',
    gate: viaJira,
    method: 'POST',
    path: /\/comment$/,
  },
  readOnGitHub: {
    what: 'reads the comment',
    place: 'GitHub',
    gate: viaGitHub,
    method: 'POST',
    path: /\/graphql$/,
    body: /query Conversation/,
  },
  startOnGitHub: {
    what: 'posts the status comment',
    place: 'GitHub',
    gate: viaGitHub,
    method: 'POST',
    path: /\/graphql$/,
    body: /mutation Answer/,
  },
  dispatch: {
    what: 'starts the workflow',
    place: 'GitHub',
    gate: viaGitHub,
    method: 'POST',
    path: /\/dispatches$/,
  },
};

const afterwards = (point: Point | undefined) => point && { ...point, afterwards: true };

/** As many as one process prepares at the same time. */
const batches: (Point | undefined)[][] = [
  [points.readOnJira, points.permission, points.startOnJira, points.dispatch],
  [points.readOnGitHub, points.startOnGitHub],
  [afterwards(points.startOnJira), afterwards(points.startOnGitHub), afterwards(points.dispatch)],
];

const isDispatched =
  (asked: Asked) =>
  ({ issueKey, status }: ListedCommand): boolean =>
    issueKey === asked.issueKey && status === 'dispatched';

describe('the app that is killed', () => {
  it('right after it took commands finishes them', async () => {
    const before = { github: github.deliveries().length, jira: jira.deliveries().length };
    const asked = [await askOnGitHub(), await askOnJira()];
    const isKept = () =>
      jira
        .deliveries()
        .slice(before.jira)
        .some(({ status }) => status === 200) &&
      github
        .deliveries()
        .slice(before.github)
        .some(({ event, statusCode }) => event === 'issue_comment' && statusCode === 200);
    await expect.poll(isKept, { interval: 1, timeout: 20_000 }).toBe(true);
    await crash();
    await restart();
    await Promise.all(asked.map(playRun));
    await Promise.all(asked.map(expectDone));
  });

  it.each(batches.map((batch) => ({ batch, whats: batch.map((point) => point?.what).join(', ') })))(
    'while it $whats, goes on with each command',
    async ({ batch }) => {
      const held = [];
      const asked: Asked[] = [];
      for (const point of batch) {
        if (!point) continue;
        const hold = point.gate().hold(point.method, point.path, point);
        asked.push(await askOn(point.place));
        await hold.arrived;
        held.push(hold);
      }
      await crash();
      for (const hold of held) hold.open();
      await restart();
      await Promise.all(asked.map(playRun));
      await Promise.all(asked.map(expectDone));
    },
  );

  it('twice while it prepares the same command goes on with it all the same', async () => {
    const first = toGitHub.hold('GET', /\/collaborators\/maria\/permission/);
    const asked = await askOnJira();
    await first.arrived;
    await crash();
    first.open();
    const second = toGitHub.hold('POST', /\/dispatches$/, { afterwards: true });
    await restart();
    await second.arrived;
    await crash();
    second.open();
    await restart();
    await playRun(asked);
    await expectDone(asked);
  });

  it('while runners wait, claim and work, hears each of them afterwards', async () => {
    const [waiting, claiming, working] = [await askOnGitHub(), await askOnJira(), await askOnGitHub()];
    const ids: string[] = [];
    for (const asked of [waiting, claiming, working])
      ids.push((await server.until(isDispatched(asked), 'is dispatched')).id);
    const [waitingId = '', claimingId = '', workingId = ''] = ids;
    const claimant = randomUUID();
    const lost = await claim(workingId, claimant);
    const held = toGitHub.hold('POST', /\/access_tokens$/);
    const claimedAfterwards = claim(claimingId);
    await held.arrived;
    await crash();
    held.open();
    await restart();
    expect((await server.until(({ id }) => id === workingId, 'is kept')).status).toBe('running');
    expect((await claim(workingId)).status).toBe(409);
    const again = await claim(workingId, claimant);
    expect(ClaimResponse.parse(await lost.json()).fence).toBe(
      ClaimResponse.parse(await again.clone().json()).fence,
    );
    expect((await report(workingId, again)).status).toBe(200);
    expect((await report(claimingId, await claimedAfterwards)).status).toBe(200);
    expect((await report(waitingId, await claim(waitingId))).status).toBe(200);
    await Promise.all([waiting, claiming, working].map(expectDone));
  });

  it('after a dispatch that it does not remember lets the run go on that has begun meanwhile', async () => {
    const dispatching = toGitHub.hold('POST', /\/dispatches$/, { afterwards: true });
    const asked = await askOnGitHub();
    await dispatching.arrived;
    await crash();
    dispatching.open();
    const looking = toGitHub.hold('GET', /\/workflows\/dexter.yml\/runs/);
    await restart();
    await looking.arrived;
    const id = runsOf(asked.issueKey)[0]?.inputs['command-id'] ?? '';
    const claimed = await claim(id);
    looking.refuse();
    expect((await report(id, claimed)).status).toBe(200);
    await expectDone(asked);
  });

  it.each([
    { place: 'GitHub', gate: viaGitHub, method: 'PATCH', path: /\/issues\/comments\/\d+$/, done: false },
    { place: 'JIRA', gate: viaJira, method: 'POST', path: /\/comment$/, done: true },
  ] as const)(
    'while it tells the end on $place, tells it once',
    async ({ place, gate, method, path, done }) => {
      const asked = await askOn(place);
      const { id } = await server.until(isDispatched(asked), 'is dispatched');
      const claimed = await claim(id);
      const held = gate().hold(method, path, { afterwards: done });
      expect((await report(id, claimed)).status).toBe(200);
      await held.arrived;
      await crash();
      held.open();
      await restart();
      await expectDone(asked);
    },
  );

  it('while it posts a refusal posts it once', async () => {
    const held = toGitHub.hold('POST', /\/issues\/\d+\/comments$/, { afterwards: true });
    const place = { owner: 'acme', repo: 'shop' };
    const guest = github.as('guest').rest;
    const { data } = await guest.issues.create({ ...place, title: 'Not mine', body: '' });
    await guest.issues.createComment({ ...place, issue_number: data.number, body: '@dexter let me in' });
    await held.arrived;
    await crash();
    held.open();
    await restart();
    const issueKey = `gh-${github.repository.id}-${data.number}`;
    await server.until((command) => command.issueKey === issueKey && command.told, 'is told');
    const { data: comments } = await guest.issues.listComments({ ...place, issue_number: data.number });
    expect(comments.filter(({ user }) => user?.login === 'dexter[bot]')).toHaveLength(1);
    expect(runsOf(issueKey)).toHaveLength(0);
  });
});
