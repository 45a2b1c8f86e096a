import { type BudgetBalance, leastRunUsd, leftOf, type RunBudget } from '../core/budget.ts';
import type { Problem } from '../core/errors.ts';
import { formatCost } from './figures.ts';

export interface BudgetTexts {
  /** Time of the ledger, from which the next day and month are reckoned. */
  at: Date;
  /** GitHub login of whoever asked. */
  login: string;
}

/** Why a command is not begun: each budget that is spent, until when, and who can raise it. */
export function budgetSpent(spent: readonly BudgetBalance[], texts: BudgetTexts): Problem {
  const again = [...new Set(spent.map((one) => whenAgain(one, texts.at)))].filter((text) => text !== '');
  const raise = [...new Set(spent.map(whoRaises))];
  // What is done again has the flags that it had.
  const retry = spent.some(({ setBy }) => setBy === 'command') ? [] : ['Then `retry`.'];
  return {
    code: 'budget-spent',
    message: [...new Set(spent.map((one) => whatIsSpent(one, texts)))].join(' '),
    hint: [...again, ...raise, ...retry].join(' '),
  };
}

function whatIsSpent(balance: BudgetBalance, { login }: BudgetTexts): string {
  const { limitUsd, spentUsd, heldUsd } = balance;
  if (limitUsd < leastRunUsd) {
    const so =
      limitUsd === 0
        ? 'so nothing may be spent'
        : `and a run is not begun with less than ${formatCost(leastRunUsd)}`;
    return `The budget ${ofWhat(balance)} is ${formatCost(limitUsd)}, ${so}.`;
  }
  const held = heldUsd > 0 ? `, and ${formatCost(heldUsd)} more is held for runs that go on` : '';
  return `${whoSpent(balance, login)} ${formatCost(spentUsd)}${whenAndWhere(balance)}${held}; the budget ${ofWhat(balance)} is ${formatCost(limitUsd)}.`;
}

function ofWhat({ scope, setBy }: RunBudget): string {
  switch (scope) {
    case 'run':
      return 'of a run';
    case 'issue':
      return `of an issue${here(setBy)}`;
    case 'personPerDay':
      return `of a person and day${here(setBy)}`;
    case 'repositoryPerMonth':
      return 'of this repository and month';
  }
}

function here(setBy: RunBudget['setBy']): string {
  return setBy === 'repository' ? ' in this repository' : '';
}

function whoSpent({ scope }: RunBudget, login: string): string {
  switch (scope) {
    case 'run':
    case 'issue':
      return 'This issue has cost';
    case 'personPerDay':
      return `${named(login)} has spent`;
    case 'repositoryPerMonth':
      return 'This repository has cost';
  }
}

/** As code, so that nobody is called. */
function named(login: string): string {
  return `\`${login.replaceAll('`', '')}\``;
}

function whenAndWhere({ scope, setBy }: RunBudget): string {
  if (scope === 'issue') return here(setBy);
  if (scope === 'personPerDay') return ` today (UTC)${here(setBy)}`;
  return scope === 'repositoryPerMonth' ? ' this month (UTC)' : '';
}

/** When there is more without anybody raising anything. */
function whenAgain(balance: BudgetBalance, at: Date): string {
  if (balance.limitUsd < leastRunUsd) return '';
  const wouldDo = leftOf({ ...balance, heldUsd: 0 }) >= leastRunUsd;
  const waiting = wouldDo ? ['Wait until a run that goes on has ended: what it leaves is free again.'] : [];
  const next = nextPeriod(balance, at);
  return [...waiting, ...(next ? [`From ${next}, 00:00 UTC, on there is more.`] : [])].join(' ');
}

/** The first day of the next period, as `2026-12-01`. */
function nextPeriod({ scope }: RunBudget, at: Date): string | undefined {
  const [year, month, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  if (scope === 'personPerDay') return new Date(Date.UTC(year, month, day + 1)).toISOString().slice(0, 10);
  if (scope === 'repositoryPerMonth')
    return new Date(Date.UTC(year, month + 1, 1)).toISOString().slice(0, 10);
  return undefined;
}

/** Who can raise a budget, and where. */
function whoRaises({ scope, setBy }: RunBudget): string {
  switch (setBy) {
    case 'command':
      return 'Whoever asks can allow more with `--max-budget`.';
    case 'repository':
      return `Whoever may change \`.github/dexter.yml\` on the default branch can raise \`${scope === 'run' ? 'maxBudget' : `budgets.${scope}`}\` there.`;
    case 'app':
      return `An administrator of Dexter can raise \`budgets.${scope}\` in the app's \`dexter.yml\` and restart it.`;
    case 'default':
      return "The repository can say what a run may cost (`maxBudget` in `.github/dexter.yml`), and so can an administrator of Dexter (`budgets.run` in the app's `dexter.yml`).";
  }
}

/** What is said of a run that ended because it had spent what it was given, and of who can give it more. */
export function budgetReached(
  givenUsd: number,
  budget: RunBudget | undefined,
): { message: string; raise: string } {
  if (budget === undefined) {
    return {
      message: `Claude Code reached the budget of ${formatCost(givenUsd)} before it was done.`,
      raise: 'A larger `--max-budget` allows more.',
    };
  }
  const { limitUsd } = budget;
  const isWhole = givenUsd >= limitUsd;
  const whole = `the ${formatCost(limitUsd)} ${whatMay(budget)}`;
  return {
    message: `Claude Code reached ${isWhole ? whole : `the ${formatCost(givenUsd)} that was left of ${whole}`} before it was done.`,
    raise: whoRaises(budget),
  };
}

function whatMay({ scope, setBy }: RunBudget): string {
  switch (scope) {
    case 'run':
      if (setBy === 'command') return 'of `--max-budget`';
      return setBy === 'default' ? 'that a run gets of a budget that others share' : 'that a run may cost';
    case 'issue':
      return `that this issue may cost${here(setBy)}`;
    case 'personPerDay':
      return `that one person may spend in a day${here(setBy)}`;
    case 'repositoryPerMonth':
      return 'that this repository may cost in a month';
  }
}

/** What is left of each budget, one Markdown line each: `- $3.40 of $10.00 left for this issue`. */
export function budgetLines(balances: readonly BudgetBalance[], login: string): string[] {
  return balances.map((balance) => {
    const { scope, limitUsd, heldUsd } = balance;
    if (scope === 'run') return `- at most ${formatCost(limitUsd)} for one run`;
    const held = heldUsd > 0 ? `; ${formatCost(heldUsd)} more held for runs that go on` : '';
    return `- ${formatCost(leftOf(balance))} of ${formatCost(limitUsd)} left for ${forWhat(balance, login)}${held}`;
  });
}

function forWhat({ scope, setBy }: RunBudget, login: string): string {
  switch (scope) {
    case 'run':
      return 'one run';
    case 'issue':
      return `this issue${here(setBy)}`;
    case 'personPerDay':
      return `${named(login)} today${here(setBy)}`;
    case 'repositoryPerMonth':
      return 'this repository this month';
  }
}
