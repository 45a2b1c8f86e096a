import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IssueKey } from '../../src/core/issue-key.ts';
import type { Dispatcher, RunRef } from '../../src/dispatch/dispatcher.ts';
import { acceptCommand } from '../../src/jobs/accept.ts';
import { endVanished, reconcile } from '../../src/jobs/reconcile.ts';
import type { Services } from '../../src/jobs/services.ts';
import { getCommand, leaseCommand, moveCommand } from '../../src/ledger/commands.ts';
import { type Database, openDatabase } from '../../src/ledger/database.ts';
import { claimRun, getRun, insertRun, keepRunReference } from '../../src/ledger/runs.ts';
import { openQueue, type Queue } from '../../src/queue/queue.ts';
import { dispatchRequest } from '../fakes/dispatch-request.ts';

const url = 'https://github.example/acme/shop/actions/runs/77';
const longAgo = 0;
const neverStopping = new AbortController().signal;

let database: Database;
let queue: Queue;
let count = 0;

beforeAll(async () => {
  database = await openDatabase({ directory: 'memory://' });
  queue = await openQueue(database, (error) => {
    throw error;
  });
});

afterAll(async () => {
  await queue?.stop();
  await database?.close();
});

/** GitHub with one run, and what was asked of it. */
function github(find: () => Promise<RunRef | undefined>) {
  const asked: string[] = [];
  const dispatcher: Dispatcher = {
    async dispatch() {
      asked.push('dispatch');
      return { id: '78', url };
    },
    async find() {
      asked.push('find');
      return find();
    },
    async cancel(_request, { id }) {
      asked.push(`cancel ${id}`);
    },
    async waitsFor() {
      asked.push('waitsFor');
      return undefined;
    },
  };
  return { asked, dispatcher };
}

function servicesWith(dispatcher: Dispatcher): Services {
  const services: Partial<Services> = {
    db: database.kysely,
    queue,
    log: pino({ level: 'silent' }),
    wake: () => undefined,
    runnerNoticeMs: 600_000,
    holds: new Set(),
    dispatcher,
  };
  return services as Services;
}

/** A command whose run was dispatched and whose lease is over, and another one of the same issue that waits. */
async function lost(dispatcher: Dispatcher, status: 'dispatched' | 'running') {
  count += 1;
  const services = servicesWith(dispatcher);
  const repository = { id: 22, owner: 'acme', name: 'shop' };
  const [id, next] = [randomUUID(), randomUUID()];
  for (const one of [id, next]) {
    await acceptCommand(services, {
      id: one,
      dedupeKey: one,
      origin: { kind: 'github-comment', installationId: 11, repository, number: count, commentId: 2 },
      actor: { from: 'github', id: 3, login: 'maria', type: 'User' },
      issueKey: `DX-${count}`,
      queueKey: `DX-${count}`,
      installationId: 11,
      repository,
      claimedText: '@dexter go',
    });
  }
  const { job } = dispatchRequest('https://dexter.example');
  await database.kysely.transaction().execute(async (transaction) => {
    expect(await queue.take(transaction)).toBe(id);
    await insertRun(transaction, id, { ...job, commandId: id, issueKey: IssueKey.parse(`DX-${count}`) });
    await keepRunReference(transaction, id, { id: '77', url, branch: 'main' });
    await moveCommand(transaction, id, status);
    if (status === 'running') await claimRun(transaction, id, { claimant: randomUUID(), runUrl: url });
    await leaseCommand(transaction, id, -1);
  });
  return {
    id,
    look: () => reconcile(services, longAgo, neverStopping),
    command: async () => getCommand(database.kysely, id),
    /** Ends both, and says whether the second one was free. */
    async isNextFree(): Promise<boolean> {
      return database.kysely.transaction().execute(async (transaction) => {
        const taken = await queue.take(transaction);
        await queue.release(transaction, id);
        await queue.release(transaction, next);
        return taken === next;
      });
    },
  };
}

describe('a run that is not heard any more', () => {
  it.each<[string, () => Promise<RunRef | undefined>, string, RegExp, string[]]>([
    [
      'goes on, for all that GitHub knows',
      async () => ({ id: '77', url }),
      'failed',
      /stopped answering/,
      ['find', 'cancel 77'],
    ],
    [
      'was cancelled',
      async () => ({ id: '77', url, ended: 'cancelled' }),
      'cancelled',
      /cancelled on GitHub while it worked/,
      ['find'],
    ],
    [
      'failed',
      async () => ({ id: '77', url, ended: 'failure' }),
      'failed',
      /failed while it worked/,
      ['find'],
    ],
    [
      'was deleted',
      async () => ({ id: '77', url: '', ended: 'deleted' }),
      'failed',
      /deleted while it worked/,
      ['find'],
    ],
    ['is known to nobody', async () => undefined, 'failed', /stopped answering/, ['find']],
    [
      'cannot be looked up',
      async () => {
        throw new Error('GitHub is down');
      },
      'failed',
      /stopped answering/,
      ['find'],
    ],
  ])('and %s ends its command and frees the issue', async (_what, find, status, message, calls) => {
    const { asked, dispatcher } = github(find);
    const { look, command, isNextFree } = await lost(dispatcher, 'running');
    await look();
    const row = await command();
    expect(row).toMatchObject({ status, problem: { message: expect.stringMatching(message) } });
    expect(row?.problem?.message).toContain('What it did since its last save is lost.');
    expect(row?.problem?.message).toContain(url);
    expect(asked).toEqual(calls);
    await look();
    expect((await command())?.ended_at).toEqual(row?.ended_at);
    expect(await isNextFree()).toBe(true);
  });

  it('goes on when it is heard again while it is looked up', async () => {
    let beat: () => Promise<void> = async () => undefined;
    const { asked, dispatcher } = github(async () => {
      await beat();
      return { id: '77', url };
    });
    const { id, look, command, isNextFree } = await lost(dispatcher, 'running');
    beat = async () => {
      await leaseCommand(database.kysely, id, 60);
    };
    await look();
    expect((await command())?.status).toBe('running');
    expect(asked).toEqual(['find']);
    expect(await isNextFree()).toBe(false);
    await database.kysely.updateTable('commands').set({ status: 'done' }).where('id', '=', id).execute();
  });

  it('is ended and cancelled by one of several that look', async () => {
    const both = Promise.withResolvers<void>();
    const { asked, dispatcher } = github(async () => {
      if (asked.length === 2) both.resolve();
      await both.promise;
      return { id: '77', url };
    });
    const { look, command, isNextFree } = await lost(dispatcher, 'running');
    await Promise.all([look(), look()]);
    expect(asked).toEqual(['find', 'find', 'cancel 77']);
    expect((await command())?.status).toBe('failed');
    expect(await isNextFree()).toBe(true);
  });

  it('keeps its command for a moment after the app was away itself', async () => {
    const { asked, dispatcher } = github(async () => undefined);
    const { command, isNextFree } = await lost(dispatcher, 'running');
    await reconcile(servicesWith(dispatcher), Date.now(), neverStopping);
    expect((await command())?.status).toBe('running');
    expect(asked).toEqual([]);
    await reconcile(servicesWith(dispatcher), longAgo, neverStopping);
    expect((await command())?.status).toBe('failed');
    expect(await isNextFree()).toBe(true);
  });
});

describe('a run that is over, as GitHub said', () => {
  it('is ended also when another one cannot be', async () => {
    const { dispatcher } = github(async () => undefined);
    const first = await lost(dispatcher, 'running');
    const second = await lost(dispatcher, 'running');
    await database.kysely
      .updateTable('runs')
      .set({ conclusion: 'failure' })
      .where('command_id', 'in', [first.id, second.id])
      .execute();
    const release: Queue['release'] = async (transaction, id) => {
      if (id === first.id) throw new Error('the queue is down');
      await queue.release(transaction, id);
    };
    const services = servicesWith(dispatcher);
    await endVanished({ ...services, queue: { ...queue, release } });
    expect((await first.command())?.status).toBe('running');
    expect((await second.command())?.status).toBe('failed');
    await endVanished(services);
    expect((await first.command())?.status).toBe('failed');
    for (const { isNextFree } of [first, second]) expect(await isNextFree()).toBe(true);
  });
});

describe('a run that no runner took', () => {
  it('waits on, and is looked at again', async () => {
    const { asked, dispatcher } = github(async () => ({ id: '77', url }));
    const { id, look, command, isNextFree } = await lost(dispatcher, 'dispatched');
    await look();
    const row = await command();
    expect(row?.status).toBe('dispatched');
    expect(row?.lease_until?.getTime()).toBeGreaterThan(Date.now() - 60_000);
    expect(asked).toEqual(['find']);
    expect((await getRun(database.kysely, id))?.waiting_for).toBeNull();
    expect(await isNextFree()).toBe(false);
    await database.kysely.updateTable('commands').set({ status: 'done' }).where('id', '=', id).execute();
  });

  it('is given up after a day, and taken from GitHub', async () => {
    const { asked, dispatcher } = github(async () => ({ id: '77', url }));
    const { id, look, command, isNextFree } = await lost(dispatcher, 'dispatched');
    await database.kysely
      .updateTable('runs')
      .set({ created_at: sql`now() - interval '25 hours'` })
      .where('command_id', '=', id)
      .execute();
    await look();
    expect(await command()).toMatchObject({
      status: 'failed',
      problem: {
        code: 'no-runner',
        message: expect.stringContaining('No runner took the run for 24 hours.'),
      },
    });
    expect(asked).toEqual(['find', 'cancel 77']);
    expect(await isNextFree()).toBe(true);
  });
});
