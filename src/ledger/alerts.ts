import { sql } from 'kysely';
import type { AlertLevel, AlertState } from '../core/alert.ts';
import { storable } from '../core/storable.ts';
import type { Scope } from '../core/viewer.ts';
import type { Db } from './commands.ts';
import { inScope } from './in-scope.ts';

/** How long an alert that is over is still known of. */
const keptDays = 7;

export async function alertStates(db: Db): Promise<AlertState[]> {
  const rows = await db.selectFrom('alerts').selectAll().orderBy('name').orderBy('label').execute();
  return rows.map((row) => ({
    name: row.name,
    label: row.label,
    repositoryId: row.repository_id,
    level: row.level,
    value: row.value,
    threshold: row.threshold,
    since: row.since,
    seenAt: row.seen_at,
    failingSince: row.failing_since,
    pendingLevel: row.pending_level,
    pendingLooks: row.pending_looks,
  }));
}

/** Keeps what was thought at a look; what was posted of it stays as it is. */
export async function keepAlertStates(transaction: Db, states: readonly AlertState[]): Promise<void> {
  // In one order for everybody, and not more at once than a statement takes.
  const sorted = states.toSorted((one, other) =>
    `${one.name} ${one.label}` < `${other.name} ${other.label}` ? -1 : 1,
  );
  for (let start = 0; start < sorted.length; start += 1_000) {
    await transaction
      .insertInto('alerts')
      .values(
        sorted.slice(start, start + 1_000).map((state) => ({
          name: state.name,
          label: storable(state.label),
          repository_id: state.repositoryId,
          level: state.level,
          value: state.value,
          threshold: state.threshold,
          since: state.since,
          seen_at: state.seenAt,
          failing_since: state.failingSince,
          pending_level: state.pendingLevel,
          pending_looks: state.pendingLooks,
        })),
      )
      .onConflict((conflict) =>
        conflict.columns(['name', 'label']).doUpdateSet(({ ref }) => ({
          repository_id: ref('excluded.repository_id'),
          level: ref('excluded.level'),
          value: ref('excluded.value'),
          threshold: ref('excluded.threshold'),
          since: ref('excluded.since'),
          seen_at: ref('excluded.seen_at'),
          failing_since: ref('excluded.failing_since'),
          pending_level: ref('excluded.pending_level'),
          pending_looks: ref('excluded.pending_looks'),
        })),
      )
      .execute();
  }
}

/** Forgets what has been over for long and has been posted as such, or never was posted. */
export async function forgetAlerts(transaction: Db): Promise<void> {
  await transaction
    .deleteFrom('alerts')
    .where('level', '=', 'ok')
    .where('pending_level', 'is', null)
    .where('since', '<', sql<Date>`now() - make_interval(days => ${keptDays})`)
    .where(sql<boolean>`coalesce(posted_level, 'ok') = 'ok'`)
    .execute();
}

export interface ShownAlert {
  name: string;
  label: string;
  repositoryId: number | null;
  level: AlertLevel;
  value: number | null;
  threshold: number | null;
  since: Date;
}

const shown = ['name', 'label', 'repository_id', 'level', 'value', 'threshold', 'since'] as const;

/** Alerts that are not over, the worst first, of those the oldest. What belongs to no repository administrators see. */
export async function raisedAlerts(db: Db, scope: Scope): Promise<ShownAlert[]> {
  const rows = await db
    .selectFrom('alerts')
    .select(shown)
    .where('level', '!=', 'ok')
    .where(inScope(scope))
    .orderBy(sql`level = 'critical'`, 'desc')
    .orderBy('since')
    .orderBy('name')
    .orderBy('label')
    .execute();
  return rows.map(({ repository_id: repositoryId, ...row }) => ({ ...row, repositoryId }));
}

export interface UnpostedAlert extends ShownAlert {
  postedLevel: AlertLevel | null;
}

/** Alerts whose level is another one than was posted last, those first that changed first. */
export async function unpostedAlerts(db: Db): Promise<UnpostedAlert[]> {
  const rows = await db
    .selectFrom('alerts')
    .select(shown)
    .select('posted_level')
    .where(sql<boolean>`level <> coalesce(posted_level, 'ok')`)
    .orderBy('since')
    .orderBy('name')
    .orderBy('label')
    .execute();
  return rows.map(({ repository_id: repositoryId, posted_level: postedLevel, ...row }) => ({
    ...row,
    repositoryId,
    postedLevel,
  }));
}

/** Notes that a level was posted, unless another process has noted something meanwhile. */
export async function markPosted(
  db: Db,
  { name, label, level, postedLevel }: Pick<UnpostedAlert, 'name' | 'label' | 'level' | 'postedLevel'>,
): Promise<boolean> {
  const result = await db
    .updateTable('alerts')
    .set({ posted_level: level })
    .where('name', '=', name)
    .where('label', '=', label)
    .where(sql<boolean>`posted_level is not distinct from ${postedLevel}`)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
