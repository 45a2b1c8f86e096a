import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Actor, actorKey } from '../../src/core/command.ts';
import type { Job } from '../../src/core/job.ts';
import type { Report } from '../../src/core/report.ts';
import { insertCommand } from '../../src/ledger/commands.ts';
import { type CostGroup, costOfIssue, costsBy, type GroupCost } from '../../src/ledger/costs.ts';
import type { Database } from '../../src/ledger/database.ts';
import { migrations } from '../../src/ledger/migrations.ts';
import { claimRun, insertRun, keepReport } from '../../src/ledger/runs.ts';

const maria: Extract<Actor, { from: 'github' }> = {
  from: 'github',
  id: 2 ** 31 + 1,
  login: 'maria',
  type: 'User',
};
const tom: Actor = { from: 'jira', accountId: '557058:ab', displayName: 'Tom' };
const shop = { id: 2 ** 31 + 7, owner: 'acme', name: 'shop' };

interface Past {
  issueKey?: string;
  actor?: Actor;
  mode?: Job['session']['mode'];
  isClaimed?: boolean;
  report?: Partial<Report>;
}

function jobOf(commandId: string, issueKey: string, mode: Job['session']['mode']): Job {
  return {
    commandId,
    issueKey: issueKey as Job['issueKey'],
    instruction: 'do it',
    context: '',
    session: {
      installationId: 5,
      repositoryId: shop.id,
      mode,
      generation: 0,
      engine: 'claude-code',
      model: 'asked',
    },
    target: { branch: 'b', base: '', title: 'x', ticketUrl: '', requestedBy: '@maria' },
    appUrl: '',
  };
}

/** What runs cost, in any database. */
export function runCostsContract(name: string, open: () => Promise<Database>): void {
  describe(`the costs of runs in ${name}`, () => {
    let database: Database;

    beforeAll(async () => {
      database = await open();
    });
    beforeEach(async () => {
      for (const table of ['run_costs', 'runs', 'commands'] as const)
        await database.kysely.deleteFrom(table).execute();
    });
    afterAll(() => database?.close());

    /** A command that has ended, as a version without this table left it. */
    async function past({
      issueKey = 'SHOP-1',
      actor = maria,
      mode = 'resume',
      ...run
    }: Past): Promise<string> {
      const id = randomUUID();
      const { kysely } = database;
      await insertCommand(kysely, {
        id,
        dedupeKey: id,
        origin: { kind: 'retention' },
        actor,
        issueKey,
        queueKey: issueKey,
        installationId: 5,
        repository: shop,
        claimedText: null,
      });
      await insertRun(kysely, id, jobOf(id, issueKey, mode));
      if (run.isClaimed ?? true) await claimRun(kysely, id, { claimant: randomUUID(), runUrl: '' });
      if (run.report)
        await keepReport(kysely, id, 1, {
          outcome: 'done',
          summary: '',
          usage: { inputTokens: 1, cacheReadTokens: 2 ** 33, cacheWriteTokens: 3, outputTokens: 4 },
          costUsd: 0.5,
          turns: 1,
          durationMs: 1,
          commits: [],
          denials: [],
          notices: [],
          ...run.report,
        });
      await kysely
        .updateTable('commands')
        .set({ status: 'done', ended_at: new Date('2026-05-04T03:02:01Z') })
        .where('id', '=', id)
        .execute();
      return id;
    }

    /** What the migration makes of the others, undone again. */
    async function asMigrated() {
      const transaction = await database.kysely.startTransaction().execute();
      try {
        await sql`drop table run_costs`.execute(transaction);
        await migrations['0005-costs']?.up(transaction);
        return await transaction.selectFrom('run_costs').selectAll().execute();
      } finally {
        await transaction.rollback().execute();
      }
    }

    it('take in what the reports of an earlier version said', async () => {
      const session = { id: randomUUID(), generation: 1, bytes: 1, contextTokens: 1, engineVersion: '1' };
      const fresh = await past({ report: { session: { ...session, mode: 'fresh', model: 'told' } } });
      const unpriced = await past({ actor: tom, report: { outcome: 'failed', costUsd: null } });
      const lost = await past({});
      await past({ isClaimed: false });
      await past({ mode: 'forget', report: {} });
      const rows = await asMigrated();
      const common = {
        installation_id: 5,
        repository_id: shop.id,
        repository_owner: 'acme',
        repository_name: 'shop',
        issue_key: 'SHOP-1',
        cache_write_hour_tokens: 0,
        baseline_cost_usd: null,
        estimated_cost_saved: null,
        estimated_tokens_saved: null,
        ended_at: new Date('2026-05-04T03:02:01Z'),
      };
      const said = { input_tokens: 1, cache_read_tokens: 2 ** 33, cache_write_tokens: 3, output_tokens: 4 };
      const none = { input_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0, output_tokens: 0 };
      const actor = `github:${2 ** 31 + 1}`;
      const byId = new Map(rows.map((row) => [row.command_id, row]));
      expect(byId.size).toBe(3);
      expect(byId.get(fresh)).toEqual({
        ...common,
        ...said,
        command_id: fresh,
        actor,
        model: 'told',
        choice: 'fresh',
        outcome: 'done',
        cost_usd: 0.5,
      });
      expect(byId.get(unpriced)).toEqual({
        ...common,
        ...said,
        command_id: unpriced,
        actor: 'jira:557058:ab',
        model: 'asked',
        choice: null,
        outcome: 'failed',
        cost_usd: null,
      });
      expect(byId.get(lost)).toEqual({
        ...common,
        ...none,
        command_id: lost,
        actor,
        model: 'asked',
        choice: null,
        outcome: 'lost',
        cost_usd: null,
      });
    });

    interface Cost {
      issueKey?: string;
      repository?: { id: number; owner: string; name: string };
      actor?: Actor;
      /** Whose spending the run was planned as. */
      person?: string;
      endedAt?: string;
      installationId?: number;
      usd?: number | null;
      saved?: number | null;
      outcome?: 'done' | 'lost';
    }

    /** A run of 1 + 2 + 3 + 5 tokens. */
    async function cost(of: Cost): Promise<string> {
      const { issueKey = 'SHOP-1', repository = shop, actor = maria, installationId = 5 } = of;
      const { endedAt = '2026-05-04T03:02:01Z', usd = 0.5, saved = null, outcome = 'done' } = of;
      const id = randomUUID();
      await insertCommand(database.kysely, {
        id,
        dedupeKey: id,
        origin: { kind: 'retention' },
        actor,
        issueKey,
        queueKey: issueKey,
        installationId,
        repository,
        claimedText: null,
        ask: { kind: 'instruction', instruction: `do ${endedAt}`, flags: {} },
      });
      const { person } = of;
      if (person !== undefined)
        await insertRun(database.kysely, id, jobOf(id, issueKey, 'resume'), { person });
      await database.kysely
        .insertInto('run_costs')
        .values({
          command_id: id,
          installation_id: installationId,
          repository_id: repository.id,
          repository_owner: repository.owner,
          repository_name: repository.name,
          issue_key: issueKey,
          actor: actorKey(actor),
          model: 'm',
          choice: 'warm',
          outcome,
          cost_usd: usd,
          input_tokens: 1,
          cache_read_tokens: 2,
          cache_write_tokens: 3,
          cache_write_hour_tokens: 1,
          output_tokens: 5,
          baseline_cost_usd: saved === null || usd === null ? null : usd + saved,
          estimated_cost_saved: saved,
          estimated_tokens_saved: saved === null ? null : 2 ** 40,
          ended_at: endedAt,
        })
        .execute();
      return id;
    }

    const tokens = (runs: number) => ({
      inputTokens: runs,
      cacheReadTokens: 2 * runs,
      cacheWriteTokens: 3 * runs,
      cacheWriteHourTokens: runs,
      outputTokens: 5 * runs,
    });

    const none = {
      runs: 0,
      unknownRuns: 0,
      costUsd: 0,
      usage: tokens(0),
      comparedRuns: 0,
      baselineCostUsd: 0,
      estimatedCostSaved: 0,
      estimatedTokensSaved: 0,
    };

    it('are told of an issue in order, with the sum of all of them', async () => {
      const other = { id: 9, owner: 'acme', name: 'other' };
      const second = await cost({ endedAt: '2026-05-05T00:00:00Z', actor: tom, saved: -0.25 });
      await cost({ endedAt: '2026-05-04T00:00:00Z', saved: 1.5 });
      const third = await cost({ endedAt: '2026-05-06T00:00:00Z', usd: null, outcome: 'lost' });
      await cost({ issueKey: 'SHOP-12', usd: 7 });
      await cost({ repository: other, usd: 8, endedAt: '2026-05-03T00:00:00Z' });
      const here = await costOfIssue(database.kysely, { issueKey: 'SHOP-1', repositoryId: shop.id }, 2);
      expect(here.total).toEqual({
        runs: 3,
        unknownRuns: 1,
        costUsd: 1,
        usage: tokens(3),
        comparedRuns: 2,
        baselineCostUsd: 2.25,
        estimatedCostSaved: 1.25,
        estimatedTokensSaved: 2 ** 41,
      });
      expect(here.runs.map(({ commandId }) => commandId)).toEqual([second, third]);
      expect(here.runs[0]).toEqual({
        commandId: second,
        engine: null,
        repository: 'acme/shop',
        endedAt: new Date('2026-05-05T00:00:00Z'),
        actor: tom,
        ask: { kind: 'instruction', instruction: 'do 2026-05-05T00:00:00Z', flags: {} },
        model: 'm',
        choice: 'warm',
        outcome: 'done',
        costUsd: 0.5,
        usage: tokens(1),
        baselineCostUsd: 0.25,
        estimatedCostSaved: -0.25,
        estimatedTokensSaved: 2 ** 40,
      });
      const everywhere = await costOfIssue(database.kysely, { issueKey: 'SHOP-1' }, 9);
      expect(everywhere.runs.map(({ repository }) => repository)).toEqual([
        'acme/other',
        'acme/shop',
        'acme/shop',
        'acme/shop',
      ]);
      expect(everywhere.total).toMatchObject({ runs: 4, costUsd: 9 });
    });

    it('are kept by the hour, whatever becomes of their rows', async () => {
      const { kysely } = database;
      const hour = (at: number, minute = 0) => new Date(Date.UTC(2026, 4, 4, at, minute));
      const insert = async (
        endedAt: Date,
        costUsd: number | null,
        saved: number | null,
        repositoryId = 7,
      ) => {
        const id = await past({});
        await kysely
          .insertInto('run_costs')
          .values({
            command_id: id,
            installation_id: 5,
            repository_id: repositoryId,
            repository_owner: 'acme',
            repository_name: 'shop',
            issue_key: 'SHOP-1',
            actor: 'github:1',
            outcome: costUsd === null ? 'lost' : 'done',
            cost_usd: costUsd,
            baseline_cost_usd: saved === null ? null : saved + 1,
            estimated_cost_saved: saved,
            ended_at: endedAt,
          })
          .execute();
        return id;
      };
      const kept = async () => {
        const { rows } = await sql`
          select repository_id || ' ' || to_char(hour at time zone 'UTC', 'HH24:MI') as "in", repository_name as name,
            runs, unknown_runs as unknown, cost_usd::float8 as usd, compared_runs as compared,
            baseline_cost_usd::float8 as baseline, estimated_cost_saved::float8 as saved
          from hourly_costs where runs > 0 order by 1`.execute(kysely);
        return rows;
      };
      await insert(hour(3), 0.5, 0.25);
      await insert(hour(3, 59), 0.25, null);
      const lost = await insert(hour(3, 30), null, null);
      const gone = await insert(hour(4), 2, 2);
      await insert(hour(4), 1, null, 8);
      const at3 = { in: '7 03:00', name: 'shop', compared: 1, baseline: 1.25, saved: 0.25 };
      const of8 = {
        in: '8 04:00',
        name: 'shop',
        runs: 1,
        unknown: 0,
        usd: 1,
        compared: 0,
        baseline: 0,
        saved: 0,
      };
      expect(await kept()).toEqual([
        { ...at3, runs: 3, unknown: 1, usd: 0.75 },
        { in: '7 04:00', name: 'shop', runs: 1, unknown: 0, usd: 2, compared: 1, baseline: 3, saved: 2 },
        of8,
      ]);
      await kysely
        .updateTable('run_costs')
        .set({ outcome: 'done', cost_usd: 4, repository_name: 'store' })
        .where('command_id', '=', lost)
        .execute();
      await kysely.deleteFrom('run_costs').where('command_id', '=', gone).execute();
      expect(await kept()).toEqual([{ ...at3, name: 'store', runs: 3, unknown: 0, usd: 4.75 }, of8]);
    });

    it('are nothing for an issue that nothing ran for', async () => {
      expect(await costOfIssue(database.kysely, { issueKey: 'SHOP-404' }, 9)).toEqual({
        total: none,
        runs: [],
      });
    });

    it('are summed up by day, repository and person, page by page', async () => {
      const renamed = { ...shop, name: 'store' };
      const other = { id: 10, owner: 'acme', name: 'other' };
      await cost({ endedAt: '2026-05-01T23:59:59.999Z', actor: maria, usd: 1, saved: 2 });
      await cost({ endedAt: '2026-05-02T00:00:00Z', actor: tom, usd: 2, repository: other });
      await cost({
        endedAt: '2026-05-03T12:00:00Z',
        actor: { ...maria, login: 'maria-new' },
        usd: 4,
        repository: renamed,
      });
      await cost({
        endedAt: '2026-05-03T13:00:00Z',
        actor: { from: 'dexter' },
        usd: null,
        repository: renamed,
      });
      await cost({ endedAt: '2026-04-30T23:59:59Z', usd: 100 });
      await cost({ endedAt: '2026-05-02T00:00:00Z', usd: 100, installationId: 6 });
      const period = { since: new Date('2026-05-01T00:00:00Z'), installationId: 5 };
      const all = async (group: CostGroup, limit: number) => {
        const found: GroupCost[] = [];
        const pages: number[] = [];
        for (let after: string | undefined, more = true; more; ) {
          const { sums, next } = await costsBy(database.kysely, group, period, { after, limit });
          found.push(...sums);
          pages.push(sums.length);
          more = next !== undefined;
          after = next;
        }
        return { pages, sums: found.map(({ key, name, runs, costUsd }) => [key, name, runs, costUsd]) };
      };
      expect(await all('day', 2)).toEqual({
        pages: [2, 1],
        sums: [
          ['2026-05-03', '2026-05-03', 2, 4],
          ['2026-05-02', '2026-05-02', 1, 2],
          ['2026-05-01', '2026-05-01', 1, 1],
        ],
      });
      expect(await all('repository', 2)).toEqual({
        pages: [2],
        sums: [
          ['10', 'acme/other', 1, 2],
          [String(shop.id), 'acme/store', 3, 5],
        ],
      });
      expect(await all('person', 1)).toEqual({
        pages: [1, 1, 1],
        sums: [
          ['dexter', 'dexter', 1, 0],
          [`github:${2 ** 31 + 1}`, 'maria-new', 2, 5],
          ['jira:557058:ab', 'Tom', 1, 2],
        ],
      });
      const until = new Date('2026-05-02T00:00:00Z');
      const { sums } = await costsBy(database.kysely, 'day', { ...period, until }, { limit: 9 });
      expect(sums).toEqual([
        {
          key: '2026-05-01',
          name: '2026-05-01',
          runs: 1,
          unknownRuns: 0,
          costUsd: 1,
          usage: tokens(1),
          comparedRuns: 1,
          baselineCostUsd: 3,
          estimatedCostSaved: 2,
          estimatedTokensSaved: 2 ** 40,
        },
      ]);
    });

    it('are one sum for a person who asks on JIRA and on GitHub', async () => {
      const mariaOnJira: Actor = { from: 'jira', accountId: '557058:cd', displayName: 'Maria Lang' };
      const person = `github:${maria.id}`;
      await cost({ endedAt: '2026-05-01T01:00:00Z', actor: maria, person, usd: 1 });
      await cost({ endedAt: '2026-05-01T02:00:00Z', actor: mariaOnJira, person, usd: 2 });
      await cost({ endedAt: '2026-05-01T03:00:00Z', actor: maria, usd: 4 });
      await cost({ endedAt: '2026-05-01T04:00:00Z', actor: tom, person: actorKey(tom), usd: 8 });
      const since = new Date('2026-05-01T00:00:00Z');
      const { sums } = await costsBy(database.kysely, 'person', { since }, { limit: 9 });
      expect(sums.map(({ key, name, runs, costUsd }) => [key, name, runs, costUsd])).toEqual([
        [person, 'maria', 3, 7],
        ['jira:557058:ab', 'Tom', 1, 8],
      ]);
    });
  });
}
