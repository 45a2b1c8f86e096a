import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { measureLedger } from '../../../src/cli/estimate/measure-ledger.ts';
import { noUsage, type Report } from '../../../src/core/report.ts';
import { insertCommand } from '../../../src/ledger/commands.ts';
import { type Database, openDatabase } from '../../../src/ledger/database.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';
import { dexterIn } from '../dexter-process.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeEach(async () => {
  place = await temporaryDirectory();
});

afterEach(() => place.remove());

const environment = () => ({ DEXTER_DATA: join(place.path, 'data') });

const open = () => openDatabase({ directory: join(place.path, 'data', 'database') });

function reportOf(changes: Partial<Report> = {}): Report {
  return {
    outcome: 'done',
    summary: 'Done.',
    session: {
      id: randomUUID(),
      mode: 'fresh',
      generation: 1,
      bytes: 3_000_000,
      contextTokens: 105_000,
      engineVersion: '2.1.330',
      model: 'claude-opus-4-5-20251101',
    },
    usage: { ...noUsage, cacheReadTokens: 900_000, cacheWriteTokens: 100_000, outputTokens: 4000 },
    costUsd: 1.2,
    turns: 24,
    durationMs: 240_000,
    commits: [],
    denials: [],
    notices: [],
    ...changes,
  };
}

/** A command that ran from one time to another; without a report its runner was lost. */
async function ran(
  { kysely }: Database,
  { issueKey, from, to, report }: { issueKey: string; from: string; to: string; report: Report | null },
): Promise<void> {
  const id = randomUUID();
  await insertCommand(kysely, {
    id,
    dedupeKey: id,
    origin: { kind: 'jira-comment', connection: 'acme', issueKey, commentId: '1' },
    actor: { from: 'jira', accountId: '1', displayName: 'Maria' },
    issueKey,
    queueKey: issueKey,
    installationId: 1,
    repository: { id: 2, owner: 'acme', name: 'shop' },
    claimedText: null,
  });
  await kysely
    .updateTable('commands')
    .set({ status: 'done', created_at: from, started_at: from, ended_at: to })
    .where('id', '=', id)
    .execute();
  await kysely
    .insertInto('runs')
    .values({
      command_id: id,
      job: '{}',
      claimed_at: from,
      report: report && JSON.stringify(report),
      created_at: from,
    })
    .execute();
}

const resumed = (generation: number) => {
  const { session } = reportOf();
  if (!session) throw new Error('no session');
  return reportOf({ session: { ...session, mode: 'resume', generation }, turns: 6 });
};

/** One whose output holds that of a compaction, which the estimate reckons apart. */
const summedUp = () => {
  const { session, usage } = reportOf();
  if (!session) throw new Error('no session');
  const compaction = { contextTokens: 8000, costUsd: 0.1, outputTokens: 2500, durationMs: 9000 };
  return reportOf({
    session: { ...session, compaction: { outcome: 'compacted', ...compaction } },
    usage: { ...usage, outputTokens: 6500 },
  });
};

describe('dexter estimate --from-ledger', () => {
  it('reckons with what the runs of the app came to', async () => {
    const database = await open();
    try {
      const day = '2026-10-01T';
      await ran(database, {
        issueKey: 'T-1',
        from: `${day}09:00:00Z`,
        to: `${day}09:05:00Z`,
        report: reportOf(),
      });
      await ran(database, {
        issueKey: 'T-1',
        from: `${day}09:07:00Z`,
        to: `${day}09:09:00Z`,
        report: resumed(2),
      });
      await ran(database, {
        issueKey: 'T-1',
        from: '2026-10-02T09:09:00Z',
        to: '2026-10-02T09:10:00Z',
        report: resumed(3),
      });
      await ran(database, {
        issueKey: 'T-2',
        from: '2026-10-11T09:00:00Z',
        to: '2026-10-11T09:00:00Z',
        report: summedUp(),
      });
      // Neither asked the model for anything.
      await ran(database, { issueKey: 'T-3', from: `${day}10:00:00Z`, to: `${day}10:05:00Z`, report: null });
      await ran(database, {
        issueKey: 'T-4',
        from: `${day}10:00:00Z`,
        to: `${day}10:05:00Z`,
        report: reportOf({ usage: noUsage }),
      });
    } finally {
      await database.close();
    }

    const { code, stdout, stderr } = await dexterIn(
      place.path,
      ['estimate', '--from-ledger', '--json', '--scale', '2'],
      environment(),
    );
    expect(stderr).toContain('That is little to go by (2 tickets, 2 follow-ups, 10 days)');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      measured: { tickets: 2, runs: 4, days: 10 },
      prices: { model: 'claude-opus-4-5' },
      parameters: {
        tickets: 6,
        followUps: 1,
        gaps: [
          { seconds: 120, share: 0.5 },
          { seconds: 86_400, share: 0.5 },
        ],
        taskTokens: 97_240,
        archiveMb: 3,
        firstRequests: 24,
        requests: 6,
        outputTokens: 4000,
        scale: 2,
      },
    });
  });

  it('says that there is no run yet', async () => {
    await (await open()).close();
    await expect(measureLedger(environment())).rejects.toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining('no run yet'),
    });
  });

  it('says that there is no ledger, and makes none', async () => {
    const { code, stdout, stderr } = await dexterIn(place.path, ['estimate', '--from-ledger'], environment());
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`There is no ledger in ${join(place.path, 'data', 'database')}.`);
    await expect(measureLedger(environment())).rejects.toMatchObject({ code: 'config-invalid' });
  });

  it('says that the app is using it', async () => {
    const database = await open();
    try {
      await expect(measureLedger(environment())).rejects.toMatchObject({
        code: 'config-invalid',
        message: expect.stringContaining('in use by the app'),
        hint: expect.stringContaining('Stop the app'),
      });
    } finally {
      await database.close();
    }
  });

  it('tells wrong usage from a wrong value by the exit code, and needs no configuration', async () => {
    const dexter = (...args: string[]) => dexterIn(place.path, ['estimate', ...args], {});
    expect(await dexter('--tickets', '-5')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('--tickets must be a whole number'),
    });
    expect((await dexter('--nonsense')).code).toBe(2);
    expect(await dexter('--help')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('--gaps <times>'),
    });
    const [usual, withNote] = [await dexter(), await dexter('--note')];
    expect(usual).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^In short/) });
    expect(withNote).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('$157.20') });
  });
});
