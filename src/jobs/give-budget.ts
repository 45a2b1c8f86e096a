import type { RepositoryConfig } from '../commands/repository-config.ts';
import type { BudgetBalance, RunBudget } from '../core/budget.ts';
import type { Ask, RepositoryRef } from '../core/command.ts';
import type { Problem } from '../core/errors.ts';
import type { Db } from '../ledger/commands.ts';
import { lockSpending, type Spending, type SpendingOf, spendingOf } from '../ledger/spending.ts';
import type { CommandRow } from '../ledger/tables.ts';
import { budgetSpent } from '../report/budget.ts';
import { balancesOf, budgetsFor, type Cap, decideBudget } from './budgets.ts';
import type { Services } from './services.ts';

export interface BudgetRequest extends SpendingOf {
  budgets: readonly RunBudget[];
  /** GitHub login of whoever asks. */
  login: string;
}

/** What a command may ask for in a repository; without one, what is there for a command without flags. */
export function budgetRequest(
  { budgets: app }: Pick<Services, 'budgets'>,
  row: CommandRow,
  asks: { where: { repository: RepositoryRef }; person: string; login: string },
  ask: Ask | undefined,
  config: RepositoryConfig,
): BudgetRequest {
  const { repository } = asks.where;
  const flags = ask === undefined || ask.kind === 'control' ? {} : ask.flags;
  return {
    budgets: budgetsFor({ flags, config, app, repository }),
    commandId: row.id,
    issueKey: row.issue_key,
    repositoryId: repository.id,
    person: asks.person,
    login: asks.login,
  };
}

/** What a run may cost as things are, or why it is not begun. */
export async function askForBudget(
  db: Db,
  request: BudgetRequest,
): Promise<{ cap: Cap } | { problem: Problem }> {
  const { balances, at } = await readBalances(db, request);
  const decision = decideBudget(balances);
  if (decision.outcome === 'given') return { cap: decision.cap };
  return { problem: budgetSpent(decision.balances, { at, login: request.login }) };
}

/** The same, of which nobody else is given any until the transaction, which is to keep the run, has ended. */
export async function giveBudget(
  transaction: Db,
  request: BudgetRequest,
): Promise<{ cap: Cap } | { problem: Problem }> {
  if (isShared(request.budgets)) await lockSpending(transaction);
  return askForBudget(transaction, request);
}

/** What became of the budgets that hold for a command. */
export async function readBalances(
  db: Db,
  request: BudgetRequest,
): Promise<{ balances: BudgetBalance[]; at: Date }> {
  const spending: Spending | undefined = isShared(request.budgets)
    ? await spendingOf(db, request)
    : undefined;
  return { balances: balancesOf(request.budgets, spending), at: spending?.at ?? new Date() };
}

/** What one run may cost is no matter of the others. */
function isShared(budgets: readonly RunBudget[]): boolean {
  return budgets.some(({ scope }) => scope !== 'run');
}
