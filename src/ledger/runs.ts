import { sql } from 'kysely';
import type { KeptContext } from '../core/context.ts';
import type { Job } from '../core/job.ts';
import type { Progress, Report } from '../core/report.ts';
import { endStatuses } from '../core/status.ts';
import { storable } from '../core/storable.ts';
import type { WaitingFor } from '../core/waiting-for.ts';
import type { Db } from './commands.ts';
import { toJson } from './json.ts';
import type { RunRow } from './tables.ts';

/**
 * Keeps the plan of a run before it is dispatched; a second call of the same command changes nothing. `person` is whose
 * spending it counts for, as `authorize` names them.
 */
export async function insertRun(
  db: Db,
  commandId: string,
  job: Job,
  { kept, person }: { kept?: KeptContext | undefined; person?: string | undefined } = {},
): Promise<void> {
  await db
    .insertInto('runs')
    .values({
      command_id: commandId,
      job: toJson(job),
      context: kept === undefined ? null : toJson(kept),
      person: person === undefined ? null : storable(person),
      created_at: sql`now()`,
    })
    .onConflict((conflict) => conflict.column('command_id').doNothing())
    .execute();
}

export function getRun(db: Db, commandId: string): Promise<RunRow | undefined> {
  return db.selectFrom('runs').selectAll().where('command_id', '=', commandId).executeTakeFirst();
}

/**
 * Keeps where the run is, as the dispatcher answered. An empty id changes none that is known, an empty address or
 * branch nothing. How an earlier run ended is not how this one did.
 */
export async function keepRunReference(
  db: Db,
  commandId: string,
  run: { id: string; url: string; branch?: string },
): Promise<void> {
  await db
    .updateTable('runs')
    .set({
      run_id: run.id === '' ? sql<string>`coalesce(run_id, '')` : run.id,
      ...(run.id === ''
        ? {}
        : { conclusion: sql<string | null>`case when run_id in ('', ${run.id}) then conclusion end` }),
      ...(run.url ? { run_url: run.url } : {}),
      ...(run.branch ? { branch: run.branch } : {}),
    })
    .where('command_id', '=', commandId)
    .execute();
}

/**
 * Notes that a run was dispatched, once: the seconds since its command arrived, and undefined when that was noted before.
 * The time is that of the database.
 */
export async function noteDispatch(db: Db, commandId: string): Promise<number | undefined> {
  const row = await db
    .updateTable('runs')
    .from('commands')
    .set({ dispatched_at: sql<Date>`now()` })
    .where('runs.command_id', '=', commandId)
    .whereRef('commands.id', '=', 'runs.command_id')
    .where('runs.dispatched_at', 'is', null)
    .returning(sql<number>`extract(epoch from now() - commands.created_at)::float8`.as('seconds'))
    .executeTakeFirst();
  return row?.seconds;
}

/**
 * Lets exactly one run have the command: its fencing token, or undefined for every other one. Asked again by
 * the same claimant, whose first answer was lost, it says the same.
 */
export async function claimRun(
  db: Db,
  commandId: string,
  claim: { claimant: string; runUrl: string; runId?: string },
): Promise<number | undefined> {
  const row = await db
    .updateTable('runs')
    .set({
      fence: 1,
      claimant: claim.claimant,
      claimed_at: sql<Date>`coalesce(claimed_at, now())`,
      ...(claim.runUrl ? { run_url: claim.runUrl } : {}),
      ...(claim.runId ? { run_id: claim.runId } : {}),
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

/** A workflow run that GitHub says is over. */
export interface EndedRun {
  repositoryId: number;
  runId: string;
  conclusion: string;
  /** What its title says it is of: for the run of a dispatch whose answer did not name it. */
  commandId?: string | undefined;
}

/** Keeps how a run ended, and answers of which command it is; undefined when it is of no command of that repository that has no end yet. */
export async function keepConclusion(db: Db, ended: EndedRun): Promise<string | undefined> {
  const { commandId } = ended;
  const result = await db
    .updateTable('runs')
    .set({ conclusion: ended.conclusion, run_id: ended.runId })
    .where((where) =>
      where.or([
        where('run_id', '=', ended.runId),
        ...(commandId === undefined
          ? []
          : [
              where.and([
                where('command_id', '=', commandId),
                where.or([where('run_id', 'is', null), where('run_id', '=', '')]),
              ]),
            ]),
      ]),
    )
    .where('command_id', 'in', (query) =>
      query
        .selectFrom('commands')
        .select('id')
        .where('repository_id', '=', ended.repositoryId)
        .where('status', 'not in', endStatuses),
    )
    .returning('command_id')
    .executeTakeFirst();
  return result?.command_id;
}

/** Keeps what a run waits for that nobody has taken; false when people were told already, or it was taken meanwhile. */
export async function keepWaitingFor(db: Db, commandId: string, waitingFor: WaitingFor): Promise<boolean> {
  const result = await db
    .updateTable('runs')
    .set({ waiting_for: toJson(waitingFor) })
    .where('command_id', '=', commandId)
    .where('waiting_for', 'is', null)
    .where('claimed_at', 'is', null)
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
