import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Problem } from '../../src/core/errors.ts';
import type { Job } from '../../src/core/job.ts';
import { noUsage, type Progress, type Report } from '../../src/core/report.ts';
import type { SessionRef } from '../../src/core/session.ts';
import { CommandStatus, canMove, type EndStatus, endStatuses, isEnd } from '../../src/core/status.ts';
import { acceptCommand } from '../../src/jobs/accept.ts';
import { forgetDue } from '../../src/jobs/retention.ts';
import type { Services } from '../../src/jobs/services.ts';
import { settle, settleReport } from '../../src/jobs/settle.ts';
import {
  countAttempt,
  describeCommand,
  dropProcessLeases,
  endCommand,
  endWait,
  getCommand,
  insertCommand,
  keepAcknowledgement,
  leaseCommand,
  lostCommands,
  markPublished,
  mayBePutBack,
  moveCommand,
  type NewCommand,
  openCommands,
  overdueCommands,
  putBack,
  requestStop,
  takeProgressed,
  takeUnpublished,
  takeWaited,
  vanishedCommands,
} from '../../src/ledger/commands.ts';
import type { Database } from '../../src/ledger/database.ts';
import {
  claimRun,
  getRun,
  insertRun,
  keepConclusion,
  keepProgress,
  keepReport,
  keepRunReference,
} from '../../src/ledger/runs.ts';
import {
  issueKeyOfPullRequest,
  keepGeneration,
  keepPullRequest,
  keptSession,
  newestGeneration,
  noteUse,
  pullRequestOfIssue,
  takeUnused,
} from '../../src/ledger/sessions.ts';
import { rememberToken } from '../../src/ledger/shown-tokens.ts';
import type { CommandRow } from '../../src/ledger/tables.ts';
import type { Queue } from '../../src/queue/queue.ts';

/** What one process of the app has of the database. */
export interface LedgerProcess {
  database: Database;
  queue: Queue;
}

export interface LedgerUnderTest {
  /** Two processes on one fresh database. */
  processes: [LedgerProcess, LedgerProcess];
  cleanUp(): Promise<void>;
}

/** GitHub's newer ids do not fit into 32 bits. */
const large = 2 ** 31 + 7;

const log = pino({ level: 'silent' });

let lastNumber = 0;

function newCommand(changes: Partial<NewCommand> = {}): NewCommand {
  lastNumber += 1;
  const issueKey = changes.issueKey ?? `TEST-${lastNumber}`;
  return {
    id: randomUUID(),
    dedupeKey: `test:${lastNumber}`,
    origin: {
      kind: 'github-comment',
      installationId: large,
      repository: { id: large + 1, owner: 'acme', name: 'shop' },
      number: lastNumber,
      commentId: large + 2,
    },
    actor: { from: 'github', id: large + 3, login: 'maria', type: 'User' },
    issueKey,
    queueKey: issueKey,
    installationId: large,
    repository: { id: large + 1, owner: 'acme', name: 'shop' },
    claimedText: '@dexter do it',
    ...changes,
  };
}

function jobOf(command: NewCommand): Job {
  return {
    commandId: command.id,
    issueKey: command.issueKey as Job['issueKey'],
    instruction: 'do it',
    context: '',
    session: {
      installationId: large,
      repositoryId: large + 1,
      mode: 'fresh',
      generation: 0,
      engine: 'claude-code',
    },
    target: { branch: 'dexter/x', base: '', title: 'x', ticketUrl: '', requestedBy: '@maria' },
    appUrl: 'http://app.example',
  };
}

function report(changes: Partial<Report> = {}): Report {
  return {
    outcome: 'done',
    summary: 'Done.',
    usage: noUsage,
    costUsd: null,
    turns: 1,
    durationMs: 1,
    commits: [],
    denials: [],
    notices: [],
    ...changes,
  };
}

const internal: Problem = { code: 'internal', message: 'It broke.', hint: '' };

const progress = (step: string): Progress => ({ step, turns: 1, lines: [], costUsd: null });

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** What the ledger and the queue have to do, whatever database they keep their rows in. */
export function ledgerAndQueueContract(name: string, create: () => Promise<LedgerUnderTest>): void {
  let under: LedgerUnderTest;
  let here: LedgerProcess;
  let there: LedgerProcess;

  beforeAll(async () => {
    under = await create();
    [here, there] = under.processes;
  });

  afterAll(() => under.cleanUp());

  const db = () => here.database.kysely;

  /** The part of the services that accepting and ending need. */
  function servicesOf({ database, queue }: LedgerProcess): Services {
    return {
      db: database.kysely,
      queue,
      log,
      wake: () => undefined,
      holds: new Set(),
      name: 'dexter',
      appUrl: '',
      serverUrl: '',
      jira: new Map(),
      budgets: { repositories: {} },
      retention: { afterCloseDays: 7, maxAgeDays: 30 },
      tickets: {
        read: () => Promise.reject(new Error('nothing here reads a ticket')),
        peek: () => Promise.resolve(undefined),
        outdate: () => Promise.resolve(),
        forget: () => Promise.resolve(),
      },
      withoutJira: { whenJiraFails: 'go-on', waitMinutes: 10 },
      refreshAfterMs: 300_000,
      runnerNoticeMs: 600_000,
      github: () => Promise.reject(new Error('nothing here asks GitHub')),
      dispatcher: {
        dispatch: () => Promise.reject(new Error('nothing here is dispatched')),
        find: () => Promise.resolve(undefined),
        cancel: () => Promise.resolve(),
        waitsFor: () => Promise.resolve(undefined),
      },
    };
  }

  async function inserted(changes: Partial<NewCommand> = {}): Promise<NewCommand> {
    const command = newCommand(changes);
    expect(await insertCommand(db(), command)).toBe(true);
    return command;
  }

  async function accepted(changes: Partial<NewCommand> = {}): Promise<NewCommand> {
    const command = newCommand(changes);
    expect(await acceptCommand(servicesOf(here), command)).toBe('accepted');
    return command;
  }

  async function statusOf(id: string): Promise<string | undefined> {
    return (await getCommand(db(), id))?.status;
  }

  const claimBy = (runUrl = '') => ({ claimant: randomUUID(), runUrl });

  /** A command that a runner has. */
  async function running(changes: Partial<NewCommand> = {}): Promise<NewCommand> {
    const command = await inserted(changes);
    await insertRun(db(), command.id, jobOf(command));
    await moveCommand(db(), command.id, 'running');
    expect(await claimRun(db(), command.id, claimBy())).toBe(1);
    return command;
  }

  const take = ({ database, queue }: LedgerProcess) =>
    database.kysely.transaction().execute((transaction) => queue.take(transaction));

  const release = ({ database, queue }: LedgerProcess, id: string) =>
    database.kysely.transaction().execute((transaction) => queue.release(transaction, id));

  /** Takes until nothing is free. */
  async function takeAll(process: LedgerProcess): Promise<string[]> {
    const taken: string[] = [];
    for (let id = await take(process); id !== undefined; id = await take(process)) taken.push(id);
    return taken;
  }

  /** Each test of the queue begins with an empty one. */
  async function emptyQueue(): Promise<void> {
    for (let ids = await takeAll(here); ids.length > 0; ids = await takeAll(here)) {
      for (const id of ids) await release(here, id);
    }
  }

  describe(`the ledger, by ${name}`, () => {
    it('keeps a command as it was inserted, with ids beyond 32 bits as numbers', async () => {
      const command = await inserted({ ask: { kind: 'control', word: 'help' } });
      expect(await getCommand(db(), command.id)).toMatchObject({
        id: command.id,
        dedupe_key: command.dedupeKey,
        origin: command.origin,
        actor: command.actor,
        installation_id: large,
        repository_id: large + 1,
        repository_owner: 'acme',
        claimed_text: '@dexter do it',
        ask: { kind: 'control', word: 'help' },
        status: 'queued',
        stop_requested: false,
        attempts: 0,
        lease_until: null,
        published_at: null,
      });
      expect((await getCommand(db(), command.id))?.created_at).toBeInstanceOf(Date);
    });

    it('takes a token for one claim, whichever process it is shown to', async () => {
      const soon = new Date(Date.now() + 60_000);
      const show = (index: number, claim: string, id: string) =>
        rememberToken((index % 2 ? here : there).database.kysely, { id, claim, expiresAt: soon });
      const id = randomUUID();
      const shown = await Promise.all(times(20, (index) => show(index, `claim ${index}`, id)));
      expect(shown.filter(Boolean)).toHaveLength(1);
      const winner = shown.indexOf(true);
      expect(await show(winner + 1, `claim ${winner}`, id)).toBe(true);
      expect(await show(winner, 'claim of a thief', id)).toBe(false);
      expect(await show(0, 'claim of another', randomUUID())).toBe(true);
    });

    it('forgets tokens that have expired', async () => {
      const [old, next] = [randomUUID(), randomUUID()];
      const expiresAt = new Date(Date.now() - 60_000);
      await rememberToken(db(), { id: old, claim: 'one', expiresAt });
      await rememberToken(db(), { id: next, claim: 'one', expiresAt: new Date(Date.now() + 60_000) });
      const kept = await db()
        .selectFrom('shown_tokens')
        .select('id')
        .where('id', 'in', [old, next])
        .execute();
      expect(kept).toEqual([{ id: next }]);
    });

    it('keeps how a run ended, by its id, or by the command in its title while the id is not known', async () => {
      const [known, unknown, other] = [await inserted(), await inserted(), await inserted()];
      for (const command of [known, unknown, other]) {
        await insertRun(db(), command.id, jobOf(command));
        await moveCommand(db(), command.id, 'dispatched');
      }
      await keepRunReference(db(), known.id, { id: '71', url: '', branch: 'main' });
      await keepRunReference(db(), unknown.id, { id: '', url: '' });
      await keepRunReference(db(), other.id, { id: '73', url: '' });
      const repositoryId = large + 1;
      const ended = { repositoryId, conclusion: 'cancelled' };
      expect(await keepConclusion(db(), { ...ended, runId: '71' })).toBe(known.id);
      expect(await keepConclusion(db(), { ...ended, runId: '72', commandId: unknown.id })).toBe(unknown.id);
      // Somebody named a run of their own after a command whose run is known.
      expect(await keepConclusion(db(), { ...ended, runId: '74', commandId: other.id })).toBeUndefined();
      expect(await keepConclusion(db(), { ...ended, runId: '73', repositoryId: 1 })).toBeUndefined();
      expect(await getRun(db(), known.id)).toMatchObject({
        run_id: '71',
        conclusion: 'cancelled',
        branch: 'main',
      });
      expect(await getRun(db(), unknown.id)).toMatchObject({ run_id: '72', conclusion: 'cancelled' });
      expect(await getRun(db(), other.id)).toMatchObject({ run_id: '73', conclusion: null });
      const vanished = (await vanishedCommands(db())).map(({ id }) => id);
      expect(vanished).toEqual(expect.arrayContaining([known.id, unknown.id]));
      expect(vanished).not.toContain(other.id);
      // The answer to the dispatch came after the event; another run has its own end.
      await keepRunReference(db(), unknown.id, { id: '', url: '' });
      await keepRunReference(db(), known.id, { id: '75', url: '' });
      expect(await getRun(db(), unknown.id)).toMatchObject({ run_id: '72', conclusion: 'cancelled' });
      expect(await getRun(db(), known.id)).toMatchObject({ run_id: '75', conclusion: null });
      await endCommand(db(), unknown.id, { status: 'failed' });
      expect(await keepConclusion(db(), { ...ended, runId: '72' })).toBeUndefined();
    });

    it('has nothing under an id that was never inserted', async () => {
      expect(await getCommand(db(), randomUUID())).toBeUndefined();
      expect(await getRun(db(), randomUUID())).toBeUndefined();
    });

    it('inserts once what is delivered many times at once, to two processes', async () => {
      const { dedupeKey } = newCommand();
      const outcomes = await Promise.all(
        times(20, (index) => acceptCommand(servicesOf(index % 2 ? here : there), newCommand({ dedupeKey }))),
      );
      expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(1);
      const rows = await db()
        .selectFrom('commands')
        .select('id')
        .where('dedupe_key', '=', dedupeKey)
        .execute();
      expect(rows).toHaveLength(1);
    });

    it('moves a command forward only, from every status to every other', async () => {
      const wrong: string[] = [];
      for (const from of CommandStatus.options) {
        // Nothing comes before `received`.
        for (const to of CommandStatus.exclude(['received']).options) {
          const { id } = await inserted();
          await db().updateTable('commands').set({ status: from }).where('id', '=', id).execute();
          const moved = isEnd(to)
            ? (await endCommand(db(), id, { status: to })) !== undefined
            : await moveCommand(db(), id, to);
          const now = await statusOf(id);
          if (moved !== canMove(from, to) || now !== (canMove(from, to) ? to : from))
            wrong.push(`${from} -> ${to}: ${moved}, is ${now}`);
        }
      }
      expect(wrong).toEqual([]);
    });

    it('gives a command one end, whoever ends it first', async () => {
      const { id } = await running();
      const ends = times(20, (index) => {
        const status: EndStatus = endStatuses[index % endStatuses.length] ?? 'done';
        const problem: Problem = { code: 'internal', message: `end ${index}`, hint: '' };
        return endCommand((index % 2 ? here : there).database.kysely, id, { status, problem });
      });
      const results = await Promise.all(ends);
      expect(results.filter(Boolean)).toHaveLength(1);
      const first = results.findIndex(Boolean);
      const row = await getCommand(db(), id);
      expect(results[first]).toEqual(row);
      expect(row?.problem?.message).toBe(`end ${first}`);
      expect(row?.status).toBe(endStatuses[first % endStatuses.length]);
      expect(row?.lease_until).toBeNull();
    });

    it('leases by the time of the database', async () => {
      const { id } = await running();
      expect(await leaseCommand(db(), id, 90)).toBe(true);
      const row = await db()
        .selectFrom('commands')
        .select(sql<number>`extract(epoch from lease_until - now())::float8`.as('left'))
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      expect(row.left).toBeGreaterThan(60);
      expect(row.left).toBeLessThanOrEqual(90);
    });

    it('finds what was lost: begun, not ended, lease over', async () => {
      const begun = await inserted();
      const waiting = await inserted();
      const ended = await inserted();
      await moveCommand(db(), begun.id, 'preparing');
      for (const { id } of [begun, waiting, ended]) await leaseCommand(db(), id, -1);
      await endCommand(db(), ended.id, { status: 'failed' });
      const ids = (await lostCommands(db())).map(({ id }) => id);
      expect(ids).toContain(begun.id);
      expect(ids).not.toContain(waiting.id);
      expect(ids).not.toContain(ended.id);
      await leaseCommand(db(), begun.id, 30);
      expect((await lostCommands(db())).map(({ id }) => id)).not.toContain(begun.id);
    });

    it('lets one of many take a lost command over, and nobody one that is in good hands', async () => {
      const lost = await running();
      await leaseCommand(db(), lost.id, -1);
      const takers = await Promise.all(
        times(20, (index) =>
          leaseCommand((index % 2 ? here : there).database.kysely, lost.id, 30, { ifExpired: true }),
        ),
      );
      expect(takers.filter(Boolean)).toHaveLength(1);
      expect(await leaseCommand(db(), lost.id, 30, { ifExpired: true })).toBe(false);
    });

    it('drops the leases that a process held, and not those of runners', async () => {
      const [preparing, claimed, telling, told] = [
        await inserted(),
        await running(),
        await running(),
        await running(),
      ];
      await moveCommand(db(), preparing.id, 'preparing');
      for (const { id } of [preparing, claimed]) await leaseCommand(db(), id, 90);
      for (const { id } of [telling, told]) await endCommand(db(), id, { status: 'done' });
      await takeUnpublished(db(), 1000, 60);
      await markPublished(db(), told.id);
      await dropProcessLeases(db());
      const lost = (await lostCommands(db())).map(({ id }) => id);
      expect(lost).toContain(preparing.id);
      expect(lost).not.toContain(claimed.id);
      const untold = (await takeUnpublished(db(), 1000, 60)).map(({ id }) => id);
      expect(untold).toContain(telling.id);
      expect(untold).not.toContain(told.id);
    });

    describe('a command that is put back', () => {
      const later = { seconds: 3_600, minutes: 600 };
      const preparing = async () => {
        const { id } = await inserted();
        await moveCommand(db(), id, 'preparing');
        await leaseCommand(db(), id, 30);
        return id;
      };
      const pass = (id: string, column: 'resume_at' | 'give_up_at') =>
        db()
          .updateTable('commands')
          .set({ [column]: sql<Date>`now() - interval '1 second'` })
          .where('id', '=', id)
          .execute();

      it('is neither taken nor lost before its time, even when all processes ended', async () => {
        const id = await preparing();
        expect(await putBack(db(), id, later)).toBe(true);
        await dropProcessLeases(db());
        expect(await takeWaited(db(), 30)).toBeUndefined();
        expect((await lostCommands(db())).map((row) => row.id)).not.toContain(id);
        await pass(id, 'resume_at');
        const takers = await Promise.all(
          times(4, (index) => takeWaited((index % 2 ? here : there).database.kysely, 30)),
        );
        expect(takers.filter((taken) => taken !== undefined)).toEqual([id]);
        expect(await getCommand(db(), id)).toMatchObject({ status: 'preparing', waits: 1, resume_at: null });
      });

      it('is lost like any other when its next process dies', async () => {
        const id = await preparing();
        await putBack(db(), id, { seconds: 0, minutes: 600 });
        expect(await takeWaited(db(), 30)).toBe(id);
        await dropProcessLeases(db());
        expect((await lostCommands(db())).map((row) => row.id)).toContain(id);
      });

      it('never waits beyond the end that its first wait set', async () => {
        const id = await preparing();
        await putBack(db(), id, { seconds: 7_200, minutes: 1 });
        const first = await getCommand(db(), id);
        expect(first?.resume_at).toEqual(first?.give_up_at);
        expect(await mayBePutBack(db(), id)).toBe(true);
        await pass(id, 'give_up_at');
        expect(await mayBePutBack(db(), id)).toBe(false);
        expect(await putBack(db(), id, later)).toBe(false);
        await endCommand(db(), id, { status: 'failed' });
      });

      it('is begun at once when it is stopped, and not put back again', async () => {
        const id = await preparing();
        await putBack(db(), id, later);
        await requestStop(db(), id);
        await endWait(db(), id);
        expect(await takeWaited(db(), 30)).toBe(id);
        expect(await putBack(db(), id, later)).toBe(false);
      });

      it('was being prepared: nothing else is put back, and no wait ends that never began', async () => {
        const { id } = await inserted();
        expect(await putBack(db(), id, later)).toBe(false);
        await endWait(db(), id);
        expect((await getCommand(db(), id))?.resume_at).toBeNull();
      });

      it('has an end all the same when it is ended while it waits', async () => {
        const id = await preparing();
        await putBack(db(), id, { seconds: 0, minutes: 600 });
        await endCommand(db(), id, { status: 'cancelled' });
        expect(await takeWaited(db(), 30)).toBeUndefined();
      });
    });

    it('leases nothing that has ended', async () => {
      const { id } = await running();
      await endCommand(db(), id, { status: 'done' });
      expect(await leaseCommand(db(), id, 30)).toBe(false);
      expect((await getCommand(db(), id))?.lease_until).toBeNull();
    });

    it('counts attempts', async () => {
      const { id } = await inserted();
      const counted = await Promise.all(times(5, () => countAttempt(db(), id)));
      expect(counted.sort()).toEqual([1, 2, 3, 4, 5]);
    });

    it('finds commands that wait for too long', async () => {
      const [old, young] = [await inserted(), await inserted()];
      await db()
        .updateTable('commands')
        .set({ created_at: sql<Date>`now() - interval '8 days'` })
        .where('id', '=', old.id)
        .execute();
      const ids = (await overdueCommands(db(), 7)).map(({ id }) => id);
      expect(ids).toContain(old.id);
      expect(ids).not.toContain(young.id);
      await endCommand(db(), old.id, { status: 'expired' });
      expect((await overdueCommands(db(), 7)).map(({ id }) => id)).not.toContain(old.id);
    });

    it('hands each end that is to be told to one process, and again when that one dies', async () => {
      const ended = await Promise.all(times(12, () => inserted()));
      const own = new Set(ended.map(({ id }) => id));
      for (const { id } of ended) await endCommand(db(), id, { status: 'done' });
      const taken = async (seconds: number) => {
        const takes = await Promise.all(
          times(8, (index) => takeUnpublished((index % 2 ? here : there).database.kysely, 100, seconds)),
        );
        return takes
          .flat()
          .map(({ id }) => id)
          .filter((id) => own.has(id));
      };
      expect((await taken(60)).sort()).toEqual([...own].sort());
      expect(await taken(60)).toEqual([]);
      await db()
        .updateTable('commands')
        .set({ lease_until: sql<Date>`now() - interval '1 second'` })
        .where('id', 'in', [...own])
        .execute();
      expect((await taken(60)).sort()).toEqual([...own].sort());
      for (const id of own) await markPublished(db(), id);
      expect(await taken(0)).toEqual([]);
    });

    it('hands out the ends in the order in which they came, as many as asked for', async () => {
      for (const row of await takeUnpublished(db(), 1000, 60)) await markPublished(db(), row.id);
      const commands = [await inserted(), await inserted(), await inserted()];
      for (const { id } of commands.toReversed()) await endCommand(db(), id, { status: 'done' });
      expect((await takeUnpublished(db(), 1, 60)).map(({ id }) => id)).toEqual([commands[2]?.id]);
      expect((await takeUnpublished(db(), 5, 60)).map(({ id }) => id).sort()).toEqual(
        [commands[0]?.id, commands[1]?.id].sort(),
      );
    });

    it('says whether an end may have been told before, by a process that died while telling', async () => {
      const { id } = await inserted();
      await endCommand(db(), id, { status: 'done' });
      const mine = async () => (await takeUnpublished(db(), 1000, 0)).find((row) => row.id === id)?.tried;
      expect(await mine()).toBe(false);
      expect(await mine()).toBe(true);
      await markPublished(db(), id);
      expect(await mine()).toBeUndefined();
    });

    it('hands out newer progress once, of running commands that were shown some time before', async () => {
      const [shown, unshown, quiet] = [await running(), await running(), await running()];
      for (const { id } of [shown, quiet]) await keepAcknowledgement(db(), id, { kind: 'issue', id: '1' });
      await db()
        .updateTable('commands')
        .set({ shown_at: sql<Date>`now() - interval '16 seconds'` })
        .where('id', 'in', [shown.id, quiet.id])
        .execute();
      for (const { id } of [shown, unshown]) await keepProgress(db(), id, 1, progress('working'));
      const takes = await Promise.all(
        times(6, (index) => takeProgressed((index % 2 ? here : there).database.kysely, 15)),
      );
      const own = new Set([shown.id, unshown.id, quiet.id]);
      expect(
        takes
          .flat()
          .map(({ id }) => id)
          .filter((id) => own.has(id)),
      ).toEqual([shown.id]);
      await keepProgress(db(), shown.id, 1, progress('still working'));
      expect((await takeProgressed(db(), 15)).map(({ id }) => id)).not.toContain(shown.id);
      await endCommand(db(), shown.id, { status: 'done' });
      expect((await takeProgressed(db(), 0)).map(({ id }) => id)).not.toContain(shown.id);
    });

    it('describes a command step by step without losing what it knew', async () => {
      const { id } = await inserted({ repository: undefined, installationId: undefined });
      await describeCommand(db(), id, { ask: { kind: 'instruction', instruction: 'go', flags: {} } });
      await describeCommand(db(), id, {
        installationId: large,
        repository: { id: large, owner: 'a', name: 'b' },
      });
      expect(await getCommand(db(), id)).toMatchObject({
        ask: { kind: 'instruction', instruction: 'go' },
        installation_id: large,
        repository_id: large,
        actor: { login: 'maria' },
      });
    });

    it('lists the open commands of an issue in order, without those that wait for nobody', async () => {
      const issueKey = 'OPEN-1';
      const [first, second] = [await inserted({ issueKey }), await inserted({ issueKey })];
      await inserted({ issueKey, queueKey: 'control:x' });
      const third = await inserted({ issueKey });
      await endCommand(db(), second.id, { status: 'done' });
      expect((await openCommands(db(), issueKey)).map(({ id }) => id)).toEqual([first.id, third.id]);
    });

    it('keeps the first plan of a run', async () => {
      const command = await inserted();
      await insertRun(db(), command.id, jobOf(command));
      await insertRun(db(), command.id, { ...jobOf(command), instruction: 'something else' });
      expect((await getRun(db(), command.id))?.job).toEqual(jobOf(command));
    });

    it('lets exactly one of 50 runners claim a run', async () => {
      const command = await inserted();
      await insertRun(db(), command.id, jobOf(command));
      const claims = await Promise.all(
        times(50, (index) =>
          claimRun((index % 2 ? here : there).database.kysely, command.id, claimBy(`http://runs/${index}`)),
        ),
      );
      expect(claims.filter((fence) => fence !== undefined)).toEqual([1]);
      expect((await getRun(db(), command.id))?.run_url).toBe(`http://runs/${claims.indexOf(1)}`);
      expect(await claimRun(db(), command.id, claimBy())).toBeUndefined();
    });

    it('answers a repeated claim of the same run with the same fencing token', async () => {
      const command = await inserted();
      await insertRun(db(), command.id, jobOf(command));
      const claim = claimBy('http://runs/1');
      expect(await claimRun(db(), command.id, claim)).toBe(1);
      expect(await claimRun(db(), command.id, claim)).toBe(1);
      expect(await claimRun(db(), command.id, claimBy('http://runs/2'))).toBeUndefined();
    });

    it('takes progress and report under the current fencing token only', async () => {
      const { id } = await running();
      for (const fence of [0, 2]) {
        expect(await keepProgress(db(), id, fence, progress('no'))).toBe(false);
        expect(await keepReport(db(), id, fence, report({ summary: 'no' }))).toBe(false);
      }
      expect(await getRun(db(), id)).toMatchObject({ progress: null, report: null });
      expect(await keepProgress(db(), id, 1, progress('yes'))).toBe(true);
      expect(await keepReport(db(), id, 1, report({ summary: 'yes' }))).toBe(true);
      expect(await getRun(db(), id)).toMatchObject({
        progress: { step: 'yes' },
        report: { summary: 'yes' },
      });
    });

    it('keeps text that Postgres has no place for in JSON', async () => {
      const { id } = await running();
      const spoilt = 'cut in half \ud83d, zero \0, alone \ude00, whole 🎉';
      const kept = 'cut in half \ufffd, zero \ufffd, alone \ufffd, whole 🎉';
      expect(await keepProgress(db(), id, 1, progress(spoilt))).toBe(true);
      expect(await keepReport(db(), id, 1, report({ summary: spoilt, notices: [spoilt] }))).toBe(true);
      const run = await getRun(db(), id);
      expect(run?.progress?.step).toBe(kept);
      expect(run?.report).toMatchObject({ summary: kept, notices: [kept] });
      const command = await inserted({ claimedText: spoilt });
      await insertRun(db(), command.id, { ...jobOf(command), context: spoilt });
      expect((await getRun(db(), command.id))?.job.context).toBe(kept);
      await describeCommand(db(), command.id, {
        ask: { kind: 'instruction', instruction: spoilt, flags: {} },
      });
      await endCommand(db(), command.id, {
        status: 'failed',
        problem: { code: 'internal', message: spoilt, hint: '' },
        answer: spoilt,
      });
      expect(await getCommand(db(), command.id)).toMatchObject({
        ask: { instruction: kept },
        problem: { message: kept },
      });
    });

    it('knows the generation that was saved last of each session, also in a store that began anew', async () => {
      const { id: commandId } = await inserted();
      const ref = { installationId: large, repositoryId: large + 9, issueKey: 'GEN-1' };
      const saved = { sessionId: randomUUID(), commandId, bytes: 5 * 2 ** 31, contextTokens: 1 };
      expect(await newestGeneration(db(), ref)).toEqual({ generation: 0, mayBeSaved: false });
      for (const generation of [1, 2, 3])
        await keepGeneration(db(), ref, { ...saved, generation, entry: `entry-${generation}` });
      expect(await newestGeneration(db(), ref)).toEqual({
        generation: 3,
        mayBeSaved: true,
        entry: 'entry-3',
      });
      for (const other of [
        { ...ref, issueKey: 'GEN-10' },
        { ...ref, repositoryId: large },
        { ...ref, installationId: 1 },
      ])
        expect(await newestGeneration(db(), other)).toEqual({ generation: 0, mayBeSaved: false });
      await db()
        .updateTable('generations')
        .set({ created_at: sql<Date>`now() - interval '1 hour'` })
        .where('issue_key', '=', 'GEN-1')
        .execute();
      await keepGeneration(db(), ref, { ...saved, generation: 1, bytes: 7 });
      expect(await newestGeneration(db(), ref)).toEqual({ generation: 1, mayBeSaved: true });
      const unreported = { ...ref, issueKey: 'GEN-2' };
      await noteUse(db(), unreported, { id: unreported.repositoryId, owner: 'acme', name: 'shop' });
      // Its run may have saved something and its report may be lost.
      expect(await newestGeneration(db(), unreported)).toEqual({ generation: 0, mayBeSaved: true });
      const rows = await db()
        .selectFrom('generations')
        .selectAll()
        .where('issue_key', '=', 'GEN-1')
        .orderBy('generation')
        .execute();
      expect(rows.map(({ bytes }) => bytes)).toEqual([7, 5 * 2 ** 31, 5 * 2 ** 31]);
    });

    it('takes the newest three generations of a store for kept, and of an unknown store those of the newest three', async () => {
      const { id: commandId } = await inserted();
      const ref = { installationId: large, repositoryId: large + 9, issueKey: 'GEN-3' };
      const kept = async () => {
        const rows = await db()
          .selectFrom('generations')
          .select('generation')
          .where('issue_key', '=', ref.issueKey)
          .where('dropped', '=', false)
          .orderBy('generation')
          .execute();
        return rows.map(({ generation }) => generation);
      };
      const stores = [undefined, undefined, 's3', 'workspace', 's3', 's3', 's3'] as const;
      const seen: number[][] = [];
      for (const [index, store] of stores.entries()) {
        const saved = { sessionId: randomUUID(), commandId, bytes: 1, contextTokens: 1, store };
        await keepGeneration(db(), ref, { ...saved, generation: index + 1 });
        seen.push(await kept());
      }
      expect(seen).toEqual([[1], [1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [3, 4, 5, 6], [4, 5, 6, 7]]);
    });

    it('files a pull request under the first issue that it is said to be for', async () => {
      const repository = large + 20;
      const pullRequest = { number: 7, branch: 'dexter/PR-1', url: 'http://pr/7' };
      await keepPullRequest(db(), repository, 'PR-1', pullRequest);
      await keepPullRequest(db(), repository, 'PR-2', { ...pullRequest, branch: 'other' });
      expect(await issueKeyOfPullRequest(db(), repository, 7)).toBe('PR-1');
      expect(await issueKeyOfPullRequest(db(), repository + 1, 7)).toBeUndefined();
      await keepPullRequest(db(), repository, 'PR-1', { ...pullRequest, number: 12, url: 'http://pr/12' });
      expect(await pullRequestOfIssue(db(), repository, 'PR-1')).toEqual({
        ...pullRequest,
        number: 12,
        url: 'http://pr/12',
      });
      expect(await pullRequestOfIssue(db(), repository, 'PR-2')).toBeUndefined();
    });

    it('ends a command by its report once, with the session and the pull request in the same step', async () => {
      const command = await running({ issueKey: 'REPORT-1' });
      const row = await getCommand(db(), command.id);
      if (!row) throw new Error('no row');
      const full = report({
        summary: 'first',
        session: {
          id: randomUUID(),
          mode: 'fresh',
          generation: 1,
          bytes: 10,
          contextTokens: 10,
          engineVersion: '1',
          model: null,
        },
        pullRequest: { number: 99, url: 'http://pr/99', branch: 'b' },
      });
      expect(await settleReport(servicesOf(here), row, 2, full)).toBe(false);
      const results = await Promise.all(
        times(6, (index) => settleReport(servicesOf(index % 2 ? here : there), row, 1, full)),
      );
      expect(results.filter(Boolean)).toHaveLength(1);
      const ref = { installationId: large, repositoryId: large + 1, issueKey: 'REPORT-1' };
      expect(await newestGeneration(db(), ref)).toEqual({ generation: 1, mayBeSaved: true });
      expect(await issueKeyOfPullRequest(db(), large + 1, 99)).toBe('REPORT-1');
      expect(await settleReport(servicesOf(there), row, 1, { ...full, summary: 'second' })).toBe(false);
      expect((await getRun(db(), command.id))?.report?.summary).toBe('first');
    });

    it.each<[string, Partial<Report>, string, boolean]>([
      ['gone', { forgotten: [{ store: 's3', generations: 2 }] }, 'done', true],
      ['already gone', { forgotten: [{ store: 's3', generations: 0 }] }, 'done', true],
      ['in no store', { forgotten: [] }, 'session-not-removed', false],
      ['run by an engine', {}, 'session-not-removed', false],
      [
        'left in one store',
        {
          forgotten: [
            { store: 's3', generations: 2 },
            { store: 'workspace', generations: 0, problem: 'locked' },
          ],
        },
        'session-not-removed',
        false,
      ],
      [
        'failed',
        { outcome: 'failed', forgotten: [{ store: 's3', generations: 2 }], problem: internal },
        'internal',
        false,
      ],
    ])('strikes a session only when it is gone: %s', async (_, said, end, isStruck) => {
      const command = await inserted();
      const ref = { installationId: large, repositoryId: large + 1, issueKey: command.issueKey };
      const { session, ...job } = jobOf(command);
      await insertRun(db(), command.id, { ...job, session: { ...session, mode: 'forget' } });
      await claimRun(db(), command.id, claimBy());
      await noteUse(db(), ref, { id: large + 1, owner: 'acme', name: 'shop' });
      const saved = { generation: 4, sessionId: randomUUID(), bytes: 1, contextTokens: 1 };
      await keepGeneration(db(), ref, { ...saved, commandId: command.id });
      const others = { ...ref, issueKey: `${command.issueKey}0` };
      await keepGeneration(db(), others, { ...saved, commandId: command.id });
      const row = await getCommand(db(), command.id);
      if (!row) throw new Error('no row');
      expect(await settleReport(servicesOf(here), row, 1, report(said))).toBe(true);
      const now = await getCommand(db(), command.id);
      expect(now?.problem?.code ?? now?.status).toBe(end);
      const kept = (await getRun(db(), command.id))?.report;
      expect(kept).toMatchObject({ outcome: now?.status, ...(now?.problem ? { problem: now.problem } : {}) });
      expect((await newestGeneration(db(), ref)).generation).toBe(isStruck ? 0 : 4);
      expect((await keptSession(db(), ref)) === undefined).toBe(isStruck);
      expect((await newestGeneration(db(), others)).generation).toBe(4);
    });

    it('takes no report of a command that was ended without one', async () => {
      const command = await running();
      const row = await getCommand(db(), command.id);
      if (!row) throw new Error('no row');
      await settle(servicesOf(here), command.id, { status: 'failed' });
      expect(await settleReport(servicesOf(here), row, 1, report())).toBe(false);
      expect((await getRun(db(), command.id))?.report).toBeNull();
    });
  });

  describe(`what a run cost, by ${name}`, () => {
    const costOf = (id: string) =>
      db().selectFrom('run_costs').selectAll().where('command_id', '=', id).executeTakeFirst();

    const spent = (changes: Partial<Report> = {}) =>
      report({
        costUsd: 0.25,
        usage: {
          inputTokens: 1,
          cacheReadTokens: large,
          cacheWriteTokens: 300,
          cacheWriteHourTokens: 100,
          outputTokens: 4,
        },
        ...changes,
      });

    async function rowOf(id: string): Promise<CommandRow> {
      const row = await getCommand(db(), id);
      if (!row) throw new Error('no row');
      return row;
    }

    it('is kept with the report, with who asked, how the run went on and what that saved', async () => {
      const { id } = await running({ issueKey: 'COST-1' });
      const said = spent({
        session: {
          id: randomUUID(),
          mode: 'resume',
          generation: 2,
          bytes: 10,
          contextTokens: 10,
          engineVersion: '1',
          model: 'claude\0-x',
          resumption: {
            choice: 'compacted',
            reason: 'it is cheapest',
            expectedUsd: { warm: 1, compacted: 0.2, fresh: 0.9 },
            expectedCacheRead: 0,
          },
        },
        saving: {
          baseline: 'cold-start',
          baselineCostUsd: 0.75,
          baselineTokens: 900,
          goingOnCostUsd: 0.1,
          method: 'reckoned',
          estimatedTokensSaved: -50,
          estimatedCostSaved: 0.5,
        },
      });
      expect(await settleReport(servicesOf(here), await rowOf(id), 1, said)).toBe(true);
      const kept = await costOf(id);
      expect(kept).toEqual({
        command_id: id,
        installation_id: large,
        repository_id: large + 1,
        repository_owner: 'acme',
        repository_name: 'shop',
        issue_key: 'COST-1',
        actor: `github:${large + 3}`,
        model: 'claude\ufffd-x',
        choice: 'compacted',
        outcome: 'done',
        cost_usd: 0.25,
        input_tokens: 1,
        cache_read_tokens: large,
        cache_write_tokens: 300,
        cache_write_hour_tokens: 100,
        output_tokens: 4,
        baseline_cost_usd: 0.75,
        estimated_cost_saved: 0.5,
        estimated_tokens_saved: -50,
        ended_at: (await rowOf(id)).ended_at,
      });
    });

    it.each(['failed', 'cancelled'] as const)('is kept of a run that %s', async (outcome) => {
      const { id } = await running();
      await settleReport(servicesOf(here), await rowOf(id), 1, spent({ outcome }));
      expect(await costOf(id)).toMatchObject({ outcome, cost_usd: 0.25, output_tokens: 4 });
    });

    it('is unknown for a run that a runner took and that never reported, until a report comes after all', async () => {
      const { id } = await running();
      await settle(servicesOf(here), id, { status: 'failed', problem: internal });
      expect(await costOf(id)).toMatchObject({ outcome: 'lost', cost_usd: null, output_tokens: 0 });
      expect(await settleReport(servicesOf(there), await rowOf(id), 2, spent())).toBe(false);
      expect(await costOf(id)).toMatchObject({ outcome: 'lost' });
      expect(await settleReport(servicesOf(there), await rowOf(id), 1, spent())).toBe(false);
      expect(await costOf(id)).toMatchObject({ outcome: 'done', cost_usd: 0.25, output_tokens: 4 });
      await settleReport(servicesOf(there), await rowOf(id), 1, spent({ costUsd: 99 }));
      expect(await costOf(id)).toMatchObject({ cost_usd: 0.25 });
    });

    it('is nothing for a command that no runner took, and for one that only forgets', async () => {
      const waiting = await inserted();
      await insertRun(db(), waiting.id, jobOf(waiting));
      await settle(servicesOf(here), waiting.id, { status: 'cancelled' });
      expect(await costOf(waiting.id)).toBeUndefined();
      const answered = await inserted();
      await settle(servicesOf(here), answered.id, { status: 'done', answer: 'help' });
      expect(await costOf(answered.id)).toBeUndefined();
      const forgetting = await inserted();
      const { session, ...job } = jobOf(forgetting);
      await insertRun(db(), forgetting.id, { ...job, session: { ...session, mode: 'forget' } });
      await claimRun(db(), forgetting.id, claimBy());
      await settleReport(servicesOf(here), await rowOf(forgetting.id), 1, spent());
      expect(await costOf(forgetting.id)).toBeUndefined();
    });
  });

  describe(`what is forgotten without being asked, by ${name}`, () => {
    const repository = { id: large + 40, owner: 'acme', name: 'old-shop' };

    beforeEach(() => db().deleteFrom('sessions').execute());

    /** A session that was used so many days ago. */
    async function usedAgo(days: number): Promise<SessionRef> {
      const { issueKey } = newCommand();
      const ref = { installationId: large, repositoryId: repository.id, issueKey };
      await noteUse(db(), ref, repository);
      await setDays(ref, 'used_at', days);
      return ref;
    }

    const setDays = ({ issueKey }: SessionRef, column: 'used_at' | 'looked_at', days: number) =>
      db()
        .updateTable('sessions')
        .set({ [column]: sql<Date>`now() - make_interval(hours => ${Math.round(days * 24)})` })
        .where('issue_key', '=', issueKey)
        .execute();

    const taken = async (days: number) => (await takeUnused(db(), days, 100)).map(({ issueKey }) => issueKey);

    const commandsOf = ({ issueKey }: SessionRef) =>
      db().selectFrom('commands').selectAll().where('issue_key', '=', issueKey).execute();

    it('looks at a session once a day, when it was not used for long enough', async () => {
      const [old, young] = [await usedAgo(8), await usedAgo(6)];
      const first = await takeUnused(db(), 7, 100);
      expect(first.map(({ issueKey }) => issueKey)).toEqual([old.issueKey]);
      expect(first[0]).toMatchObject({ installationId: large, repository, now: expect.any(Date) });
      expect(first[0]?.unusedDays).toBeCloseTo(8, 2);
      expect(await taken(7)).toEqual([]);
      await setDays(old, 'looked_at', 1.1);
      expect(await taken(7)).toEqual([old.issueKey]);
      await setDays(old, 'looked_at', 1.1);
      await noteUse(db(), old, { ...repository, name: 'new-shop' });
      expect(await taken(7)).toEqual([]);
      expect(await keptSession(db(), old)).toMatchObject({ repository: { name: 'new-shop' } });
      expect(await keptSession(db(), { ...young, repositoryId: large })).toBeUndefined();
    });

    it('has one session forgotten once by two processes, and waits longer after each failure', async () => {
      await emptyQueue();
      const due = await usedAgo(31);
      const passes = await Promise.all(times(6, (index) => forgetDue(servicesOf(index % 2 ? here : there))));
      expect(passes).toEqual(times(6, () => false));
      const [command, ...others] = await commandsOf(due);
      expect(others).toEqual([]);
      expect(command).toMatchObject({
        origin: { kind: 'retention' },
        actor: { from: 'dexter' },
        ask: { kind: 'control', word: 'forget' },
        queue_key: due.issueKey,
        repository_id: repository.id,
      });
      expect(await takeAll(here)).toEqual([command?.id]);

      // None beside one that is under way.
      await setDays(due, 'looked_at', 5);
      await forgetDue(servicesOf(here));
      expect(await commandsOf(due)).toHaveLength(1);
      await settle(servicesOf(here), command?.id ?? '', { status: 'failed' });
      await setDays(due, 'looked_at', 1.5);
      await forgetDue(servicesOf(there));
      expect(await commandsOf(due)).toHaveLength(1);
      await setDays(due, 'looked_at', 2.5);
      await forgetDue(servicesOf(there));
      expect(await commandsOf(due)).toHaveLength(2);
    });

    it('says that there may be more when a look was full', async () => {
      for (let count = 0; count < 21; count++) await usedAgo(40 + count);
      expect(await forgetDue(servicesOf(here))).toBe(true);
      expect(await forgetDue(servicesOf(here))).toBe(false);
    });

    it('forgets nothing when nothing ever is to be', async () => {
      const due = await usedAgo(3000);
      const retention = { afterCloseDays: 'never', maxAgeDays: 'never' } as const;
      expect(await forgetDue({ ...servicesOf(here), retention })).toBe(false);
      expect(await commandsOf(due)).toEqual([]);
    });
  });

  describe(`the queue, by ${name}`, () => {
    it('gives out the commands of a key strictly in the order of their arrival', async () => {
      await emptyQueue();
      const commands: NewCommand[] = [];
      for (let index = 0; index < 40; index++) commands.push(await accepted({ issueKey: 'ORDER-1' }));
      const taken: (string | undefined)[] = [];
      for (const _ of commands) {
        const id = await take(taken.length % 2 ? here : there);
        taken.push(id);
        if (id) await release(here, id);
      }
      expect(taken).toEqual(commands.map(({ id }) => id));
    });

    it('gives out one command of a key at a time, to whichever process asks', async () => {
      await emptyQueue();
      const keys = ['ONE-1', 'ONE-2', 'ONE-3'];
      const firsts: string[] = [];
      for (const issueKey of keys) {
        firsts.push((await accepted({ issueKey })).id);
        for (let more = 0; more < 4; more++) await accepted({ issueKey });
      }
      const taken = await Promise.all(times(20, (index) => take(index % 2 ? here : there)));
      expect(taken.filter((id) => id !== undefined).sort()).toEqual([...firsts].sort());
      expect([...(await takeAll(here)), ...(await takeAll(there))]).toEqual([]);
    });

    it('is emptied by two processes in order, never two of one key, nothing lost, nothing twice', async () => {
      await emptyQueue();
      const orderOf = new Map<string, string[]>();
      const keyOf = new Map<string, string>();
      for (let round = 0; round < 8; round++) {
        for (const issueKey of ['DRAIN-1', 'DRAIN-2', 'DRAIN-3']) {
          const { id } = await accepted({ issueKey });
          keyOf.set(id, issueKey);
          orderOf.set(issueKey, [...(orderOf.get(issueKey) ?? []), id]);
        }
      }
      const started = new Map<string, string[]>();
      const active = new Set<string>();
      const overlaps: string[] = [];
      let done = 0;
      const work = async (process: LedgerProcess) => {
        while (done < 24) {
          const id = await take(process);
          if (id === undefined) continue;
          const key = keyOf.get(id) ?? 'unknown';
          if (active.has(key)) overlaps.push(id);
          active.add(key);
          started.set(key, [...(started.get(key) ?? []), id]);
          await getCommand(process.database.kysely, id);
          active.delete(key);
          await release(process, id);
          done += 1;
        }
      };
      await Promise.all([work(here), work(there), work(here), work(there)]);
      expect(overlaps).toEqual([]);
      expect(started).toEqual(orderOf);
    });

    it('keeps the key until the transaction that ends the command is committed', async () => {
      await emptyQueue();
      const [first, second] = [
        await accepted({ issueKey: 'KEEP-1' }),
        await accepted({ issueKey: 'KEEP-1' }),
      ];
      expect(await take(here)).toBe(first.id);
      const failing = db()
        .transaction()
        .execute(async (transaction) => {
          await endCommand(transaction, first.id, { status: 'done' });
          await here.queue.release(transaction, first.id);
          throw new Error('the process fails before the commit');
        });
      await expect(failing).rejects.toThrow('before the commit');
      expect(await statusOf(first.id)).toBe('queued');
      expect(await take(there)).toBeUndefined();
      await settle(servicesOf(there), first.id, { status: 'done' });
      expect(await take(there)).toBe(second.id);
    });

    it('leaves neither row nor message of an insert that is rolled back', async () => {
      await emptyQueue();
      const command = newCommand({ issueKey: 'ROLL-1' });
      const failing = db()
        .transaction()
        .execute(async (transaction) => {
          await insertCommand(transaction, command);
          await here.queue.add(transaction, command.id, command.queueKey);
          throw new Error('rolled back');
        });
      await expect(failing).rejects.toThrow('rolled back');
      expect(await getCommand(db(), command.id)).toBeUndefined();
      expect(await take(here)).toBeUndefined();
      expect(await acceptCommand(servicesOf(there), command)).toBe('accepted');
      expect(await take(here)).toBe(command.id);
    });

    it('leaves no row when the message cannot be queued', async () => {
      await emptyQueue();
      const taken = await accepted({ issueKey: 'NOQUEUE-1' });
      const command = newCommand({ issueKey: 'NOQUEUE-2' });
      const broken = {
        ...servicesOf(here),
        queue: { ...here.queue, add: () => Promise.reject(new Error('the queue is broken')) },
      };
      await expect(acceptCommand(broken, command)).rejects.toThrow('the queue is broken');
      expect(await getCommand(db(), command.id)).toBeUndefined();
      expect(await takeAll(here)).toEqual([taken.id]);
    });

    it('leaves a command in its place when the transaction that takes it is rolled back', async () => {
      await emptyQueue();
      const [first] = [await accepted({ issueKey: 'TAKE-1' }), await accepted({ issueKey: 'TAKE-1' })];
      const failing = db()
        .transaction()
        .execute(async (transaction) => {
          expect(await here.queue.take(transaction)).toBe(first.id);
          throw new Error('the process dies');
        });
      await expect(failing).rejects.toThrow('the process dies');
      expect(await take(there)).toBe(first.id);
    });

    it('gives up the place of a command that ends while it waits, and the others keep theirs', async () => {
      await emptyQueue();
      const [first, second, third] = [
        await accepted({ issueKey: 'DROP-1' }),
        await accepted({ issueKey: 'DROP-1' }),
        await accepted({ issueKey: 'DROP-1' }),
      ];
      expect(await take(here)).toBe(first.id);
      await settle(servicesOf(there), second.id, { status: 'cancelled' });
      expect(await take(here)).toBeUndefined();
      await settle(servicesOf(here), first.id, { status: 'done' });
      expect(await take(there)).toBe(third.id);
    });

    it('ends waiting commands while others are taken without anybody failing', async () => {
      await emptyQueue();
      for (let round = 0; round < 6; round++) {
        const commands = await Promise.all(
          times(12, (index) => accepted({ issueKey: `RACE-${round * 100 + index + 1}` })),
        );
        const begin = async (process: LedgerProcess) => {
          for (let again = true; again; ) {
            again = await process.database.kysely.transaction().execute(async (transaction) => {
              const id = await process.queue.take(transaction);
              if (id !== undefined) await moveCommand(transaction, id, 'preparing');
              return id !== undefined;
            });
          }
        };
        const drop = async (process: LedgerProcess, ids: string[]) => {
          for (const id of ids) await settle(servicesOf(process), id, { status: 'cancelled' });
        };
        const ids = commands.map(({ id }) => id);
        await Promise.all([begin(here), begin(there), drop(here, ids), drop(there, ids.toReversed())]);
        for (const id of ids) expect(await statusOf(id)).toBe('cancelled');
      }
      expect(await take(here)).toBeUndefined();
    });

    it('gives a command one end when its report comes while something else ends it', async () => {
      await emptyQueue();
      for (let round = 0; round < 10; round++) {
        const commands = await Promise.all(
          times(4, (index) => accepted({ issueKey: `BOTH-${round * 10 + index + 1}` })),
        );
        for (const command of commands) {
          await take(here);
          await insertRun(db(), command.id, jobOf(command));
          await claimRun(db(), command.id, claimBy());
          await moveCommand(db(), command.id, 'running');
        }
        const ends = await Promise.all(
          commands.map(async ({ id }) => {
            const row = await getCommand(db(), id);
            if (!row) throw new Error('no row');
            return Promise.all([
              settle(servicesOf(here), id, { status: 'failed' }),
              settleReport(servicesOf(there), row, 1, report()),
            ]);
          }),
        );
        for (const [index, [lost, reported]] of ends.entries()) {
          expect(lost !== reported).toBe(true);
          expect(await statusOf(commands[index]?.id ?? '')).toBe(reported ? 'done' : 'failed');
        }
      }
      expect(await take(there)).toBeUndefined();
    });
  });
}
