import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { modelOf, readRepositoryConfig } from '../../src/commands/repository-config.ts';

const example = await readFile(new URL('../../examples/repository-config.yml', import.meta.url), 'utf8');

describe('the settings of a repository', () => {
  it.each([[undefined], [''], ['# nothing\n'], [example]])('have their defaults in %j', (text) => {
    expect(readRepositoryConfig(text)).toEqual({ config: { enabled: true } });
  });

  it('are all shown in the example, and valid without the `#`', () => {
    const bare = example.replaceAll(/^# (?=(?: {2})?\w+:(?: \S+)?$)/gm, '');
    expect(readRepositoryConfig(bare)).toEqual({
      config: {
        enabled: true,
        model: 'claude-sonnet-4-5',
        engine: { instruction: 'claude-code', plan: 'anthropic-api' },
        maxBudget: 5,
        budgets: { issue: 20, personPerDay: 50, repositoryPerMonth: 500 },
      },
    });
  });

  it.each([
    ['{{{', 'not valid YAML'],
    ['- a list', 'expected object'],
    ['enabled: "no"', '`enabled`: `true` or `false`'],
    ['maxBudget: 0', '`maxBudget`: more than 0'],
    ['maxBudget: 5000', '`maxBudget`: at most 1000'],
    ['budgets: { issue: -1 }', '`budgets.issue`: 0 or more'],
    ['budgets: { issue: .inf }', '`budgets.issue`: an amount of US dollars'],
    ['budgets: { personPerDay: $5 }', '`budgets.personPerDay`: an amount of US dollars'],
    ['budgets: { repositoryPerMonth: 1e9 }', '`budgets.repositoryPerMonth`: at most 1000000'],
    ['budgets: { perIssue: 1 }', 'perIssue'],
    ['model: --dangerous', '`model`: a model name'],
    ['engine: claude', '`engine`: `claude-code` or `anthropic-api`, or one of them for each of'],
    ['engine: { plan: openai }', '`engine`: `claude-code` or `anthropic-api`'],
    ['engine: { plans: anthropic-api }', 'plans'],
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
