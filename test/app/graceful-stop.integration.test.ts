import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type GitHub, startGitHub } from '../../demo/github/start-github.ts';
import { ClaimResponse, claimPath, heartbeatPath, reportPath } from '../../src/core/runner.ts';
import { newMasterKey } from '../../src/core/session-key.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { startPgliteServer } from '../ledger/pglite-server.ts';
import { type Gate, startGate } from './gate.ts';
import { type Issuer, startIssuer } from './issuer.ts';
import { addWorkflow, freePort, namingRuns, type Server, startServer } from './server-process.ts';
import { goodReport, repositorySource } from './world.ts';

const place = { owner: 'acme', repo: 'shop' };
const sessionKey = newMasterKey();

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let database: Awaited<ReturnType<typeof startPgliteServer>>;
let github: GitHub;
let gate: Gate;
let issuer: Issuer;
let servers: Server[] = [];
let count = 0;

beforeAll(async () => {
  directory = await temporaryDirectory();
  database = await startPgliteServer();
  github = await startGitHub({ repositorySource });
  gate = await startGate({ target: github.apiUrl, amend: namingRuns(github) });
  issuer = await startIssuer(github);
  await addWorkflow(github);
});

afterEach(async () => {
  for (const server of servers) await server.end('SIGKILL');
  servers = [];
});

afterAll(async () => {
  await Promise.all([gate?.close(), issuer?.close()]);
  await github?.close();
  await database?.close();
  await directory?.remove();
});

/** A process of the app; `stopSeconds` when it is not to finish what it has. */
async function start(stopSeconds?: number): Promise<Server> {
  count += 1;
  const server = await startServer({
    directory: join(directory.path, `process-${count}`),
    port: await freePort(),
    github,
    githubApiUrl: gate.url,
    environment: {
      DATABASE_URL: database.url,
      DEXTER_OIDC_ISSUER: issuer.url,
      DEXTER_SESSION_KEY: sessionKey,
      DEXTER_STOP_SECONDS: stopSeconds === undefined ? undefined : String(stopSeconds),
    },
  });
  servers.push(server);
  return server;
}

async function issue(): Promise<number> {
  const { data } = await github.as('maria').rest.issues.create({ ...place, title: 'Stop', body: '' });
  return data.number;
}

/** Comments; GitHub has no address to tell of it, so that the test delivers it where it wants. */
async function comment(number: number, body = '@dexter go on') {
  const { data } = await github
    .as('maria')
    .rest.issues.createComment({ ...place, issue_number: number, body });
  await github.settled();
  const isIt = (text: string) => (JSON.parse(text) as { comment?: { id: number } }).comment?.id === data.id;
  const delivery = github.deliveries().find((one) => one.event === 'issue_comment' && isIt(one.body));
  if (!delivery) throw new Error('the comment was not announced');
  return delivery;
}

type Delivery = Awaited<ReturnType<typeof comment>>;

/** Its status, 0 when nobody answers. */
async function deliver(server: Server, { headers, body }: Delivery): Promise<number> {
  const response = await fetch(`${server.url}/api/github/webhooks`, { method: 'POST', headers, body }).catch(
    () => undefined,
  );
  await response?.arrayBuffer().catch(() => undefined);
  return response?.status ?? 0;
}

/** Asks on a fresh issue by that process. */
async function ask(server: Server): Promise<number> {
  const number = await issue();
  expect(await deliver(server, await comment(number))).toBe(200);
  return number;
}

const isOf = (number: number) => (command: { issueKey: string }) => command.issueKey.endsWith(`-${number}`);

const runsOf = (number: number) =>
  github.workflowRuns().filter(({ inputs }) => inputs['issue-key']?.endsWith(`-${number}`));

const call = (server: Server, path: string, token: string, body: unknown) =>
  fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

/** Plays the beginning of a run; says how it ends. */
async function claim(server: Server, id: string) {
  const response = await call(server, claimPath(id), await issuer.tokenFor(id, server.url), {
    claimant: randomUUID(),
    runUrl: '',
    runnerName: 'by hand',
  });
  expect(response.status).toBe(200);
  const { fence, runToken } = ClaimResponse.parse(await response.json());
  return {
    beat: (at: Server) =>
      call(at, heartbeatPath(id), runToken, {
        fence,
        progress: { step: 'working', turns: 1, lines: [], costUsd: null },
      }),
    report: (at: Server) =>
      call(at, reportPath(id), runToken, { fence, report: goodReport({ session: undefined }) }),
  };
}

async function dispatched(server: Server, number: number): Promise<string> {
  const { id } = await server.until(
    (command) => isOf(number)(command) && command.status === 'dispatched',
    `of issue ${number} is dispatched`,
  );
  return id;
}

/** Plays the run of an issue from its dispatch to its end. */
async function playRun(server: Server, number: number): Promise<void> {
  const run = await claim(server, await dispatched(server, number));
  expect((await run.report(server)).status).toBe(200);
}

/** It was run once, and its end told once. */
async function expectDone(server: Server, number: number): Promise<void> {
  await server.until((command) => isOf(number)(command) && command.told, `of issue ${number} is told`);
  const all = (await server.commands()).filter(isOf(number));
  expect(all).toMatchObject([{ status: 'done', problem: null }]);
  expect(runsOf(number)).toHaveLength(1);
  const { data } = await github.as('maria').rest.issues.listComments({ ...place, issue_number: number });
  const said = data.filter(({ user }) => user?.login === 'dexter[bot]').map(({ body }) => body ?? '');
  expect(said).toHaveLength(1);
  expect(said[0]).toContain('✅ **Done**');
}

const stopped = { code: 0, signal: null };

it('hands back what it prepares, in every phase, and another process goes on with it at once', async () => {
  const one = await start(2);
  const points = [
    { method: 'POST', path: /\/graphql$/, body: /query Conversation/ },
    { method: 'GET', path: /\/collaborators\/maria\/permission/ },
    { method: 'POST', path: /\/graphql$/, body: /mutation Answer/, afterwards: true },
    { method: 'POST', path: /\/dispatches$/, afterwards: true },
  ];
  const held = [];
  const numbers: number[] = [];
  for (const { method, path, ...options } of points) {
    const hold = gate.hold(method, path, options);
    numbers.push(await ask(one));
    await hold.arrived;
    held.push(hold);
  }
  const other = await start();
  expect(await one.end('SIGTERM')).toEqual(stopped);
  const [last] = (await one.output()).trim().split('\n').slice(-1);
  const { commandIds } = JSON.parse(last ?? '') as { commandIds: string[] };
  const theirs = (await other.commands()).filter((command) =>
    numbers.some((number) => isOf(number)(command)),
  );
  expect(commandIds.toSorted()).toEqual(theirs.map(({ id }) => id).toSorted());
  for (const hold of held) hold.open();

  for (const number of numbers) await playRun(other, number);
  for (const number of numbers) await expectDone(other, number);
  // That would have been by their leases, half a minute later.
  expect(await other.output()).not.toContain('taking a lost command over');
  expect(await other.end('SIGTERM')).toEqual(stopped);
});

it('keeps the end that it tells, and another process tells it only when that may be lost', async () => {
  const one = await start(2);
  const number = await ask(one);
  const run = await claim(one, await dispatched(one, number));
  const held = gate.hold('PATCH', /\/issues\/comments\/\d+$/);
  expect((await run.report(one)).status).toBe(200);
  await held.arrived;
  expect(await one.end('SIGTERM')).toEqual(stopped);
  const isIt = `issue_key like '%-${number}'`;
  // The comment may be there already, so nobody else is to write it yet.
  expect(await database.exec(`select lease_until > now() as kept from commands where ${isIt}`)).toEqual([
    { kept: true },
  ]);
  const other = await start();
  await database.exec(`update commands set lease_until = now() - interval '1 second' where ${isIt}`);
  await expectDone(other, number);
  held.open();
});

it('finishes what it can while it says that it is not ready, and keeps webhooks for the others', async () => {
  const one = await start();
  expect((await fetch(`${one.url}/readyz`)).status).toBe(200);
  const held = gate.hold('POST', /\/dispatches$/);
  const number = await ask(one);
  await held.arrived;
  const ended = one.end('SIGTERM');
  await expect
    .poll(async () => (await fetch(`${one.url}/readyz`)).status, { interval: 20, timeout: 20_000 })
    .toBe(503);
  const answer = await fetch(`${one.url}/readyz`);
  expect(answer.headers.get('connection')).toBe('close');
  expect(await answer.json()).toMatchObject({ ready: false, database: 'ok', worker: 'stopping' });
  expect((await fetch(`${one.url}/healthz`)).status).toBe(200);
  const late = await ask(one);
  held.open();
  expect(await ended).toEqual(stopped);
  expect(await one.output()).toContain('stopped: everything is finished');
  expect(runsOf(number)).toHaveLength(1);
  expect(runsOf(late)).toHaveLength(0);

  const other = await start();
  for (const asked of [number, late]) await playRun(other, asked);
  for (const asked of [number, late]) await expectDone(other, asked);
});

it('leaves runs alone: they claim, beat and report at another process', async () => {
  const one = await start();
  const [waiting, working] = [await ask(one), await ask(one)];
  const id = await dispatched(one, waiting);
  const run = await claim(one, await dispatched(one, working));
  expect((await run.beat(one)).status).toBe(200);
  const other = await start();
  expect(await one.end('SIGTERM')).toEqual(stopped);
  expect(await (await run.beat(other)).json()).toEqual({ stop: false });
  expect((await run.report(other)).status).toBe(200);
  expect((await (await claim(other, id)).report(other)).status).toBe(200);
  for (const number of [waiting, working]) await expectDone(other, number);
});

it('answers no webhook that it does not keep while it stops', async () => {
  const one = await start();
  const deliveries: Delivery[] = [];
  const numbers: number[] = [];
  for (let index = 0; index < 24; index++) {
    const number = await issue();
    numbers.push(number);
    deliveries.push(await comment(number, '@dexter status'));
  }
  const statuses: number[] = [];
  for (const [index, delivery] of deliveries.slice(0, 4).entries())
    statuses[index] = await deliver(one, delivery);
  expect(statuses).toEqual([200, 200, 200, 200]);
  // The signal comes among these.
  const rest = deliveries.slice(4).map(async (delivery, index) => {
    await setTimeout(index * 5);
    statuses[index + 4] = await deliver(one, delivery);
  });
  expect(await one.end('SIGTERM')).toEqual(stopped);
  await Promise.all(rest);
  for (const status of statuses) expect([200, 503, 0]).toContain(status);

  const other = await start();
  const known = await other.commands();
  for (const [index, number] of numbers.entries())
    if (statuses[index] === 200) expect(known.filter(isOf(number))).toHaveLength(1);
  // GitHub's deliveries that failed can be asked for again.
  for (const delivery of deliveries) expect(await deliver(other, delivery)).toBe(200);
  for (const number of numbers)
    await other.until((command) => isOf(number)(command) && command.told, `of issue ${number} is told`);
  for (const number of numbers) expect((await other.commands()).filter(isOf(number))).toHaveLength(1);
});

it('ends at once when it is told again, and its commands are taken over when their leases are over', async () => {
  const one = await start();
  const held = gate.hold('GET', /\/collaborators\/maria\/permission/);
  const number = await ask(one);
  await held.arrived;
  const other = await start();
  const ended = one.end('SIGTERM');
  while (!one.isOver()) {
    await setTimeout(50);
    void one.end('SIGTERM');
  }
  expect(await ended).toEqual({ code: 143, signal: null });
  held.open();
  const { id } = await other.until(isOf(number), 'is kept');
  await database.exec(`update commands set lease_until = now() - interval '1 second' where id = '${id}'`);
  await playRun(other, number);
  await expectDone(other, number);
});
