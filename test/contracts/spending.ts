import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Actor } from '../../src/core/command.ts';
import type { Job } from '../../src/core/job.ts';
import { noUsage, type Report } from '../../src/core/report.ts';
import type { CommandStatus } from '../../src/core/status.ts';
import { getCommand, insertCommand } from '../../src/ledger/commands.ts';
import { keepRunCost } from '../../src/ledger/costs.ts';
import type { Database } from '../../src/ledger/database.ts';
import { claimRun, insertRun, keepProgress, keepReport } from '../../src/ledger/runs.ts';
import { lockSpending, type SpendingOf, spendingOf } from '../../src/ledger/spending.ts';

const maria: Actor = { from: 'github', id: 2 ** 31 + 1, login: 'maria', type: 'User' };
const mariaOnJira: Actor = { from: 'jira', accountId: '557058:ab', displayName: 'Maria' };
const keyOfMaria = `github:${maria.id}`;
const keyOfTom = 'github:7';
const shop = { id: 2 ** 31 + 7, owner: 'acme', name: 'shop' };
const website = { id: 9, owner: 'acme', name: 'website' };

interface Past {
  issueKey?: string;
  repository?: typeof shop;
  actor?: Actor;
  person?: string | null;
  mode?: Job['session']['mode'];
  /** What it was given. */
  cap?: number;
  progress?: number | null;
  /** Null for a run that never reported. */
  report?: Partial<Report> | null;
  /** Undefined for one that goes on. */
  endedAt?: string;
  status?: CommandStatus;
}

const asks: SpendingOf = {
  commandId: randomUUID(),
  issueKey: 'SHOP-1',
  repositoryId: shop.id,
  person: keyOfMaria,
};

/** What has been spent, in any database. */
export function spendingContract(name: string, open: () => Promise<Database>): void {
  describe(`spending in ${name}`, () => {
    let database: Database;

    beforeAll(async () => {
      database = await open();
    });
    beforeEach(async () => {
      for (const table of ['run_costs', 'runs', 'commands'] as const)
        await database.kysely.deleteFrom(table).execute();
    });
    afterAll(() => database?.close());

    async function run({
      issueKey = 'SHOP-1',
      repository = shop,
      actor = maria,
      person = keyOfMaria,
      mode = 'resume',
      ...past
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
        repository,
        claimedText: null,
      });
      const job: Job = {
        commandId: id,
        issueKey: issueKey as Job['issueKey'],
        instruction: 'do it',
        context: '',
        session: {
          installationId: 5,
          repositoryId: repository.id,
          mode,
          generation: 0,
          engine: 'claude-code',
          ...(past.cap === undefined ? {} : { maxBudgetUsd: past.cap }),
        },
        target: { branch: 'dexter/x', base: '', title: 'x', ticketUrl: '', requestedBy: '@maria' },
        appUrl: 'http://app.example',
      };
      await insertRun(kysely, id, job, person === null ? {} : { person });
      const fence = await claimRun(kysely, id, { claimant: randomUUID(), runUrl: '' });
      if (fence === undefined) throw new Error('not claimed');
      if (past.progress !== undefined)
        await keepProgress(kysely, id, fence, { step: '', turns: 1, lines: [], costUsd: past.progress });
      const { endedAt, status = endedAt === undefined ? 'running' : 'done' } = past;
      await kysely.updateTable('commands').set({ status }).where('id', '=', id).execute();
      if (endedAt === undefined) return id;
      const report = past.report === null ? undefined : { ...emptyReport, ...past.report };
      if (report) await keepReport(kysely, id, fence, report);
      const row = await getCommand(kysely, id);
      if (row) await keepRunCost(kysely, row, job, report);
      await kysely.updateTable('run_costs').set({ ended_at: endedAt }).where('command_id', '=', id).execute();
      return id;
    }

    const emptyReport: Report = {
      outcome: 'done',
      summary: '',
      usage: { ...noUsage, outputTokens: 5 },
      costUsd: null,
      turns: 3,
      durationMs: 1,
      commits: [],
      denials: [],
      notices: [],
    };

    /** Dollars that were spent, by what they count for. */
    async function spent(at = '2026-11-15T12:00:00Z', of = asks) {
      const { issue, issueHere, person, personHere, repository } = await spendingOf(
        database.kysely,
        of,
        new Date(at),
      );
      return [issue, issueHere, person, personHere, repository].map(({ spentUsd }) => round(spentUsd));
    }

    async function held(of = asks) {
      const { issue, issueHere, person, personHere, repository } = await spendingOf(database.kysely, of);
      return [issue, issueHere, person, personHere, repository].map(({ heldUsd }) => round(heldUsd));
    }

    const round = (usd: number) => Math.round(usd * 1e6) / 1e6;

    it('is nothing where nothing ran, and says what time it is', async () => {
      expect(await spent()).toEqual([0, 0, 0, 0, 0]);
      expect(await held()).toEqual([0, 0, 0, 0, 0]);
      const { at } = await spendingOf(database.kysely, asks, new Date('2026-11-15T12:00:00Z'));
      expect(at.toISOString()).toBe('2026-11-15T12:00:00.000Z');
    });

    it('is added up by issue, person and repository', async () => {
      const endedAt = '2026-11-15T10:00:00Z';
      await run({ endedAt, report: { costUsd: 1 } });
      await run({ endedAt, report: { costUsd: 0.1 }, repository: website });
      await run({ endedAt, report: { costUsd: 0.01 }, issueKey: 'SHOP-2' });
      await run({ endedAt, report: { costUsd: 0.001 }, person: keyOfTom });
      await run({ endedAt, report: { costUsd: 5 }, repository: website, issueKey: 'X-1', person: keyOfTom });
      //                              issue  here   person here  repository
      expect(await spent()).toEqual([1.101, 1.001, 1.11, 1.01, 1.011]);
    });

    it.each<[string, string, number[]]>([
      ['2026-11-15T00:00:00Z', '2026-11-15T23:59:59Z', [1, 1, 1, 1, 1]],
      ['2026-11-14T23:59:59.999Z', '2026-11-15T00:00:00Z', [1, 1, 0, 0, 1]],
      // Somewhere else it is the same day, or another one: that of UTC counts.
      ['2026-11-15T01:00:00+02:00', '2026-11-15T12:00:00Z', [1, 1, 0, 0, 1]],
      ['2026-11-14T20:00:00-05:00', '2026-11-15T12:00:00Z', [1, 1, 1, 1, 1]],
      ['2026-11-30T23:59:59.999Z', '2026-12-01T00:00:00Z', [1, 1, 0, 0, 0]],
      ['2026-11-01T00:00:00Z', '2026-11-30T23:59:59.999Z', [1, 1, 0, 0, 1]],
      ['2027-12-31T23:59:59.999Z', '2028-01-01T00:00:00Z', [1, 1, 0, 0, 0]],
      ['2028-02-01T00:00:00Z', '2028-02-29T23:00:00Z', [1, 1, 0, 0, 1]],
      ['2025-11-15T12:00:00Z', '2026-11-15T12:00:00Z', [1, 1, 0, 0, 0]],
    ])('of a run that ended at %s counts so at %s', async (endedAt, at, expected) => {
      await run({ endedAt, report: { costUsd: 1 } });
      expect(await spent(at)).toEqual(expected);
    });

    it('takes no notice of the time zone of the connection', async () => {
      await run({ endedAt: '2026-11-14T23:30:00Z', report: { costUsd: 1 } });
      const { person } = await database.kysely.transaction().execute(async (transaction) => {
        await sql`set local time zone 'America/New_York'`.execute(transaction);
        return spendingOf(transaction, asks, new Date('2026-11-15T00:30:00Z'));
      });
      expect(person.spentUsd).toBe(0);
    });

    it.each<[string, Past, number]>([
      ['what a failed run reported', { report: { outcome: 'failed', costUsd: 2 }, cap: 9 }, 2],
      ['what a stopped run reported', { report: { outcome: 'cancelled', costUsd: 2 }, cap: 9 }, 2],
      ['more than it was given', { report: { costUsd: 9.4 }, cap: 9 }, 9.4],
      ['nothing for a run that cost nothing', { report: { costUsd: 0 }, cap: 9 }, 0],
      ['the newest that was told', { report: { costUsd: null }, progress: 3, cap: 9 }, 3],
      ['all that was given when nothing was told', { report: { costUsd: null }, cap: 9 }, 9],
      ['all that was given to a lost run', { report: null, cap: 9 }, 9],
      ['nothing for a run that was lost before the engine began', { report: null, progress: 0, cap: 9 }, 0],
      ['all that was given when it was lost before an answer', { report: null, progress: null, cap: 9 }, 9],
      [
        'all that was given when the engine began after what was told',
        { report: { costUsd: null }, progress: 0, cap: 9 },
        9,
      ],
      ['what a lost run told', { report: null, progress: 3, cap: 9 }, 3],
      ['nothing when nobody can say', { report: null }, 0],
      [
        'nothing when the engine did not begin',
        { report: { outcome: 'failed', turns: 0, usage: noUsage }, cap: 9 },
        0,
      ],
      ['nothing for a session that was forgotten', { report: {}, mode: 'forget', cap: 9 }, 0],
    ])('is %s', async (_, past, usd) => {
      await run({ endedAt: '2026-11-15T10:00:00Z', ...past });
      expect(await spent()).toEqual([usd, usd, usd, usd, usd]);
    });

    it('is one with what the same person spends from JIRA', async () => {
      await run({ endedAt: '2026-11-15T10:00:00Z', report: { costUsd: 1 }, actor: mariaOnJira });
      expect((await spent())[2]).toBe(1);
    });

    it('counts by whoever asked what an earlier version planned', async () => {
      await run({ endedAt: '2026-11-15T10:00:00Z', report: { costUsd: 1 }, person: null });
      expect((await spent())[2]).toBe(1);
    });

    it('is held for runs that have not ended, and not for the one that asks', async () => {
      await run({ cap: 2 });
      await run({ cap: 0.2, issueKey: 'SHOP-2', status: 'preparing' });
      await run({ cap: 0.02, repository: website, status: 'dispatched' });
      await run({ cap: 0.002, person: keyOfTom });
      const own = await run({ cap: 50 });
      expect(await held({ ...asks, commandId: own })).toEqual([2.022, 2.002, 2.22, 2.2, 2.202]);
      expect(await spent()).toEqual([0, 0, 0, 0, 0]);
    });

    it('is held as far as a run has come that went on beyond what it was given, or was given no limit', async () => {
      await run({ cap: 2, progress: 2.5 });
      await run({ progress: 0.25 });
      await run({});
      await run({ mode: 'forget', cap: 9 });
      expect(await held()).toEqual([2.75, 2.75, 2.75, 2.75, 2.75]);
    });

    it('is given out by one transaction after the other', async () => {
      const { kysely } = database;
      const limit = 5;
      const takeAll = (issueKey: string) =>
        kysely.transaction().execute(async (transaction) => {
          await lockSpending(transaction);
          const { person } = await spendingOf(transaction, { ...asks, issueKey });
          const left = limit - person.heldUsd;
          if (left <= 0) return 0;
          await insertRun(
            transaction,
            rows[issueKey] ?? '',
            { ...jobs[issueKey], session: { ...jobs[issueKey]?.session, maxBudgetUsd: left } } as Job,
            { person: keyOfMaria },
          );
          return left;
        });
      const rows: Record<string, string> = {};
      const jobs: Record<string, Job> = {};
      for (const issueKey of ['SHOP-1', 'SHOP-2', 'SHOP-3']) {
        const id = await run({ issueKey });
        const planned = await kysely
          .deleteFrom('runs')
          .where('command_id', '=', id)
          .returning('job')
          .executeTakeFirstOrThrow();
        rows[issueKey] = id;
        jobs[issueKey] = planned.job;
      }
      const given = await Promise.all(Object.keys(rows).map(takeAll));
      expect(given.sort()).toEqual([0, 0, limit]);
    });
  });
}
