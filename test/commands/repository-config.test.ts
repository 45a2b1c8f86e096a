import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { modelOf, readRepositoryConfig } from '../../src/commands/repository-config.ts';

const example = await readFile(new URL('../../examples/repository-config.yml', import.meta.url), 'utf8');

const amount = 'an amount of US dollars from 0 to 1000000, such as 20';

describe('the settings of a repository', () => {
  it('may set every budget to what those of the app may be, 0 included', () => {
    for (const usd of [0, 1_000_000]) {
      const budgets = { issue: usd, personPerDay: usd, repositoryPerMonth: usd };
      expect(readRepositoryConfig(JSON.stringify({ maxBudget: usd, budgets }))).toEqual({
        config: { enabled: true, maxBudget: usd, budgets },
      });
    }
  });

  it.each([[undefined], [''], ['# nothing\n'], [example]])('have their defaults in %j', (text) => {
    expect(readRepositoryConfig(text)).toEqual({ config: { enabled: true } });
  });

  it('are all shown in the example, and valid without the `#`', () => {
    const bare = example.replaceAll(/^# (?=(?: {2})?\w+:(?: \S+)?$)/gm, '');
    expect(readRepositoryConfig(bare)).toEqual({
      config: {
        enabled: true,
        model: 'claude-sonnet-4-5',
        maxBudget: 5,
        budgets: { issue: 20, personPerDay: 50, repositoryPerMonth: 500 },
      },
    });
  });

  it.each([
    ['{{{', 'not valid YAML'],
    ['- a list', 'expected object'],
    ['enabled: "no"', '`enabled`: `true` or `false`'],
    ['maxBudget: -1', `\`maxBudget\`: ${amount}`],
    ['maxBudget: 1000001', `\`maxBudget\`: ${amount}`],
    ['budgets: { issue: -1 }', `\`budgets.issue\`: ${amount}`],
    ['budgets: { issue: .inf }', `\`budgets.issue\`: ${amount}`],
    ['budgets: { personPerDay: $5 }', `\`budgets.personPerDay\`: ${amount}`],
    ['budgets: { repositoryPerMonth: 1e9 }', `\`budgets.repositoryPerMonth\`: ${amount}`],
    ['budgets: { perIssue: 1 }', 'perIssue'],
    ['model: --dangerous', '`model`: a model name'],
    ['max-budget: 5', 'max-budget'],
    ['enabled: 1\nmodel: ""', '`enabled`: `true` or `false`; `model`: a model name'],
  ])('are refused with their place: %j', (text, reason) => {
    expect(readRepositoryConfig(text)).toMatchObject({
      problem: { code: 'config-invalid', message: expect.stringContaining(reason) },
    });
  });
});

describe('the model of a run', () => {
  const config = { enabled: true, model: 'small' };

  it.each([
    [{}, config, true, 'small'],
    [{}, config, false, undefined],
    [{ model: 'big' }, config, true, 'big'],
    [{ model: 'big' }, config, false, 'big'],
    [{}, { enabled: true }, true, undefined],
  ])('asked for %j within %j (new session: %s)', (flags, within, isNew, model) => {
    expect(modelOf(flags, within, isNew)).toBe(model);
  });
});
