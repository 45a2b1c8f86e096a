import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Actor } from '../../src/core/command.ts';
import type { Job } from '../../src/core/job.ts';
import type { Report } from '../../src/core/report.ts';
import { insertCommand } from '../../src/ledger/commands.ts';
import type { Database } from '../../src/ledger/database.ts';
import { migrations } from '../../src/ledger/migrations.ts';
import { claimRun, insertRun, keepReport } from '../../src/ledger/runs.ts';

const maria: Actor = { from: 'github', id: 2 ** 31 + 1, login: 'maria', type: 'User' };
const tom: Actor = { from: 'jira', accountId: '557058:ab', displayName: 'Tom' };
const shop = { id: 2 ** 31 + 7, owner: 'acme', name: 'shop' };

interface Past {
  issueKey?: string;
  actor?: Actor;
  mode?: Job['session']['mode'];
  isClaimed?: boolean;
  report?: Partial<Report>;
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
      await insertRun(kysely, id, {
        commandId: id,
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
      });
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

    it('take in what the reports of an earlier version said', async () => {
      const session = { id: randomUUID(), generation: 1, bytes: 1, contextTokens: 1, engineVersion: '1' };
      const fresh = await past({ report: { session: { ...session, mode: 'fresh', model: 'told' } } });
      const unpriced = await past({ actor: tom, report: { outcome: 'failed', costUsd: null } });
      const lost = await past({});
      await past({ isClaimed: false });
      await past({ mode: 'forget', report: {} });
      await sql`drop table run_costs`.execute(database.kysely);
      await migrations['0005-costs']?.up(database.kysely);
      const rows = await database.kysely.selectFrom('run_costs').selectAll().execute();
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
  });
}
