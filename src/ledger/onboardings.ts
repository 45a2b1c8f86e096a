import { sql } from 'kysely';
import type { RepositoryRef } from '../core/command.ts';
import type { Scope } from '../core/viewer.ts';
import type { Db } from './commands.ts';
import { inScope } from './in-scope.ts';

/** Rows of one statement: a database takes at most 65,535 values at once. */
const rowsAtOnce = 5_000;

/** How many repositories may be written to within these times, by all processes together. */
export interface OnboardingPace {
  perMinute: number;
  perHour: number;
}

export interface TakenOnboarding {
  installationId: number;
  repository: RepositoryRef;
  /** How often it was taken by now since it became due. */
  attempts: number;
  /** Since when it is due, as the database writes it: whoever asks meanwhile changes that. */
  dueAt: string;
}

/** Has the onboarding of these repositories looked at, however often that was said before. */
export async function askForOnboarding(
  db: Db,
  installationId: number,
  repositories: readonly RepositoryRef[],
): Promise<void> {
  // A repository that is named twice would be changed twice by one statement, which databases refuse.
  const rows = [...new Map(repositories.map((one) => [one.id, one])).values()];
  for (let start = 0; start < rows.length; start += rowsAtOnce) {
    await db
      .insertInto('onboardings')
      .values(
        rows.slice(start, start + rowsAtOnce).map(({ id, owner, name }) => ({
          repository_id: id,
          installation_id: installationId,
          repository_owner: owner,
          repository_name: name,
          due_at: sql<Date>`now()`,
        })),
      )
      .onConflict((conflict) =>
        conflict.column('repository_id').doUpdateSet(({ ref }) => ({
          installation_id: ref('excluded.installation_id'),
          repository_owner: ref('excluded.repository_owner'),
          repository_name: ref('excluded.repository_name'),
          template: null,
          due_at: sql<Date>`now()`,
          attempts: 0,
        })),
      )
      .execute();
  }
}

/** Has all repositories of an installation looked at again: it may do something now that it might not before. */
export async function askForOnboardingAgain(db: Db, installationId: number): Promise<void> {
  await db
    .updateTable('onboardings')
    .set({ due_at: sql<Date>`now()`, attempts: 0 })
    .where('installation_id', '=', installationId)
    .execute();
}

/**
 * Has every repository looked at whose onboarding was done with another template; answers with how many these are.
 * For the start of a process: while processes with different templates run, each handles what it asked for.
 */
export async function askForTemplate(db: Db, template: string): Promise<number> {
  const { numUpdatedRows } = await db
    .updateTable('onboardings')
    .set({ template, due_at: sql<Date>`now()`, attempts: 0 })
    .where('template', 'is not', null)
    .where('template', '!=', template)
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

/**
 * Takes the next repository that is due, one at a time among all processes and no faster than the pace; undefined
 * when there is none or it is too early. What is not finished within the lease is taken again.
 */
export async function takeOnboarding(
  db: Db,
  template: string,
  { perMinute, perHour }: OnboardingPace,
  leaseSeconds: number,
): Promise<TakenOnboarding | undefined> {
  // Most looks find nothing, and those take no lock.
  const due = await db
    .selectFrom('onboardings')
    .select('repository_id')
    .where('due_at', '<=', sql<Date>`now()`)
    .limit(1)
    .executeTakeFirst();
  if (!due) return undefined;
  return db.transaction().execute(async (transaction) => {
    // Two that count the others at the same time would both find that there are none.
    await sql`select pg_advisory_xact_lock(hashtext('dexter-onboarding'))`.execute(transaction);
    const row = await transaction
      .updateTable('onboardings')
      .set({
        taken_until: sql<Date>`now() + make_interval(secs => ${leaseSeconds})`,
        attempts: sql<number>`attempts + 1`,
      })
      .where(sql<boolean>`repository_id = (
        select o.repository_id from onboardings as o
        where o.due_at <= now() and (o.template is null or o.template = ${template})
          and not exists (select from onboardings as t where t.taken_until > now())
          and (select count(*) from onboardings as w
            where w.wrote_at > now() - interval '1 minute') < ${perMinute}
          and (select count(*) from onboardings as w
            where w.wrote_at > now() - interval '1 hour') < ${perHour}
        order by o.due_at, o.repository_id
        limit 1)`)
      .returning(['installation_id', 'repository_id', 'repository_owner', 'repository_name', 'attempts'])
      // A Date would lose the microseconds.
      .returning(sql<string>`due_at::text`.as('due'))
      .executeTakeFirst();
    if (!row) return undefined;
    const repository = { id: row.repository_id, owner: row.repository_owner, name: row.repository_name };
    return {
      installationId: row.installation_id,
      repository,
      attempts: row.attempts,
      dueAt: row.due,
    };
  });
}

/**
 * Gives a repository back that was taken. It is due again after `againAfterSeconds`, or not at all; when somebody asked
 * for it meanwhile, as that says.
 */
export async function finishOnboarding(
  db: Db,
  { repository, dueAt }: Pick<TakenOnboarding, 'repository' | 'dueAt'>,
  {
    outcome,
    wrote,
    template,
    againAfterSeconds,
  }: { outcome: string; wrote: boolean; template: string; againAfterSeconds?: number },
): Promise<void> {
  const isAsWas = sql<boolean>`due_at = ${dueAt}::timestamptz`;
  const again =
    againAfterSeconds === undefined
      ? sql<null>`null`
      : sql<Date>`now() + make_interval(secs => ${againAfterSeconds})`;
  await db
    .updateTable('onboardings')
    .set({
      outcome,
      template: sql<string | null>`case when ${isAsWas} then ${template} else template end`,
      taken_until: null,
      due_at: sql<Date | null>`case when ${isAsWas} then ${again} else due_at end`,
      ...(wrote ? { wrote_at: sql<Date>`now()` } : {}),
    })
    .where('repository_id', '=', repository.id)
    .execute();
}

/** Names of the repositories that a viewer may see and that the app was installed on, for a list to choose from. */
export async function installedRepositories(db: Db, scope: Scope): Promise<string[]> {
  const rows = await db
    .selectFrom('onboardings')
    .select(['repository_owner', 'repository_name'])
    .orderBy('repository_owner')
    .orderBy('repository_name')
    .where(inScope(scope))
    .limit(mostListed)
    .execute();
  return rows.map(({ repository_owner: owner, repository_name: name }) => `${owner}/${name}`);
}

/** More are typed. */
const mostListed = 300;
