/** When sessions are forgotten without anybody asking, in days. */
export interface RetentionRules {
  /** After the ticket was closed. */
  afterCloseDays: number | 'never';
  /** After the last run. */
  maxAgeDays: number | 'never';
  /** Pause between two looks at the sessions; an hour unless a test is in a hurry. */
  everyMs?: number;
}

export interface SessionAge {
  /** Days since the session was last used. */
  unusedDays: number;
  /** Days since the ticket was closed; absent while it is open, or when nobody can tell. */
  closedDays?: number;
}

/**
 * Why a session is due to be forgotten, or undefined. One that was used after its ticket was closed is kept for as
 * long again.
 */
export function reasonToForget(
  { unusedDays, closedDays }: SessionAge,
  { afterCloseDays, maxAgeDays }: RetentionRules,
): 'unused' | 'closed' | undefined {
  if (maxAgeDays !== 'never' && unusedDays >= maxAgeDays) return 'unused';
  if (afterCloseDays === 'never' || closedDays === undefined) return undefined;
  return Math.min(unusedDays, closedDays) >= afterCloseDays ? 'closed' : undefined;
}

/** Days without use from which on a session may be due, whatever its ticket says; undefined when none ever is. */
export function earliestDays({ afterCloseDays, maxAgeDays }: RetentionRules): number | undefined {
  const days = [afterCloseDays, maxAgeDays].filter((limit) => limit !== 'never');
  return days.length === 0 ? undefined : Math.min(...days);
}
