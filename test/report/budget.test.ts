import { describe, expect, it } from 'vitest';
import type { BudgetBalance, RunBudget } from '../../src/core/budget.ts';
import { budgetLines, budgetReached, budgetSpent } from '../../src/report/budget.ts';

const at = new Date('2026-12-31T23:59:59.999Z');

function balance(
  scope: RunBudget['scope'],
  setBy: RunBudget['setBy'],
  limitUsd: number,
  spentUsd = 0,
  heldUsd = 0,
): BudgetBalance {
  return { scope, setBy, limitUsd, spentUsd, heldUsd };
}

const said = (...balances: BudgetBalance[]) => {
  const { code, message, hint } = budgetSpent(balances, { at, login: 'maria' });
  expect(code).toBe('budget-spent');
  return `${message} ${hint}`;
};

describe('a command that finds nothing left', () => {
  it.each<[string, BudgetBalance, string]>([
    [
      'an issue',
      balance('issue', 'app', 10, 10.05),
      "This issue has cost $10.05; the budget of an issue is $10.00. An administrator of Dexter can raise `budgets.issue` in the app's `dexter.yml` and restart it. Then `retry`.",
    ],
    [
      'an issue in a repository',
      balance('issue', 'repository', 10, 10),
      'This issue has cost $10.00 in this repository; the budget of an issue in this repository is $10.00. Whoever may change `.github/dexter.yml` on the default branch can raise `budgets.issue` there. Then `retry`.',
    ],
    [
      'a person and day',
      balance('personPerDay', 'app', 50, 50),
      "`maria` has spent $50.00 today (UTC); the budget of a person and day is $50.00. From 2027-01-01, 00:00 UTC, on there is more. An administrator of Dexter can raise `budgets.personPerDay` in the app's `dexter.yml` and restart it. Then `retry`.",
    ],
    [
      'a repository and month',
      balance('repositoryPerMonth', 'repository', 500, 500.2),
      'This repository has cost $500.20 this month (UTC); the budget of this repository and month is $500.00. From 2027-01-01, 00:00 UTC, on there is more. Whoever may change `.github/dexter.yml` on the default branch can raise `budgets.repositoryPerMonth` there. Then `retry`.',
    ],
    [
      'what other runs hold',
      balance('personPerDay', 'repository', 10, 7.5, 2.5),
      '`maria` has spent $7.50 today (UTC) in this repository, and $2.50 more is held for runs that go on; the budget of a person and day in this repository is $10.00. Wait until a run that goes on has ended: what it leaves is free again. From 2027-01-01, 00:00 UTC, on there is more. Whoever may change `.github/dexter.yml` on the default branch can raise `budgets.personPerDay` there. Then `retry`.',
    ],
    [
      'a budget of 0',
      balance('repositoryPerMonth', 'app', 0, 3),
      "The budget of this repository and month is $0.00, so nothing may be spent. An administrator of Dexter can raise `budgets.repositoryPerMonth` in the app's `dexter.yml` and restart it. Then `retry`.",
    ],
    [
      'a run of 0',
      balance('run', 'app', 0),
      "The budget of a run is $0.00, so nothing may be spent. An administrator of Dexter can raise `budgets.run` in the app's `dexter.yml` and restart it. Then `retry`.",
    ],
    [
      'a flag that is too small',
      balance('run', 'command', 0.001),
      'The budget of a run is $0.0010, and a run is not begun with less than $0.01. Whoever asks can allow more with `--max-budget`.',
    ],
  ])('is told so of %s', (_, one, expected) => {
    expect(said(one)).toBe(expected);
  });

  it('is told all budgets that are spent, and nothing twice', () => {
    const text = said(
      balance('personPerDay', 'app', 5, 5),
      balance('repositoryPerMonth', 'app', 50, 51),
      balance('issue', 'repository', 1, 1),
    );
    for (const part of ['`maria` has spent', 'This repository has cost', 'This issue has cost'])
      expect(text.split(part)).toHaveLength(2);
    expect(text.split('2027-01-01')).toHaveLength(2);
  });
});

describe('a run that has spent what it was given', () => {
  it.each<[number, RunBudget | undefined, string, RegExp]>([
    [2.5, undefined, 'reached the budget of $2.50 before', /--max-budget/],
    [
      2,
      { scope: 'run', setBy: 'command', limitUsd: 2 },
      'reached the $2.00 of `--max-budget` before',
      /Whoever asks/,
    ],
    [
      3,
      { scope: 'run', setBy: 'repository', limitUsd: 3 },
      'the $3.00 that a run may cost before',
      /`maxBudget` there/,
    ],
    [
      10,
      { scope: 'run', setBy: 'default', limitUsd: 10 },
      'the $10.00 that a run gets of a budget that others share before',
      /`budgets.run`/,
    ],
    [
      3.4,
      { scope: 'issue', setBy: 'app', limitUsd: 10 },
      'the $3.40 that was left of the $10.00 that this issue may cost before',
      /`budgets.issue`/,
    ],
    [
      4,
      { scope: 'personPerDay', setBy: 'repository', limitUsd: 5 },
      'the $4.00 that was left of the $5.00 that one person may spend in a day in this repository before',
      /`budgets.personPerDay` there/,
    ],
    [
      500,
      { scope: 'repositoryPerMonth', setBy: 'app', limitUsd: 500 },
      'reached the $500.00 that this repository may cost in a month before',
      /administrator/,
    ],
  ])('is told of $%d of %j', (given, budget, message, raise) => {
    const text = budgetReached(given, budget);
    expect(text.message).toContain(message);
    expect(text.raise).toMatch(raise);
  });
});

it('lists what is left', () => {
  expect(
    budgetLines(
      [
        balance('run', 'repository', 5),
        balance('issue', 'app', 10, 6.6),
        balance('personPerDay', 'app', 50, 20, 5),
        balance('repositoryPerMonth', 'repository', 100, 100.3),
      ],
      'maria',
    ),
  ).toEqual([
    '- at most $5.00 for one run',
    '- $3.40 of $10.00 left for this issue',
    '- $25.00 of $50.00 left for `maria` today; $5.00 more held for runs that go on',
    '- $0.00 of $100.00 left for this repository this month',
  ]);
});
