import { randomUUID } from 'node:crypto';
import nock from 'nock';
import { Octokit } from 'octokit';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { claimPath } from '../../src/core/runner.ts';
import { newMasterKey } from '../../src/core/session-key.ts';
import type { Services } from '../../src/jobs/services.ts';
import { insertCommand } from '../../src/ledger/commands.ts';
import { type Database, openDatabase } from '../../src/ledger/database.ts';
import type { ExpectedRun, Identity, RefusedIdentity } from '../../src/runner-api/oidc.ts';
import { type RunnerApiOptions, runnerRoutes } from '../../src/runner-api/routes.ts';
import { runTokens } from '../../src/runner-api/run-tokens.ts';

const id = randomUUID();
const claimant = randomUUID();
const repository = { id: 22, owner: 'acme', name: 'shop' };
const tokens = runTokens('the webhook secret');
const api = 'https://api.github.example';

let database: Database;

beforeAll(async () => {
  database = await openDatabase({ directory: 'memory://' });
  await insertCommand(database.kysely, {
    id,
    dedupeKey: 'one',
    origin: { kind: 'github-comment', installationId: 11, repository, number: 1, commentId: 2 },
    actor: { from: 'github', id: 3, login: 'maria', type: 'User' },
    issueKey: 'SHOP-1',
    queueKey: 'SHOP-1',
    installationId: 11,
    repository,
    claimedText: '@dexter go',
  });
});

afterAll(() => database.close());

/** Claims the command with a token. The claim itself is not prepared: 409 says that the token was accepted. */
async function claim(token: string, options: Partial<RunnerApiOptions>) {
  const services: Partial<Services> = {
    db: database.kysely,
    log: pino({ level: 'silent' }),
    github: async () => new Octokit({ auth: 'token', baseUrl: api }),
  };
  const routes = runnerRoutes({
    services: services as Services,
    tokens,
    acceptRunTokens: false,
    masterKeys: { current: newMasterKey(), previous: [] },
    ...options,
  });
  return routes.request(claimPath(id), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ claimant, runUrl: '', runnerName: 'by hand' }),
  });
}

const refused = (kind: RefusedIdentity['kind']): RefusedIdentity => ({
  outcome: 'refused',
  kind,
  reason: 'no',
  hint: 'Mend it.',
  isDispatchedRun: false,
});

it("accepts the claim token of this machine's runs only where there are such runs", async () => {
  const verifyIdentity = async (): Promise<Identity> => refused('set-up');
  expect((await claim(tokens.claim(id), { acceptRunTokens: true })).status).toBe(409);
  expect((await claim(tokens.claim(id), { acceptRunTokens: false, verifyIdentity })).status).toBe(401);
});

it('accepts no token of GitHub where no run is on a runner of GitHub', async () => {
  expect((await claim('a.b.c', { acceptRunTokens: true })).status).toBe(401);
});

it.each<[Identity, number]>([
  [{ outcome: 'known', runId: '77' }, 409],
  [refused('set-up'), 401],
  [refused('not-its-run'), 403],
  [{ outcome: 'unavailable', reason: 'the keys could not be read' }, 503],
])('answers to a token of GitHub that is %j with %i', async (identity, status) => {
  nock(api)
    .get('/app/installations/11')
    .reply(200, { account: { id: 33 } });
  nock(api).get('/repos/acme/shop').reply(200, { default_branch: 'trunk' });
  const asked: ExpectedRun[] = [];
  const verifyIdentity = async (_token: string, expected: ExpectedRun) => {
    asked.push(expected);
    return identity;
  };
  expect((await claim('a.b.c', { verifyIdentity })).status).toBe(status);
  expect(asked).toEqual([
    { repositoryId: 22, ownerId: 33, branch: 'trunk', runId: '', claim: `${id} ${claimant}` },
  ]);
});
