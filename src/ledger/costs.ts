import { sql } from 'kysely';
import { actorKey } from '../core/command.ts';
import type { Job } from '../core/job.ts';
import { noUsage, type Report } from '../core/report.ts';
import { storable } from '../core/storable.ts';
import { type Db, repositoryOf } from './commands.ts';
import type { CommandRow } from './tables.ts';

/**
 * Keeps what a run cost, in the transaction that ends its command. Without a report the cost is unknown, and the run
 * is counted as such; a report that comes late takes the place of that.
 */
export async function keepRunCost(
  db: Db,
  row: CommandRow,
  job: Job,
  report: Report | undefined,
): Promise<void> {
  const repository = repositoryOf(row);
  if (row.installation_id === null || !repository || job.session.mode === 'forget') return;
  const { session, saving, usage = noUsage } = report ?? {};
  const model = session?.model ?? job.session.model;
  await db
    .insertInto('run_costs')
    .values({
      command_id: row.id,
      installation_id: row.installation_id,
      repository_id: repository.id,
      repository_owner: repository.owner,
      repository_name: repository.name,
      issue_key: row.issue_key,
      actor: storable(actorKey(row.actor)),
      model: model === undefined ? null : storable(model),
      choice: session?.resumption?.choice ?? (session?.mode === 'fresh' ? 'fresh' : null),
      outcome: report?.outcome ?? 'lost',
      cost_usd: report?.costUsd ?? null,
      input_tokens: usage.inputTokens,
      cache_read_tokens: usage.cacheReadTokens,
      cache_write_tokens: usage.cacheWriteTokens,
      cache_write_hour_tokens: usage.cacheWriteHourTokens ?? 0,
      output_tokens: usage.outputTokens,
      baseline_cost_usd: saving?.baselineCostUsd ?? null,
      estimated_cost_saved: saving?.estimatedCostSaved ?? null,
      estimated_tokens_saved: saving?.estimatedTokensSaved ?? null,
      ended_at: sql`now()`,
    })
    .onConflict((conflict) =>
      conflict
        .column('command_id')
        .doUpdateSet((kept) => ({
          model: kept.ref('excluded.model'),
          choice: kept.ref('excluded.choice'),
          outcome: kept.ref('excluded.outcome'),
          cost_usd: kept.ref('excluded.cost_usd'),
          input_tokens: kept.ref('excluded.input_tokens'),
          cache_read_tokens: kept.ref('excluded.cache_read_tokens'),
          cache_write_tokens: kept.ref('excluded.cache_write_tokens'),
          cache_write_hour_tokens: kept.ref('excluded.cache_write_hour_tokens'),
          output_tokens: kept.ref('excluded.output_tokens'),
          baseline_cost_usd: kept.ref('excluded.baseline_cost_usd'),
          estimated_cost_saved: kept.ref('excluded.estimated_cost_saved'),
          estimated_tokens_saved: kept.ref('excluded.estimated_tokens_saved'),
        }))
        .where('run_costs.outcome', '=', 'lost'),
    )
    .execute();
}
