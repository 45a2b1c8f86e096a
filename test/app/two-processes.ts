import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GitHub, startGitHub } from '../../demo/github/start-github.ts';
import { ClaimResponse, claimPath, heartbeatPath, reportPath } from '../../src/core/runner.ts';
import { newMasterKey } from '../../src/core/session-key.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { type Gate, startGate } from './gate.ts';
import { type Issuer, startIssuer } from './issuer.ts';
import { addWorkflow, freePort, namingRuns, type Server, startServer } from './server-process.ts';
import { goodReport, repositorySource } from './world.ts';

export interface SharedDatabase {
  url: string;
  /** Runs statements on it: time passes for a lease. */
  exec(statements: string): Promise<unknown>;
  close(): Promise<void>;
}

/** Two processes of the app on one database, whatever serves it. */
export function twoProcesses(name: string, openDatabase: () => Promise<SharedDatabase>): void {
  describe(`two processes of the app on ${name}`, () => {
    let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
    let database: SharedDatabase;
    let github: GitHub;
    let gate: Gate;
    let servers: Server[];
    const sessionKey = newMasterKey();
    let issuer: Issuer;

    const start = async (index: number) =>
      startServer({
        directory: join(directory.path, `process-${index}`),
        port: await freePort(),
        github,
        githubApiUrl: gate.url,
        environment: {
          DATABASE_URL: database.url,
          DEXTER_OIDC_ISSUER: issuer.url,
          DEXTER_SESSION_KEY: sessionKey,
        },
      });

    beforeAll(async () => {
      directory = await temporaryDirectory();
      database = await openDatabase();
      github = await startGitHub({ repositorySource });
      gate = await startGate({ target: github.apiUrl, amend: namingRuns(github) });
      issuer = await startIssuer(github);
      await addWorkflow(github);
      // At once, on a database without tables.
      servers = await Promise.all([start(0), start(1)]);
    });

    afterAll(async () => {
      for (const server of servers ?? []) await server.end('SIGTERM');
      await Promise.all([gate?.close(), issuer?.close()]);
      await github?.close();
      await database?.close();
      await directory?.remove();
    });

    async function issue(title: string): Promise<number> {
      const { data } = await github
        .as('maria')
        .rest.issues.create({ owner: 'acme', repo: 'shop', title, body: '' });
      return data.number;
    }

    /** Comments; GitHub has no address to tell of it, so that the test delivers it where it wants. */
    async function comment(number: number, body: string) {
      const { data } = await github
        .as('maria')
        .rest.issues.createComment({ owner: 'acme', repo: 'shop', issue_number: number, body });
      await github.settled();
      const isIt = (text: string) =>
        (JSON.parse(text) as { comment?: { id: number } }).comment?.id === data.id;
      const delivery = github.deliveries().find((one) => one.event === 'issue_comment' && isIt(one.body));
      if (!delivery) throw new Error('the comment was not announced');
      return delivery;
    }

    async function deliver(
      server: Server,
      { headers, body }: { headers: Record<string, string>; body: string },
    ) {
      const response = await fetch(`${server.url}/api/github/webhooks`, { method: 'POST', headers, body });
      expect(response.status).toBe(200);
    }

    const runsOf = (number: number) =>
      github.workflowRuns().filter(({ inputs }) => inputs['issue-key']?.endsWith(`-${number}`));

    async function nextRun(number: number, after: number) {
      const end = Date.now() + 40_000;
      while (Date.now() < end) {
        const run = runsOf(number)[after];
        if (run) return run;
        await setTimeout(20);
      }
      throw new Error(`the run ${after} of issue ${number} was never dispatched`);
    }

    const call = (server: Server, path: string, token: string, body: unknown) =>
      fetch(`${server.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });

    const claim = async (server: Server, id: string) =>
      call(server, claimPath(id), await issuer.tokenFor(id, server.url), {
        claimant: randomUUID(),
        runUrl: '',
        runnerName: 'by hand',
      });

    /** Plays the runner: what it says goes to both processes in turn. */
    async function play(id: string, isAlone: () => boolean): Promise<void> {
      const claims = await Promise.all(servers.map((server) => claim(server, id)));
      expect(claims.map(({ status }) => status).sort()).toEqual([200, 409]);
      const won = claims.find(({ ok }) => ok);
      const { fence, runToken } = ClaimResponse.parse(await won?.json());
      const [one, other] = servers as [Server, Server];
      const beat = await call(one, heartbeatPath(id), runToken, {
        fence,
        progress: { step: 'working', turns: 1, lines: [], costUsd: null },
      });
      expect(await beat.json()).toEqual({ stop: false });
      expect(isAlone()).toBe(true);
      const reports = await Promise.all(
        [other, one].map((server) =>
          call(server, reportPath(id), runToken, { fence, report: goodReport({ session: undefined }) }),
        ),
      );
      expect(reports.map(({ status }) => status)).toEqual([200, 200]);
    }

    async function answersOn(number: number): Promise<string[]> {
      const { data } = await github.as('maria').rest.issues.listComments({
        owner: 'acme',
        repo: 'shop',
        issue_number: number,
        per_page: 100,
      });
      return data.filter(({ user }) => user?.login === 'dexter[bot]').map(({ body }) => body ?? '');
    }

    async function untilToldOn(number: number, count: number): Promise<string[]> {
      const end = Date.now() + 40_000;
      for (;;) {
        const answers = (await answersOn(number)).filter((body) => body.includes('**Done**'));
        if (answers.length >= count || Date.now() > end) return answersOn(number);
        await setTimeout(50);
      }
    }

    it('keep the order of each issue, run one command of it at a time, lose none and run none twice', async () => {
      const issues = [await issue('One'), await issue('Two'), await issue('Three')];
      const deliveries = [];
      for (let step = 1; step <= 5; step++) {
        for (const number of issues)
          deliveries.push(await comment(number, `@dexter step ${step} of ${number}`));
      }
      for (const [index, delivery] of deliveries.entries()) {
        const [first, second] = index % 2 ? servers : servers.toReversed();
        await deliver(first as Server, delivery);
        // Every third is delivered again, to the other process.
        if (index % 3 === 0) await deliver(second as Server, delivery);
      }
      await Promise.all(
        issues.map(async (number) => {
          for (let step = 0; step < 5; step++) {
            const run = await nextRun(number, step);
            await play(run.inputs['command-id'] ?? '', () => runsOf(number).length === step + 1);
          }
        }),
      );
      for (const number of issues) {
        const wanted = [1, 2, 3, 4, 5].map((step) => `step ${step} of ${number}`);
        expect(runsOf(number).map(({ inputs }) => inputs.instruction)).toEqual(wanted);
        const answers = await untilToldOn(number, 5);
        expect(answers).toHaveLength(5);
        for (const { inputs } of runsOf(number))
          expect(answers.filter((body) => body.includes(`dexter:${inputs['command-id']} `))).toHaveLength(1);
      }
    });

    it('propose the workflow once when both are told of an installation', async () => {
      github.install();
      github.install('installation_repositories.added');
      await github.settled();
      const told = github.deliveries().filter(({ event }) => event.startsWith('installation'));
      expect(told).toHaveLength(2);
      await Promise.all(told.flatMap((one) => servers.map((server) => deliver(server, one))));
      const outputs = async () => (await Promise.all(servers.map((server) => server.output()))).join('');
      await expect.poll(outputs, { timeout: 40_000 }).toContain('onboarding pull request opened');
      await Promise.all(told.flatMap((one) => servers.map((server) => deliver(server, one))));
      await expect.poll(outputs, { timeout: 40_000 }).toContain('onboarding: nothing to do');
      expect((await outputs()).match(/onboarding pull request opened/g)).toHaveLength(1);
      const { data } = await github
        .as('maria')
        .rest.pulls.list({ owner: 'acme', repo: 'shop', state: 'all' });
      expect(data.filter(({ head }) => head.ref === 'dexter/onboarding')).toHaveLength(1);
    });

    it('finish what one of them was preparing when it was killed', async () => {
      const number = await issue('Survivor');
      const held = gate.hold('GET', /\/collaborators\/maria\/permission/);
      await deliver(servers[0] as Server, await comment(number, '@dexter survive'));
      await held.arrived;
      // Which of the two took it is not known from outside: both go, and come back.
      await Promise.all(servers.map((server) => server.end('SIGKILL')));
      held.open();
      servers = [await start(0)];
      const running = servers[0] as Server;
      const { id } = await running.until(({ issueKey }) => issueKey.endsWith(`-${number}`), 'is kept');
      await database.exec(`update commands set lease_until = now() - interval '1 second' where id = '${id}'`);
      servers.push(await start(1));
      await play((await nextRun(number, 0)).inputs['command-id'] ?? '', () => true);
      const answers = await untilToldOn(number, 1);
      expect(answers).toHaveLength(1);
      expect(runsOf(number)).toHaveLength(1);
    });
  });
}
