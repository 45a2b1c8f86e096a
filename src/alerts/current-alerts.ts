import type { Scope } from '../core/viewer.ts';
import { raisedAlerts, type ShownAlert } from '../ledger/alerts.ts';
import type { Db } from '../ledger/commands.ts';
import { comparison, kindNamed } from './words.ts';

/** An alert as people are shown it. The label is text from outside: of a runner, a repository, a person. */
export interface CurrentAlert extends Omit<ShownAlert, 'level'> {
  level: 'warning' | 'critical';
  title: string;
  meaning: string;
  whatToDo: string;
  /** `43 % (warning: below 50 %)`. */
  comparison: string;
}

/**
 * The alerts that are not over, the worst first, of those the oldest: those of the repositories of the scope, and for
 * administrators (`all`) those of the whole app too.
 */
export async function currentAlerts(db: Db, scope: Scope): Promise<CurrentAlert[]> {
  const alerts = await raisedAlerts(db, scope);
  return alerts.flatMap((alert) => {
    const { level } = alert;
    const kind = kindNamed(alert.name);
    if (!kind || level === 'ok') return [];
    const { title, meaning, whatToDo } = kind;
    return [{ ...alert, level, title, meaning, whatToDo, comparison: comparison(kind, alert) ?? '' }];
  });
}
