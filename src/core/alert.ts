/** From best to worst. */
export const alertLevels = ['ok', 'warning', 'critical'] as const;
export type AlertLevel = (typeof alertLevels)[number];

/** 0 when all is well, 1 for a warning, 2 for what is critical. */
export function rankOf(level: AlertLevel): number {
  return alertLevels.indexOf(level);
}

/** What was thought of something at the last look. */
export interface AlertState {
  name: string;
  /** Which of those: a store, a repository, a runner; empty where there is one alone. */
  label: string;
  /** Whose it is; null for what concerns administrators alone. */
  repositoryId: number | null;
  level: AlertLevel;
  /** Null where nobody has heard of it for long. */
  value: number | null;
  /** What the value was held against: of its level, or of the level that was left. */
  threshold: number | null;
  /** When it came to its level. */
  since: Date;
  /** When something was last heard of it. */
  seenAt: Date;
  /** Since when it has failed, of what either fails or does not. */
  failingSince: Date | null;
  /** The level that it is about to come to, and how many looks in a row were for that. */
  pendingLevel: AlertLevel | null;
  pendingLooks: number;
}
