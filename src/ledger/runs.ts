import { sql } from 'kysely';
import type { KeptContext } from '../core/context.ts';
import type { Job } from '../core/job.ts';
import type { Progress, Report } from '../core/report.ts';
import type { Db } from './commands.ts';
import { toJson } from './json.ts';
import type { RunRow } from './tables.ts';

/** Keeps the plan of a run before it is dispatched; a second call of the same command changes nothing. */
export async function insertRun(db: Db, commandId: string, job: Job, kept?: KeptContext): Promise<void> {
  await db
    .insertInto('runs')
    .values({
      command_id: commandId,
      job: toJson(job),
      context: kept === undefined ? null : toJson(kept),
      created_at: sql`now()`,
    })
    .onConflict((conflict) => conflict.column('command_id').doNothing())
    .execute();
}

export function getRun(db: Db, commandId: string): Promise<RunRow | undefined> {
  return db.selectFrom('runs').selectAll().where('command_id', '=', commandId).executeTakeFirst();
}

/** Keeps where the run is, as the dispatcher answered: an empty id is kept, an empty address changes nothing. */
export async function keepRunReference(
  db: Db,
  commandId: string,
  run: { id: string; url: string },
): Promise<void> {
  await db
    .updateTable('runs')
    .set({ run_id: run.id, ...(run.url ? { run_url: run.url } : {}) })
    .where('command_id', '=', commandId)
    .execute();
}

/**
 * Lets exactly one run have the command: its fencing token, or undefined for every other one. Asked again by
 * the same claimant, whose first answer was lost, it says the same.
 */
export async function claimRun(
  db: Db,
  commandId: string,
  claim: { claimant: string; runUrl: string },
): Promise<number | undefined> {
  const row = await db
    .updateTable('runs')
    .set({
      fence: 1,
      claimant: claim.claimant,
      claimed_at: sql<Date>`coalesce(claimed_at, now())`,
      ...(claim.runUrl ? { run_url: claim.runUrl } : {}),
    })
    .where('command_id', '=', commandId)
    .where((where) => where.or([where('claimant', 'is', null), where('claimant', '=', claim.claimant)]))
    .returning('fence')
    .executeTakeFirst();
  return row?.fence;
}

/** Keeps a context in place of an earlier one; nothing happens when the fencing token is not the current one. */
export async function keepContext(
  db: Db,
  commandId: string,
  fence: number,
  context: KeptContext,
): Promise<void> {
  await db
    .updateTable('runs')
    .set({ context: toJson(context) })
    .where('command_id', '=', commandId)
    .where('fence', '=', fence)
    .execute();
}

/** Keeps the newest progress; false when the fencing token is not the current one. */
export async function keepProgress(
  db: Db,
  commandId: string,
  fence: number,
  progress: Progress,
): Promise<boolean> {
  const result = await db
    .updateTable('runs')
    .set({ progress: toJson(progress), progress_at: sql<Date>`now()` })
    .where('command_id', '=', commandId)
    .where('fence', '=', fence)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Keeps the report, in place of an earlier one; false when the fencing token is not the current one. */
export async function keepReport(db: Db, commandId: string, fence: number, report: Report): Promise<boolean> {
  const result = await db
    .updateTable('runs')
    .set({ report: toJson(report) })
    .where('command_id', '=', commandId)
    .where('fence', '=', fence)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
