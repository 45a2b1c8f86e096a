import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accounts, ticketKey } from '../../demo/story/ticket.ts';
import type { MeasureName } from '../../src/core/measure.ts';
import type { Report } from '../../src/core/report.ts';
import { type Database, openDatabase } from '../../src/ledger/database.ts';
import { gauges, sumMeasures } from '../../src/ledger/measures.ts';
import { resumed } from '../report/reports.ts';
import type { SharedDatabase } from './two-processes.ts';
import { goodReport, startWorld, type World } from './world.ts';

/** What the app counts of commands, runs and caches, in whatever database. */
export function counted(name: string, open: () => Promise<Pick<SharedDatabase, 'url' | 'close'>>): void {
  describe(`what is counted in ${name}`, () => {
    let served: Awaited<ReturnType<typeof open>>;
    let database: Database;
    let world: World;

    beforeAll(async () => {
      served = await open();
      world = await startWorld({ databaseUrl: served.url });
      database = await openDatabase({ url: served.url, directory: '' });
    });

    afterAll(async () => {
      await world?.close();
      await database?.close();
      await served?.close();
    });

    /** How often each was counted, by name and label, in all repositories. */
    async function counts(...names: MeasureName[]): Promise<Record<string, number>> {
      const sums = await sumMeasures(database.kysely, { names, scope: 'all' });
      return Object.fromEntries(sums.map(({ name, label, count }) => [`${name} ${label}`, count]));
    }

    /** What was counted between two looks. */
    function grown(before: Record<string, number>, after: Record<string, number>): Record<string, number> {
      const changes = Object.entries(after).map(([key, count]) => [key, count - (before[key] ?? 0)] as const);
      return Object.fromEntries(changes.filter(([, change]) => change !== 0));
    }

    /** The same without the context cache, which is counted a second later: that may be of another test. */
    function ofRuns(counts: Record<string, number>): Record<string, number> {
      return Object.fromEntries(Object.entries(counts).filter(([key]) => !key.endsWith(' context')));
    }

    /** A command on an issue of its own whose run a runner has claimed. */
    async function running(words = '@dexter work'): Promise<string> {
      const { data: issue } = await world.github
        .as('maria')
        .rest.issues.create({ owner: 'acme', repo: 'shop', title: 'Work', body: 'Please.' });
      await world.comment('maria', issue.number, words);
      const issueKey = `gh-${world.github.repository.id}-${issue.number}`;
      const { id } = await world.until(
        (one) => one.issueKey === issueKey && one.status === 'dispatched',
        'dispatched',
      );
      expect((await world.claim(id)).status).toBe(200);
      return id;
    }

    const ends = ['command_ended', 'run_duration'] as const;
    const caches = ['cache_hit', 'cache_miss', 'cache_read', 'cache_write', 'cache_write_failed'] as const;

    it('disturbs nothing that it is counted of when it cannot be kept', async () => {
      await sql`create function refuse_measures() returns trigger language plpgsql as
        'begin raise exception ''no room for %'', new.name; end'`.execute(database.kysely);
      await sql`create trigger refuse_measures before insert on measures for each row
        when (new.name in ('dispatch_latency', 'command_ended')) execute function refuse_measures()`.execute(
        database.kysely,
      );
      try {
        const before = await counts(...ends, 'dispatch_latency');
        const id = await running();
        expect((await world.report(id, 1, goodReport())).status).toBe(200);
        await world.until((one) => one.id === id && one.status === 'done' && one.told, 'told');
        const run = () =>
          database.kysely
            .selectFrom('runs')
            .select(['dispatched_at', 'run_id'])
            .where('command_id', '=', id)
            .executeTakeFirst();
        await expect.poll(async () => (await run())?.dispatched_at, { timeout: 30_000 }).not.toBeNull();
        // Nor the end that a person, and no report, makes.
        const stopped = await running();
        const issueKey = (await world.commands()).find((one) => one.id === stopped)?.issueKey ?? '';
        await world.comment('maria', Number(issueKey.split('-').at(-1)), '@dexter help');
        await world.until((one) => one.issueKey === issueKey && one.status === 'done' && one.told, 'told');
        expect(grown(before, await counts(...ends, 'dispatch_latency'))).toEqual({});
        expect((await world.report(stopped, 1, goodReport())).status).toBe(200);
      } finally {
        await sql`drop trigger refuse_measures on measures`.execute(database.kysely);
        await sql`drop function refuse_measures()`.execute(database.kysely);
      }
    });

    it('is the end of each run, how long it took and how long it waited, once, whoever tells it again', async () => {
      const before = await counts(...ends, 'dispatch_latency');
      const id = await running();
      expect((await world.report(id, 1, goodReport())).status).toBe(200);
      expect((await world.report(id, 1, goodReport())).status).toBe(200);
      // The dispatch is counted when its process is done with it, which a quick run does not wait for.
      await expect
        .poll(async () => grown(before, await counts(...ends, 'dispatch_latency')), { timeout: 30_000 })
        .toEqual({
          'command_ended github/done': 1,
          'run_duration github/done': 1,
          'dispatch_latency github': 1,
        });
      const [latency] = await sumMeasures(database.kysely, { names: ['dispatch_latency'], scope: 'all' });
      expect(latency?.sum).toBeGreaterThan(0);
      expect(latency?.buckets.reduce((sum, count) => sum + count, 0)).toBe(latency?.count);
      const elsewhere = { names: [...ends], scope: [world.github.repository.id + 1] };
      expect(await sumMeasures(database.kysely, elsewhere)).toEqual([]);
    });

    it.each([
      ['failed', { outcome: 'failed', problem: { code: 'engine-failed', message: 'no', hint: '' } }],
      ['cancelled', { outcome: 'cancelled' }],
    ] as const)('is a run that was %s', async (status, changes) => {
      const before = await counts(...ends);
      const id = await running();
      await world.report(id, 1, goodReport(changes));
      expect(grown(before, await counts(...ends))).toEqual({
        [`command_ended github/${status}`]: 1,
        [`run_duration github/${status}`]: 1,
      });
    });

    it('is what needs no run as well, and what is refused', async () => {
      const before = await counts(...ends);
      const known = new Set((await world.commands()).map(({ id }) => id));
      await world.jira.comment(accounts.maria, ticketKey, '@dexter status');
      await world.until((one) => !known.has(one.id) && one.status === 'done', 'answered');
      const { data: issue } = await world.github
        .as('maria')
        .rest.issues.create({ owner: 'acme', repo: 'shop', title: 'Secret', body: '' });
      await world.comment('guest', issue.number, '@dexter work');
      await world.until((one) => one.status === 'refused', 'refused');
      expect(grown(before, await counts(...ends))).toEqual({
        'command_ended jira/done': 1,
        'command_ended github/refused': 1,
      });
    });

    it('is a run that was lost, and nothing of the report that it sends after all', async () => {
      const before = await counts(...ends, ...caches);
      const id = await running();
      await database.kysely
        .updateTable('runs')
        .set({ conclusion: 'failure' })
        .where('command_id', '=', id)
        .execute();
      await world.until((one) => one.id === id && one.status === 'failed', 'lost');
      const late = await world.report(id, 1, goodReport({ store, mcp: [use] }));
      expect(late.status).toBe(409);
      expect(ofRuns(grown(before, await counts(...ends, ...caches)))).toEqual({
        'command_ended github/failed': 1,
        'run_duration github/failed': 1,
      });
    });

    const use = {
      server: 'wiki',
      calls: 5,
      savedCalls: 2,
      items: 3,
      bytes: 900,
      reads: { count: 5, sum: 0.25, buckets: [5] },
      writes: { count: 3, sum: 0.5, buckets: [3] },
    };
    const store: Report['store'] = {
      name: 's3',
      restore: { outcome: 'hit', durationMs: 800, bytes: 1_000 },
      save: { outcome: 'saved', durationMs: 1_500 },
    };
    const session = { ...goodReport().session, ...resumed.session, generation: 4 };

    it('is what the caches of a run did, with the generation that it left and where', async () => {
      const before = await counts(...caches, 'canary');
      const id = await running();
      const resumption = resumed.session?.resumption ?? expect.fail('was resumed');
      const report = goodReport({
        session: {
          ...(session as NonNullable<Report['session']>),
          resumption: { ...resumption, expectedCacheRead: 20_000 },
          canary: { expectedCacheRead: 20_000, cacheRead: 3_000, cause: 'flags' },
        },
        store,
        mcp: [use],
        workspace: { runner: 'runner\u202e 1', bytes: 2 ** 40, freeBytes: 2 ** 30 },
      });
      expect((await world.report(id, 1, report)).status).toBe(200);
      expect((await world.report(id, 1, report)).status).toBe(200);
      expect(ofRuns(grown(before, await counts(...caches, 'canary')))).toEqual({
        'cache_hit session/s3': 1,
        'cache_read session/s3': 1,
        'cache_write session/s3': 1,
        'cache_hit mcp': 2,
        'cache_miss mcp': 3,
        'cache_read mcp': 5,
        'cache_write mcp': 3,
        'cache_miss prompt': 1,
        'canary flags': 1,
      });
      const generation = await database.kysely
        .selectFrom('generations')
        .select(['generation', 'store'])
        .where('command_id', '=', id)
        .executeTakeFirst();
      expect(generation).toEqual({ generation: 4, store: 's3' });
      expect(await gauges(database.kysely, 'workspace_bytes')).toMatchObject([
        { label: 'acme/runner 1', value: 2 ** 40 },
      ]);
      expect(await gauges(database.kysely, 'mcp_bytes')).toMatchObject([
        { label: String(world.github.repository.id), value: 900 },
      ]);
    });

    it('is how often the context cache answered, and outlives the app', async () => {
      const asked = async () => {
        await world.jira.comment(accounts.maria, ticketKey, '@dexter implement this');
        const { id } = await world.until(
          (one) => one.issueKey === ticketKey && one.status === 'dispatched',
          'dispatched',
        );
        await world.claim(id);
        await world.report(id, 1, goodReport());
      };
      const inContext = async () => {
        const all = await counts('cache_hit', 'cache_miss', 'cache_read', 'cache_write');
        return Object.fromEntries(Object.entries(all).filter(([key]) => key.endsWith(' context')));
      };
      await asked();
      await expect.poll(inContext, { timeout: 30_000 }).toHaveProperty(['cache_write context']);
      await expect
        .poll(async () => (await gauges(database.kysely, 'context_items')).length, { timeout: 30_000 })
        .toBe(1);
      // What was counted in the last second is written at the end; the memory is gone with the process.
      await world.restart(undefined);
      const before = await inContext();
      const endsBefore = await counts(...ends);
      await asked();
      await world.restart(undefined);
      const after = await inContext();
      // The comments of the first run changed the ticket meanwhile.
      expect(grown(before, after)).toMatchObject({
        'cache_miss context': 1,
        'cache_write context': expect.any(Number),
      });
      expect(grown(endsBefore, await counts(...ends))).toEqual({
        'command_ended jira/done': 1,
        'run_duration jira/done': 1,
      });
    });
  });
}
