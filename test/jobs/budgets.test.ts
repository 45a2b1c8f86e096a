import { describe, expect, it } from 'vitest';
import { RepositoryConfig } from '../../src/commands/repository-config.ts';
import type { BudgetBalance } from '../../src/core/budget.ts';
import { balancesOf, budgetsFor, decideBudget, mostOfShared } from '../../src/jobs/budgets.ts';
import type { Spending } from '../../src/ledger/spending.ts';

const repository = { id: 22, owner: 'Acme', name: 'shop' };

function budgets(app: object, config: object = {}, flags: { maxBudget?: number } = {}) {
  return budgetsFor({
    flags,
    config: RepositoryConfig.parse(config),
    app: { repositories: {}, ...app },
    repository,
  }).map(({ scope, setBy, limitUsd }) => `${scope} ${setBy} ${limitUsd}`);
}

describe('the budgets of a run', () => {
  it.each<[string, object, object, { maxBudget?: number }, string[]]>([
    ['nobody sets any', {}, {}, {}, []],
    ['the command sets one', {}, {}, { maxBudget: 2 }, ['run command 2']],
    [
      'all three say what a run may cost',
      { run: 5 },
      { maxBudget: 3 },
      { maxBudget: 20 },
      ['run command 20', 'run repository 3', 'run app 5'],
    ],
    [
      'the app and the repository set all of the others',
      { run: 1, issue: 20, personPerDay: 50, repositoryPerMonth: 500 },
      { budgets: { issue: 10, personPerDay: 5, repositoryPerMonth: 0 } },
      {},
      [
        'run app 1',
        'issue repository 10',
        'issue app 20',
        'personPerDay repository 5',
        'personPerDay app 50',
        'repositoryPerMonth repository 0',
        'repositoryPerMonth app 500',
      ],
    ],
    [
      'the app says something else of this repository, in other letters',
      { run: 1, issue: 20, personPerDay: 50, repositories: { 'acme/SHOP': { issue: 99, run: 0 } } },
      {},
      {},
      ['run app 0', 'issue app 99', 'personPerDay app 50'],
    ],
    [
      'the app says something else of another repository',
      { issue: 20, repositories: { 'acme/website': { issue: 99 } } },
      {},
      {},
      ['issue app 20'],
    ],
  ])('are those that hold when %s', (_, app, config, flags, expected) => {
    expect(budgets(app, config, flags)).toEqual(expected);
  });

  it('keep one run from holding all of what several issues share', () => {
    const own = `run default ${mostOfShared}`;
    expect(budgets({ personPerDay: 50 })).toEqual([own, 'personPerDay app 50']);
    expect(budgets({}, { budgets: { repositoryPerMonth: 50 } })).toEqual([
      own,
      'repositoryPerMonth repository 50',
    ]);
    expect(budgets({ issue: 50 })).toEqual(['issue app 50']);
    expect(budgets({ personPerDay: 50 }, { maxBudget: 30 })).toEqual([
      'run repository 30',
      'personPerDay app 50',
    ]);
  });
});

describe('what became of them', () => {
  const amounts = (spentUsd: number) => ({ spentUsd, heldUsd: 0 });
  const spending: Spending = {
    at: new Date(0),
    issue: amounts(1),
    issueHere: amounts(2),
    person: amounts(3),
    personHere: amounts(4),
    repository: amounts(5),
  };

  it.each([
    ['run', 'app', 0],
    ['issue', 'app', 1],
    ['issue', 'repository', 2],
    ['personPerDay', 'app', 3],
    ['personPerDay', 'repository', 4],
    ['repositoryPerMonth', 'app', 5],
    ['repositoryPerMonth', 'repository', 5],
  ] as const)('of %s set by the %s is %d', (scope, setBy, spentUsd) => {
    expect(balancesOf([{ scope, setBy, limitUsd: 10 }], spending)).toEqual([
      { scope, setBy, limitUsd: 10, spentUsd, heldUsd: 0 },
    ]);
  });
});

describe('what a run is given', () => {
  const balance = (
    scope: BudgetBalance['scope'],
    limitUsd: number,
    spentUsd = 0,
    heldUsd = 0,
  ): BudgetBalance => ({ scope, setBy: 'app', limitUsd, spentUsd, heldUsd });

  it.each<[string, BudgetBalance[], number | undefined, string | undefined]>([
    ['nothing limits it', [], undefined, undefined],
    ['one budget does', [balance('issue', 10, 6.6)], 3.4, 'issue'],
    [
      'another leaves less',
      [balance('run', 5), balance('issue', 10, 6), balance('personPerDay', 50, 48)],
      2,
      'personPerDay',
    ],
    ['the run itself may cost less', [balance('run', 1), balance('issue', 10, 6)], 1, 'run'],
    [
      'two leave the same',
      [balance('run', 4), balance('issue', 10, 6), balance('personPerDay', 9, 1)],
      4,
      'issue',
    ],
    ['others hold some of it', [balance('personPerDay', 10, 2, 5.5)], 2.5, 'personPerDay'],
    ['adding fractions leaves noise', [balance('issue', 0.3, 0.1 + 0.1)], 0.1, 'issue'],
    ['just enough is left', [balance('issue', 10, 9.99)], 0.01, 'issue'],
  ])('is the least that is left when %s', (_, balances, maxBudgetUsd, scope) => {
    expect(decideBudget(balances)).toEqual({
      outcome: 'given',
      cap:
        scope === undefined
          ? {}
          : {
              maxBudgetUsd,
              budgetOf: {
                scope,
                setBy: 'app',
                limitUsd: balances.find((one) => one.scope === scope)?.limitUsd,
              },
            },
    });
  });

  it.each<[string, BudgetBalance]>([
    ['all is spent', balance('issue', 10, 10)],
    ['more than all is spent', balance('issue', 10, 10.4)],
    ['less than a cent is left', balance('issue', 10, 9.995)],
    ['the rest is held for other runs', balance('personPerDay', 10, 4, 6)],
    ['nothing may be spent', balance('run', 0)],
  ])('is nothing when %s, whatever the others leave', (_, spent) => {
    const others = [balance('run', 5), balance('repositoryPerMonth', 500, 499)];
    expect(decideBudget([...others, spent])).toEqual({ outcome: 'spent', balances: [spent] });
  });

  it.each([
    [{ run: 0 }, {}, {}],
    [{}, { maxBudget: 0 }, {}],
    [{}, {}, { maxBudget: 0 }],
  ])(
    'is nothing where %j of the app, %j of the repository, or %j of the command is 0',
    (app, config, flags) => {
      const held = budgetsFor({
        flags,
        config: RepositoryConfig.parse(config),
        app: { repositories: {}, ...app },
        repository,
      });
      expect(held).toHaveLength(1);
      const balances = balancesOf(held, undefined);
      expect(decideBudget(balances)).toEqual({ outcome: 'spent', balances });
    },
  );

  it('is nothing with all of the reasons', () => {
    const spent = [balance('issue', 10, 10), balance('repositoryPerMonth', 500, 500)];
    expect(decideBudget([balance('run', 5), ...spent])).toEqual({ outcome: 'spent', balances: spent });
  });
});
