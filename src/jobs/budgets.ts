import type { RepositoryConfig } from '../commands/repository-config.ts';
import type { AppBudgets } from '../config.ts';
import {
  type Amounts,
  type BudgetBalance,
  type BudgetScope,
  type BudgetSource,
  leastRunUsd,
  leftOf,
  type RunBudget,
} from '../core/budget.ts';
import type { CommandFlags, RepositoryRef } from '../core/command.ts';
import type { SessionRequest } from '../core/job.ts';
import type { Spending } from '../ledger/spending.ts';

/**
 * Most that one run gets, in US dollars, of a budget that several issues share when nobody has said what a run may cost:
 * with all that is left held for one run, every other one would be refused until it has ended.
 */
export const mostOfShared = 10;

export interface BudgetSettings {
  flags: CommandFlags;
  config: RepositoryConfig;
  app: AppBudgets;
  repository: RepositoryRef;
}

/** All budgets that hold for a run. A repository and a command can only add to those of the app, and so lower them. */
export function budgetsFor({ flags, config, app, repository }: BudgetSettings): RunBudget[] {
  const { repositories, ...forAll } = app;
  const fullName = `${repository.owner}/${repository.name}`.toLowerCase();
  const own = Object.entries(repositories).find(([name]) => name.toLowerCase() === fullName)?.[1];
  const ofApp = { ...forAll, ...own };
  const ofRepository = config.budgets ?? {};
  const shared = (scope: Exclude<BudgetScope, 'run'>) => [
    ...budget(scope, 'repository', ofRepository[scope]),
    ...budget(scope, 'app', ofApp[scope]),
  ];
  const ofRun = [
    ...budget('run', 'command', flags.maxBudget),
    ...budget('run', 'repository', config.maxBudget),
    ...budget('run', 'app', ofApp.run),
  ];
  const ofOthers = [...shared('personPerDay'), ...shared('repositoryPerMonth')];
  const isUnbounded = ofOthers.length > 0 && ofRun.length === 0;
  return [...(isUnbounded ? budget('run', 'default', mostOfShared) : ofRun), ...shared('issue'), ...ofOthers];
}

function budget(scope: BudgetScope, setBy: BudgetSource, limitUsd: number | undefined): RunBudget[] {
  return limitUsd === undefined ? [] : [{ scope, setBy, limitUsd }];
}

/** What became of each budget. One that a repository sets counts what is spent in that repository. */
export function balancesOf(budgets: readonly RunBudget[], spending: Spending | undefined): BudgetBalance[] {
  return budgets.map((one) => ({ ...one, ...amountsOf(one, spending) }));
}

function amountsOf({ scope, setBy }: RunBudget, spending: Spending | undefined): Amounts {
  if (scope === 'run' || spending === undefined) return { spentUsd: 0, heldUsd: 0 };
  if (scope === 'repositoryPerMonth') return spending.repository;
  if (scope === 'issue') return setBy === 'repository' ? spending.issueHere : spending.issue;
  return setBy === 'repository' ? spending.personHere : spending.person;
}

/** What of a job its budgets decide. */
export type Cap = Pick<SessionRequest, 'maxBudgetUsd' | 'budgetOf'>;

export type BudgetDecision =
  | { outcome: 'given'; cap: Cap }
  /** Of these too little is left to begin. */
  | { outcome: 'spent'; balances: BudgetBalance[] };

/** The least of all that is left is what a run gets. Of equal ones the last counts: it is the hardest to raise. */
export function decideBudget(balances: readonly BudgetBalance[]): BudgetDecision {
  const spent = balances.filter((one) => leftOf(one) < leastRunUsd);
  if (spent.length > 0) return { outcome: 'spent', balances: spent };
  const [first, ...others] = balances;
  if (first === undefined) return { outcome: 'given', cap: {} };
  const least = others.reduce((found, one) => (leftOf(one) <= leftOf(found) ? one : found), first);
  const { scope, setBy, limitUsd } = least;
  return { outcome: 'given', cap: { maxBudgetUsd: leftOf(least), budgetOf: { scope, setBy, limitUsd } } };
}
