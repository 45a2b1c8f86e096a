import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AlertState } from '../../src/core/alert.ts';
import { deadLetters, oldestWaiting } from '../../src/ledger/alert-figures.ts';
import {
  alertStates,
  forgetAlerts,
  keepAlertStates,
  markPosted,
  unpostedAlerts,
} from '../../src/ledger/alerts.ts';
import type { Database } from '../../src/ledger/database.ts';
import { leaseOf } from '../../src/ledger/leases.ts';
import { spentByPerson, spentByRepository } from '../../src/ledger/spending.ts';

const minuteMs = 60_000;
const ago = (minutes: number) => new Date(Date.now() - minutes * minuteMs);

interface Command {
  issue: string;
  minutesAgo: number;
  status?: string;
  endedMinutesAgo?: number;
  told?: boolean;
  problem?: string;
  repository?: number;
  login?: string;
  costUsd?: number;
}

/** What alerts read of the ledger, on any database. */
export function alertFiguresContract(name: string, open: () => Promise<Database>): void {
  describe(`alerts on ${name}`, () => {
    let database: Database;

    beforeAll(async () => {
      database = await open();
    });
    afterAll(() => database.close());
    beforeEach(async () => {
      for (const table of ['run_costs', 'runs', 'commands', 'alerts', 'leases'] as const)
        await database.kysely.deleteFrom(table).execute();
    });

    async function add(command: Command): Promise<string> {
      const {
        issue,
        minutesAgo,
        endedMinutesAgo,
        told = endedMinutesAgo !== undefined,
        repository = 7,
      } = command;
      const { status = endedMinutesAgo === undefined ? 'queued' : 'done', login = 'maria' } = command;
      const id = randomUUID();
      await database.kysely
        .insertInto('commands')
        .values({
          id,
          dedupe_key: id,
          origin: JSON.stringify({ kind: 'retention' }),
          actor: JSON.stringify({ from: 'github', id: 1, login, type: 'User' }),
          issue_key: issue,
          queue_key: issue,
          installation_id: 1,
          repository_id: repository,
          repository_owner: 'acme',
          repository_name: `shop-${repository}`,
          claimed_text: null,
          ask: null,
          status: status as 'queued',
          problem: command.problem
            ? JSON.stringify({ code: command.problem, message: 'm', hint: 'h' })
            : null,
          created_at: ago(minutesAgo),
          ended_at: endedMinutesAgo === undefined ? null : ago(endedMinutesAgo),
          published_at: told ? ago(endedMinutesAgo ?? 0) : null,
        })
        .execute();
      if (status === 'dispatched' || status === 'running') {
        await database.kysely
          .insertInto('runs')
          .values({
            command_id: id,
            job: JSON.stringify({ session: { mode: 'fresh' } }),
            context: null,
            progress: null,
            report: null,
            waiting_for: null,
            claimed_at: status === 'running' ? ago(1) : null,
            created_at: ago(minutesAgo),
          })
          .execute();
      }
      if (command.costUsd !== undefined) {
        await database.kysely
          .insertInto('run_costs')
          .values({
            command_id: id,
            installation_id: 1,
            repository_id: repository,
            repository_owner: 'acme',
            repository_name: `shop-${repository}`,
            issue_key: issue,
            actor: 'github:1',
            outcome: 'done',
            cost_usd: command.costUsd,
            ended_at: ago(endedMinutesAgo ?? 0),
          })
          .execute();
      }
      return id;
    }

    const minutes = (seconds: number) => Math.round(seconds / 60);

    it('says 0 where nothing waits', async () => {
      expect(await oldestWaiting(database.kysely)).toEqual({ forDexter: 0, forTurn: 0, forRunner: [] });
      expect(await deadLetters(database.kysely, ago(60))).toBe(0);
    });

    it('tells who waits for their turn from who waits for Dexter, and counts from when nothing held them', async () => {
      await add({ issue: 'A-1', minutesAgo: 400, status: 'running' });
      await add({ issue: 'A-1', minutesAgo: 300 });
      await add({ issue: 'A-1', minutesAgo: 200 });
      // Held until 20 minutes ago.
      await add({ issue: 'B-1', minutesAgo: 500, endedMinutesAgo: 20 });
      await add({ issue: 'B-1', minutesAgo: 450 });
      await add({ issue: 'C-1', minutesAgo: 9 });
      // What came later holds nobody.
      await add({ issue: 'C-1', minutesAgo: 1, status: 'cancelled', endedMinutesAgo: 1 });
      const { forDexter, forTurn, forRunner } = await oldestWaiting(database.kysely);
      expect([minutes(forDexter), minutes(forTurn), forRunner]).toEqual([20, 300, []]);
    });

    it('knows by repository how long a run has waited for a runner', async () => {
      await add({ issue: 'A-1', minutesAgo: 30, status: 'dispatched' });
      await add({ issue: 'A-2', minutesAgo: 50, status: 'dispatched' });
      await add({ issue: 'A-3', minutesAgo: 70, status: 'running' });
      await add({ issue: 'B-1', minutesAgo: 5, status: 'dispatched', repository: 8 });
      const { forRunner } = await oldestWaiting(database.kysely);
      expect(
        forRunner
          .map(({ repository, repositoryId, seconds }) => [repository, repositoryId, minutes(seconds)])
          .sort(),
      ).toEqual([
        ['acme/shop-7', 7, 50],
        ['acme/shop-8', 8, 5],
      ]);
    });

    it('counts what was given up since then, and ends that are not told', async () => {
      await add({ issue: 'A-1', minutesAgo: 90, status: 'expired', endedMinutesAgo: 10 });
      await add({
        issue: 'A-2',
        minutesAgo: 90,
        status: 'failed',
        problem: 'runner-lost',
        endedMinutesAgo: 10,
      });
      await add({
        issue: 'A-3',
        minutesAgo: 90,
        status: 'failed',
        problem: 'push-rejected',
        endedMinutesAgo: 10,
      });
      await add({ issue: 'A-4', minutesAgo: 90, status: 'expired', endedMinutesAgo: 80 });
      await add({ issue: 'A-5', minutesAgo: 90, endedMinutesAgo: 70, told: false });
      await add({ issue: 'A-6', minutesAgo: 90, endedMinutesAgo: 1, told: false });
      expect(await deadLetters(database.kysely, ago(60))).toBe(3);
    });

    it('sums up what repositories and people have spent', async () => {
      await add({ issue: 'A-1', minutesAgo: 2, endedMinutesAgo: 0, costUsd: 0.5 });
      await add({ issue: 'A-2', minutesAgo: 2, endedMinutesAgo: 0, costUsd: 0.25, repository: 8 });
      await add({ issue: 'A-3', minutesAgo: 80_000, endedMinutesAgo: 70_000, costUsd: 100 });
      const repositories = await spentByRepository(database.kysely);
      expect(repositories.sort((one, other) => one.repositoryId - other.repositoryId)).toEqual([
        { repositoryId: 7, name: 'acme/shop-7', usd: 0.5 },
        { repositoryId: 8, name: 'acme/shop-8', usd: 0.25 },
      ]);
      expect(await spentByPerson(database.kysely)).toEqual([
        { person: 'github:1', name: 'maria', usd: 0.75 },
      ]);
    });

    const state: AlertState = {
      name: 'workspace',
      label: 'acme/one',
      repositoryId: null,
      level: 'warning',
      value: 6e11,
      threshold: 5e11,
      since: ago(1),
      seenAt: ago(0),
      failingSince: null,
      pendingLevel: null,
      pendingLooks: 0,
    };

    it('keeps states as they are, and what was posted apart from them', async () => {
      const db = database.kysely;
      const other: AlertState = {
        ...state,
        label: '\0',
        repositoryId: 7,
        failingSince: ago(3),
        pendingLevel: 'ok',
        pendingLooks: 1,
      };
      await keepAlertStates(db, [state, other]);
      expect(await alertStates(db)).toEqual(expect.arrayContaining([state, { ...other, label: '\ufffd' }]));
      const [unposted] = await unpostedAlerts(db);
      if (!unposted) throw new Error('nothing to post');
      expect(await markPosted(db, unposted)).toBe(true);
      expect(await markPosted(db, unposted)).toBe(false);
      await keepAlertStates(db, [{ ...state, level: 'warning' }]);
      expect(await unpostedAlerts(db)).toHaveLength(1);
      await keepAlertStates(db, [{ ...state, level: 'ok', since: ago(60 * 24 * 8) }]);
      await forgetAlerts(db);
      const posted = (await unpostedAlerts(db)).find(({ label }) => label === state.label);
      expect(posted).toMatchObject({ level: 'ok', postedLevel: 'warning' });
      if (posted) await markPosted(db, posted);
      await forgetAlerts(db);
      expect((await alertStates(db)).map(({ label }) => label)).toEqual(['\ufffd']);
    });

    it('gives a lease to one at a time, and to another one once it is over or given back', async () => {
      const db = database.kysely;
      const [first, second] = [leaseOf(db, 'x', 600), leaseOf(db, 'x', 600)];
      const taken = await Promise.all([first.take(), second.take()]);
      expect(taken.filter((is) => is)).toHaveLength(1);
      const [holder, waiting] = taken[0] ? [first, second] : [second, first];
      expect(await holder.take()).toBe(true);
      await waiting.giveBack();
      expect(await waiting.take()).toBe(false);
      await db
        .updateTable('leases')
        .set({ until: ago(1) })
        .execute();
      expect(await waiting.take()).toBe(true);
      expect(await holder.take()).toBe(false);
      await waiting.giveBack();
      expect(await holder.take()).toBe(true);
    });
  });
}
