import type { Logger } from 'pino';
import { databaseTime } from '../ledger/alert-figures.ts';
import { alertStates, forgetAlerts, keepAlertStates } from '../ledger/alerts.ts';
import type { Lease } from '../ledger/leases.ts';
import { type AlertChange, type AlertRule, changesOf, evaluate } from './evaluate.ts';
import { figuresOf } from './figures-of.ts';
import { type SeeOptions, see } from './see.ts';
import { comparison, kindNamed } from './words.ts';

export interface LookOptions extends SeeOptions {
  rules: readonly AlertRule[];
  log: Logger;
}

/**
 * One look: what is seen now becomes what is thought, and each change is logged once. False when another process has
 * taken the lease meanwhile, in which case nothing is kept.
 */
export async function look(options: LookOptions, lease: Lease): Promise<boolean> {
  const { db, rules, log } = options;
  const now = await databaseTime(db);
  const figures = figuresOf(await see(options, now));
  const changes = await db.transaction().execute(async (transaction) => {
    if (!(await lease.hold(transaction))) return undefined;
    const earlier = await alertStates(transaction);
    const states = evaluate(rules, figures, earlier, now);
    if (states.length > 0) await keepAlertStates(transaction, states);
    await forgetAlerts(transaction);
    return changesOf(earlier, states);
  });
  for (const change of changes ?? []) logChange(log, change);
  return changes !== undefined;
}

const logLevels = { ok: 'info', warning: 'warn', critical: 'error' } as const;

function logChange(log: Logger, { from, to }: AlertChange): void {
  const { name, label, level, value, threshold, repositoryId, since } = to;
  const kind = kindNamed(name);
  log[logLevels[level]](
    {
      event: 'alert',
      // Not `name`, which is that of the logger.
      alert: name,
      label,
      from,
      to: level,
      value,
      threshold,
      since,
      ...(repositoryId === null ? {} : { repositoryId }),
      ...(kind && level !== 'ok' ? { whatToDo: kind.whatToDo } : {}),
    },
    [
      level === 'ok' ? 'alert is over' : `alert: ${level}`,
      kind?.title ?? name,
      ...(kind ? [comparison(kind, to) ?? 'nothing has been heard of it for long'] : []),
    ].join(': '),
  );
}
