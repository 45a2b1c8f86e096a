import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Scope } from '../../src/core/viewer.ts';
import { raisedAlerts } from '../../src/ledger/alerts.ts';
import { changeMark } from '../../src/ledger/change-mark.ts';
import { commandDetail } from '../../src/ledger/command-detail.ts';
import {
  commandPage,
  commandRepositories,
  openByStatus,
  openWithAge,
} from '../../src/ledger/command-pages.ts';
import type { Db } from '../../src/ledger/commands.ts';
import { costsByDay, endsByDay } from '../../src/ledger/daily-figures.ts';
import { type Database, openDatabase } from '../../src/ledger/database.ts';
import { inScope } from '../../src/ledger/in-scope.ts';
import { measuresByHour, sumMeasures } from '../../src/ledger/measures.ts';
import { keptArchives, runSums } from '../../src/ledger/metric-facts.ts';
import { installedRepositories } from '../../src/ledger/onboardings.ts';
import { repositoryFigures } from '../../src/ledger/repository-figures.ts';
import { issueDetail, sessionPage, sessionSums } from '../../src/ledger/session-pages.ts';
import { spentByRepository } from '../../src/ledger/spending.ts';
import { insertTenant, type Tenant, tenant } from '../dashboard/tenants.ts';

const ledger = fileURLToPath(new URL('../../src/ledger', import.meta.url));

/** Ids that are easily taken for each other: as text one begins another one, or ends it. */
const repositoryIds = [1, 2, 3, 10, 11, 12, 21, 22, 101, 110, 111, 112, 121, 211, 1001, 1010, 1111, 2121];

/** Two repositories to an installation. */
const tenants = repositoryIds.map((id, index) => tenant(`mark${id}x`, 1 + Math.floor(index / 2), id));

const changeMarks = new Map<string, string>();
const seenBy = new Map<string, string>();

const mayBeSeen = (scope: Scope, id: number) => scope === 'all' || scope.includes(id);

const sumOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0);

/** Every query that takes a scope, by its name: what of it a viewer gets who asks for something of a tenant. */
const queries: Record<string, (db: Db, scope: Scope, asked: Tenant) => Promise<void>> = {
  async inScope(db, scope, { ended, repository }) {
    const rows = await db
      .selectFrom('commands')
      .select('repository_id')
      .where('id', '=', ended)
      .where(inScope(scope))
      .execute();
    expect(rows).toEqual(mayBeSeen(scope, repository.id) ? [{ repository_id: repository.id }] : []);
  },
  async openByStatus(db, scope) {
    const rows = await openByStatus(db, scope);
    const commands = marksOf(scope).length;
    expect(rows).toEqual(commands === 0 ? [] : [{ status: 'running', commands }]);
  },
  async openWithAge(db, scope) {
    const open = await openWithAge(db, scope);
    expect(sumOf(open.map(({ commands }) => commands))).toBe(marksOf(scope).length);
  },
  async repositoryFigures(db, scope) {
    const figures = await repositoryFigures(db, scope, { since: new Date(0) });
    expect(marksIn(figures)).toEqual(marksOf(scope));
    for (const one of figures)
      expect(one).toMatchObject({ ended: { failed: 1 }, open: 1, monthUsd: 1.25, sessions: 1 });
  },
  async spentByRepository(db, scope) {
    expect(marksIn(await spentByRepository(db, scope))).toEqual(marksOf(scope));
  },
  async costsByDay(db, scope) {
    const days = await costsByDay(db, { scope, since: new Date(0) });
    expect(sumOf(days.map(({ runs }) => runs))).toBe(marksOf(scope).length);
    expect(sumOf(days.map(({ costUsd }) => costUsd))).toBe(marksOf(scope).length * 1.25);
  },
  async endsByDay(db, scope) {
    const days = await endsByDay(db, { scope, since: new Date(0) });
    expect(sumOf(days.map(({ commands }) => commands))).toBe(marksOf(scope).length);
  },
  async installedRepositories(db, scope) {
    expect(marksIn(await installedRepositories(db, scope))).toEqual(marksOf(scope));
  },
  async commandPage(db, scope, { issueKey, repository }) {
    const { commands } = await commandPage(db, scope, { search: issueKey }, 100);
    expect(marksIn(commands)).toEqual(marksOf(scope));
    const narrowed = await commandPage(db, scope, { repositoryId: repository.id }, 100);
    expect(narrowed.commands.map((one) => one.repository?.id)).toEqual(
      mayBeSeen(scope, repository.id) ? [repository.id, repository.id] : [],
    );
  },
  async commandRepositories(db, scope) {
    expect(marksIn(await commandRepositories(db, scope))).toEqual(marksOf(scope));
  },
  async commandDetail(db, scope, { ended, mark, repository }) {
    const seen = await commandDetail(db, scope, ended);
    expect(marksIn(seen ?? [])).toEqual(mayBeSeen(scope, repository.id) ? [mark] : []);
  },
  async changeMark(db, scope) {
    // The same for all who see the same, and for nobody else.
    const seen = marksOf(scope).join();
    const mark = await changeMark(db, scope);
    const [known, whose] = [changeMarks.get(seen) ?? mark, seenBy.get(mark) ?? seen];
    expect([known, whose]).toEqual([mark, seen]);
    changeMarks.set(seen, mark);
    seenBy.set(mark, seen);
  },
  async sessionPage(db, scope) {
    const { sessions } = await sessionPage(db, scope, 100);
    expect(marksIn(sessions)).toEqual(marksOf(scope));
  },
  async sessionSums(db, scope) {
    const sessions = marksOf(scope).length;
    expect(await sessionSums(db, scope)).toEqual({ sessions, bytes: sessions * 1_000 });
  },
  async issueDetail(db, scope, { mark, repository, issueKey }) {
    const seen = await issueDetail(db, scope, repository.id, issueKey);
    expect(marksIn(seen ?? [])).toEqual(mayBeSeen(scope, repository.id) ? [mark] : []);
  },
  async runSums(db, scope) {
    expect(marksIn(await runSums(db, { scope }))).toEqual(marksOf(scope));
  },
  async keptArchives(db, scope) {
    const items = marksOf(scope).length;
    expect(await keptArchives(db, scope)).toEqual(
      items === 0 ? [] : [{ store: 's3', items, bytes: items * 1_000 }],
    );
  },
  async raisedAlerts(db, scope) {
    expect(marksIn(await raisedAlerts(db, scope))).toEqual(marksOf(scope));
  },
  async sumMeasures(db, scope) {
    expect(marksIn(await sumMeasures(db, { scope }))).toEqual(marksOf(scope));
  },
  async measuresByHour(db, scope) {
    expect(marksIn(await measuresByHour(db, { scope }))).toEqual(marksOf(scope));
  },
};

function marksOf(scope: Scope): string[] {
  const seen = tenants.filter(({ repository }) => scope === 'all' || scope.includes(repository.id));
  return seen.map(({ mark }) => mark).toSorted();
}

/** Which tenants something tells of. */
function marksIn(value: unknown): string[] {
  return [...new Set(JSON.stringify(value).match(/mark\d+x/g) ?? [])].toSorted();
}

let database: Database;

beforeAll(async () => {
  database = await openDatabase({ directory: 'memory://' });
  for (const one of tenants) await insertTenant(database.kysely, one);
});

afterAll(() => database.close());

it('has a line above for every query that takes a scope', async () => {
  const found: string[] = [];
  for (const file of await readdir(ledger)) {
    const text = await readFile(join(ledger, file), 'utf8');
    for (const [, name = '', parameters = ''] of text.matchAll(
      /^export (?:async )?function (\w+)\(([^)]*)\)/gm,
    ))
      if (/: (?:Scope|MeasureQuery)\b/.test(parameters)) found.push(name);
  }
  expect(found.toSorted()).toEqual(Object.keys(queries).toSorted());
});

const someone = fc.constantFrom(...tenants);
const someScope = fc.oneof(
  { weight: 9, arbitrary: fc.uniqueArray(fc.constantFrom(...repositoryIds, 4_711), { maxLength: 6 }) },
  { weight: 1, arbitrary: fc.constant('all' as const) },
);

it.each(Object.entries(queries))(
  '%s gives nobody a row of another tenant',
  async (_, query) => {
    const runs = Math.ceil(10_000 / Object.keys(queries).length);
    await fc.assert(
      fc.asyncProperty(someScope, someone, (scope, asked) => query(database.kysely, scope, asked)),
      { numRuns: runs },
    );
  },
  120_000,
);

it.each(Object.entries(queries))(
  '%s takes more repositories than a statement takes values',
  async (_, query) => {
    const [first, , third] = tenants;
    if (!first || !third) throw new Error('no tenants');
    const others = Array.from({ length: 70_000 }, (__, index) => 1_000_000 + index);
    const scope = [first.repository.id, ...others, third.repository.id];
    for (const asked of tenants.slice(0, 3)) await query(database.kysely, scope, asked);
  },
);
