import { z } from 'zod';

/** What a budget is for. A day and a month are those of UTC. */
export const BudgetScope = z.enum(['run', 'issue', 'personPerDay', 'repositoryPerMonth']);
export type BudgetScope = z.infer<typeof BudgetScope>;

/**
 * Who has set it: whoever gave the command (`--max-budget`), the repository (`.github/dexter.yml`), the administrator of
 * Dexter (`dexter.yml`), or nobody: then it is Dexter's own.
 */
export const BudgetSource = z.enum(['command', 'repository', 'app', 'default']);
export type BudgetSource = z.infer<typeof BudgetSource>;

/** A budget that holds for a run. */
export const RunBudget = z.object({
  scope: BudgetScope,
  setBy: BudgetSource,
  /** US dollars, spent ones included. */
  limitUsd: z.number().nonnegative(),
});
export type RunBudget = z.infer<typeof RunBudget>;

const most = 1_000_000;
const amount = `an amount of US dollars from 0 to ${most}, such as 20`;

/** US dollars that may be spent, wherever somebody says so; with 0 nothing is begun. */
export const BudgetAmount = z.number(amount).min(0, amount).max(most, amount);

/** What has been spent of something, and what runs that have not ended yet may still spend of it. US dollars. */
export interface Amounts {
  spentUsd: number;
  heldUsd: number;
}

/** A budget with what became of it. */
export type BudgetBalance = RunBudget & Amounts;

/** A run is not begun with less than this, in US dollars: it could not even ask once. */
export const leastRunUsd = 0.01;

/** US dollars that are left, never less than 0, without the noise of adding fractions. */
export function leftOf({ limitUsd, spentUsd, heldUsd }: BudgetBalance): number {
  return Math.max(0, Math.round((limitUsd - spentUsd - heldUsd) * 1e6) / 1e6);
}
