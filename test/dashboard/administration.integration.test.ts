import { randomUUID } from 'node:crypto';
import { parseHTML } from 'linkedom';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RepositoryRef } from '../../src/core/command.ts';
import { IssueKey } from '../../src/core/issue-key.ts';
import { redactor } from '../../src/core/redact.ts';
import type { Scope } from '../../src/core/viewer.ts';
import { formTokens } from '../../src/dashboard/actions/form-tokens.ts';
import { repositoriesPage } from '../../src/dashboard/pages/repositories.ts';
import { dashboardRoutes } from '../../src/dashboard/routes.ts';
import { shownSettings } from '../../src/dashboard/shown-settings.ts';
import type { Services } from '../../src/jobs/services.ts';
import { insertCommand } from '../../src/ledger/commands.ts';
import { type Database, openDatabase } from '../../src/ledger/database.ts';
import { type RepositoryFigures, repositoryFigures } from '../../src/ledger/repository-figures.ts';
import { keepGeneration, noteUse } from '../../src/ledger/sessions.ts';
import { configSecrets } from '../../src/logging/config-secrets.ts';
import { dispatchers, secrets, wholeConfig } from './whole-config.ts';

const shop = { id: 7, owner: 'acme', name: 'shop' };
const other = { id: 8, owner: 'Umbrella', name: 'hidden' };
const installed = { id: 9, owner: 'acme', name: 'fresh' };
const now = new Date('2026-03-15T12:00:00Z');
const since = new Date('2026-02-13T12:00:00Z');
/** Budgets go by the clock of the database. */
const startOfMonth = new Date(`${new Date().toISOString().slice(0, 7)}-01T00:00:00Z`);
const monthBefore = new Date(startOfMonth.getTime() - 1);

let database: Database;

beforeAll(async () => {
  database = await openDatabase({ directory: 'memory://' });
  await command(shop);
  await command(other);
  await ended(shop.id, 'jira/done', '2026-03-10T09:00:00Z', 3);
  await ended(shop.id, 'github/done', '2026-02-13T12:00:00Z', 2);
  await ended(shop.id, 'jira/failed', '2026-03-01T00:00:00Z', 1);
  // Before the days that are asked for.
  await ended(shop.id, 'jira/expired', '2026-02-13T11:00:00Z', 9);
  await ended(other.id, 'jira/done', '2026-03-10T09:00:00Z', 100);
  await ended(0, 'jira/done', '2026-03-10T09:00:00Z', 1_000);
  await cost(shop, 1.25, startOfMonth);
  await cost(shop, 2.5, new Date());
  await cost(shop, null, new Date());
  await cost(shop, 64, monthBefore);
  await cost(other, 400, new Date());
  await session(shop, 'SHOP-1', [900, 300]);
  await session(shop, 'SHOP-2', [50]);
  await session(shop, 'SHOP-3', []);
  await session(other, 'SHOP-1', [7_000]);
  await onboarded(installed, null, true);
  await onboarded(other, 'proposed', false);
});

afterAll(() => database?.close());

async function command(repository: RepositoryRef, status?: 'done'): Promise<string> {
  const id = randomUUID();
  const issueKey = IssueKey.parse('SHOP-1');
  await insertCommand(database.kysely, {
    id,
    dedupeKey: id,
    origin: { kind: 'jira-comment', connection: 'acme', issueKey, commentId: '1' },
    actor: { from: 'jira', accountId: '1', displayName: 'Maria' },
    issueKey,
    queueKey: id,
    installationId: 5,
    repository,
    claimedText: 'add tests',
    ask: { kind: 'instruction', instruction: 'add tests', flags: {} },
  });
  if (status) await database.kysely.updateTable('commands').set({ status }).where('id', '=', id).execute();
  return id;
}

async function ended(repositoryId: number, label: string, hour: string, count: number): Promise<void> {
  await database.kysely
    .insertInto('measures')
    .values({
      name: 'command_ended',
      label,
      repository_id: repositoryId,
      hour: new Date(hour),
      count,
      sum: count,
      buckets: '{}',
    })
    .execute();
}

async function cost(repository: RepositoryRef, usd: number | null, at: Date): Promise<void> {
  const { id, owner, name } = repository;
  await database.kysely
    .insertInto('run_costs')
    .values({
      command_id: await command(repository, 'done'),
      installation_id: 5,
      repository_id: id,
      repository_owner: owner,
      repository_name: name,
      issue_key: 'SHOP-1',
      actor: 'github:1',
      outcome: 'done',
      cost_usd: usd,
      ended_at: at,
    })
    .execute();
}

/** With generations of these sizes, oldest first. */
async function session(repository: RepositoryRef, key: string, sizes: number[]): Promise<void> {
  const ref = { installationId: 5, repositoryId: repository.id, issueKey: IssueKey.parse(key) };
  await noteUse(database.kysely, ref, repository);
  for (const [index, bytes] of sizes.entries()) {
    await keepGeneration(database.kysely, ref, {
      generation: index + 1,
      sessionId: randomUUID(),
      commandId: await command(repository, 'done'),
      bytes,
      contextTokens: 1,
    });
  }
}

async function onboarded({ id, owner, name }: RepositoryRef, outcome: string | null, isDue: boolean) {
  await database.kysely
    .insertInto('onboardings')
    .values({
      repository_id: id,
      installation_id: 5,
      repository_owner: owner,
      repository_name: name,
      outcome,
      due_at: isDue ? now : null,
    })
    .execute();
}

const figures = (scope: Scope) => repositoryFigures(database.kysely, scope, { since });

describe('the figures of repositories', () => {
  it('sums ends of the days asked for, the cost of the month and what is kept of its sessions', async () => {
    expect(await figures([shop.id])).toEqual([
      {
        ...shop,
        ended: { done: 5, failed: 1 },
        open: 1,
        monthUsd: 3.75,
        sessions: 3,
        sessionBytes: 1_250,
        onboarding: null,
      },
    ]);
  });

  it('holds to the scope, and goes by name', async () => {
    expect(await figures([])).toEqual([]);
    expect((await figures('all')).map(({ id }) => id)).toEqual([installed.id, shop.id, other.id]);
    expect(await figures([other.id])).toMatchObject([
      {
        ended: { done: 100 },
        monthUsd: 400,
        sessionBytes: 7_000,
        onboarding: { outcome: 'proposed', isDue: false },
      },
    ]);
  });

  it('has what nothing was done in yet', async () => {
    expect(await figures([installed.id])).toEqual([
      {
        ...installed,
        ended: {},
        open: 0,
        monthUsd: 0,
        sessions: 0,
        sessionBytes: 0,
        onboarding: { outcome: null, isDue: true },
      },
    ]);
  });
});

async function shownRepositories(of: readonly RepositoryFigures[]): Promise<string[][]> {
  const page = repositoriesPage(
    {
      serverUrl: 'https://github.example',
      budgets: { repositoryPerMonth: 500, repositories: { 'acme/shop': { repositoryPerMonth: 3 } } },
    },
    of,
  );
  const { document } = parseHTML(`<html><body>${await page.body}</body></html>`);
  return [...document.querySelectorAll('#repositories tbody tr')].map((row) =>
    [...row.children].map(({ textContent }) => (textContent ?? '').replaceAll(/\s+/g, ' ').trim()),
  );
}

describe('the page of repositories', () => {
  it('shows each with its ends and its budget of the month', async () => {
    expect(await shownRepositories(await figures([shop.id]))).toEqual([
      [
        'acme/shop',
        '6 commands failed 1',
        '1',
        '$3.75 of $3.00 spent',
        '3',
        expect.stringMatching(/^1[.]\d+ /),
        '–',
      ],
    ]);
    const [cells] = await shownRepositories(await figures([other.id]));
    expect(cells?.[3]).toBe('$400.00 of $500.00');
    expect(cells?.at(-1)).toBe('proposed');
  });

  it('leaves out those in which least was done where there are too many', async () => {
    const [one] = await figures([shop.id]);
    if (!one) throw new Error('There is no repository.');
    const many = Array.from({ length: 301 }, (_, id) => ({
      ...one,
      id,
      name: `r${id}`,
      ended: { done: id },
    }));
    const names = (await shownRepositories(many)).map(([name]) => name);
    expect(names.length).toBe(300);
    expect(names).not.toContain('acme/r0');
  });
});

function settings(isAdministrator: boolean, dispatcher = wholeConfig.dispatcher, said = 'HTTP 401') {
  const since = new Date('2026-03-15T11:00:00Z');
  const services: Partial<Services> = {
    db: database.kysely,
    log: pino({ level: 'silent' }),
    health: { parts: () => [{ part: 'jira', name: 'acme', state: 'refused', said, since }] },
  };
  const off = { github: 'ok', jira: 'refused', redis: 'off', store: 'unknown' } as const;
  return dashboardRoutes({
    services: services as Services,
    formTokens: formTokens('secret'),
    changes: { listen: () => undefined, stop: async () => undefined },
    viewerOf: async () => ({ name: 'maria', scope: isAdministrator ? 'all' : [shop.id], isAdministrator }),
    app: {
      settings: shownSettings({ ...wholeConfig, dispatcher }),
      backend: 'pglite',
      readiness: async () => ({
        ready: false,
        database: 'ok',
        migrations: 'missing',
        queue: 'ok',
        worker: 'stopping',
        ...off,
      }),
      redact: redactor(configSecrets(wholeConfig)),
    },
  }).request('/settings', { headers: { accept: 'text/html' } });
}

describe('the settings', () => {
  it('are not there for anybody but administrators', async () => {
    const response = await settings(false);
    expect(response.status).toBe(404);
    expect(await response.text()).not.toContain('DEXTER_');
  });

  it.each(dispatchers)('hold no part of a secret: $kind', async (dispatcher) => {
    const said = `refused: ${wholeConfig.jira[0]?.token}`;
    const response = await settings(true, dispatcher, said);
    const page = await response.text();
    expect(response.status).toBe(200);
    for (const secret of secrets) {
      for (let start = 0; start + 6 <= secret.length; start++) {
        expect(page).not.toContain(secret.slice(start, start + 6));
      }
    }
    expect(page).toContain('https://jira.example/path');
  });

  it('tell how the parts are, which thresholds hold and what is over them', async () => {
    await database.kysely
      .insertInto('alerts')
      .values({
        name: 'saveFailures',
        label: 'store <b>one</b>',
        repository_id: 0,
        level: 'critical',
        value: 12,
        threshold: 10,
        since: now,
        seen_at: new Date(),
        pending_level: null,
        pending_looks: 0,
        posted_level: 'critical',
      })
      .execute();
    const response = await settings(true, wholeConfig.dispatcher, '<script>alert(1)</script>');
    const { document } = parseHTML(await response.text());
    const told = (id: string) =>
      (document.querySelector(`#${id}`)?.textContent ?? '').replaceAll(/\s+/g, ' ');
    expect(document.querySelector('#health[data-live]')).not.toBeNull();
    expect(told('health')).toContain('missing');
    expect(told('health')).toContain('stopping');
    expect(told('health')).toContain('<script>alert(1)</script>');
    expect(told('health')).toContain('2026-03-15 11:00:00 UTC');
    expect(told('alerts')).toContain('critical store <b>one</b>: 12');
    expect(told('alerts')).toContain('alerts.saveFailures');
    expect(told('about')).toContain(process.version);
    expect(document.querySelector('#about a[href="/audit"]')).not.toBeNull();
  });
});
