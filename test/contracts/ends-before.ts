import { randomUUID } from 'node:crypto';
import { Kysely, Migrator, PostgresDialect, type PostgresPool } from 'kysely';
import { expect, it } from 'vitest';
import type { Origin } from '../../src/core/command.ts';
import type { CommandStatus } from '../../src/core/status.ts';
import { insertCommand } from '../../src/ledger/commands.ts';
import { costsByDay } from '../../src/ledger/daily-figures.ts';
import { measuresByHour } from '../../src/ledger/measures.ts';
import { migrations } from '../../src/ledger/migrations.ts';
import type { Tables } from '../../src/ledger/tables.ts';

const repository = { id: 2 ** 31 + 7, owner: 'acme', name: 'shop' };
const comment: Origin = {
  kind: 'github-comment',
  installationId: 5,
  repository,
  number: 1,
  commentId: 1,
};
const label: Origin = { kind: 'jira-label', connection: 'acme', issueKey: 'SHOP-1', label: 'dexter' };

/** What the migration makes of commands that a version without measures ended, in an empty database. */
export function endsBefore(name: string, open: () => Promise<PostgresPool>): void {
  it(`how commands ended and what they cost before anything was counted is counted in ${name}`, async () => {
    const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: await open() }) });
    try {
      const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
      expect((await migrator.migrateTo('0006-budgets')).error).toBeUndefined();
      const past: [Origin, CommandStatus, string | null, boolean][] = [
        [comment, 'done', '2026-05-04T03:02:01Z', true],
        [comment, 'done', '2026-05-04T03:59:59Z', true],
        [comment, 'done', '2026-05-04T04:00:00Z', true],
        [comment, 'refused', '2026-05-04T03:00:00Z', false],
        [label, 'failed', '2026-05-04T03:00:00Z', true],
        [{ kind: 'retention' }, 'done', '2026-05-04T03:00:00Z', true],
        [comment, 'running', null, true],
      ];
      for (const [origin, status, endedAt, isPlaced] of past) {
        const id = randomUUID();
        await insertCommand(db, {
          id,
          dedupeKey: id,
          origin,
          actor: { from: 'dexter' },
          issueKey: 'SHOP-1',
          queueKey: 'SHOP-1',
          ...(isPlaced ? { installationId: 5, repository } : {}),
          claimedText: null,
        });
        await db.updateTable('commands').set({ status, ended_at: endedAt }).where('id', '=', id).execute();
      }
      const [first, second] = await db.selectFrom('commands').select('id').limit(2).execute();
      for (const [command, usd] of [
        [first, 0.5],
        [second, 0.25],
      ] as const)
        await db
          .insertInto('run_costs')
          .values({
            command_id: command?.id ?? '',
            installation_id: 5,
            repository_id: repository.id,
            repository_owner: 'acme',
            repository_name: 'shop',
            issue_key: 'SHOP-1',
            actor: 'github:1',
            outcome: 'done',
            cost_usd: usd,
            baseline_cost_usd: 2,
            estimated_cost_saved: 1,
            ended_at: '2026-05-04T03:02:01Z',
          })
          .execute();
      expect((await migrator.migrateToLatest()).error).toBeUndefined();
      expect(await costsByDay(db, { scope: [repository.id], since: new Date('2026-05-04') })).toEqual([
        {
          day: '2026-05-04',
          runs: 2,
          unknownRuns: 0,
          costUsd: 0.75,
          savedUsd: 2,
          comparedRuns: 2,
          baselineUsd: 4,
        },
      ]);
      const counted = async (scope: 'all' | number[]) =>
        (await measuresByHour(db, { scope })).map(
          (hour) => `${hour.hour.toISOString().slice(11, 16)} ${hour.name} ${hour.label} ${hour.count}`,
        );
      expect(await counted('all')).toEqual([
        '03:00 command_ended dexter/done 1',
        '03:00 command_ended github/done 2',
        '03:00 command_ended github/refused 1',
        '03:00 command_ended jira/failed 1',
        '04:00 command_ended github/done 1',
      ]);
      expect(await counted([repository.id])).not.toContain('03:00 command_ended github/refused 1');
    } finally {
      await db.destroy();
    }
  });
}
