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
        engine: { instruction: 'claude-code', plan: 'anthropic-api' },
        maxBudget: 5,
        budgets: { issue: 20, personPerDay: 50, repositoryPerMonth: 500 },
      },
    });
  });

  it.each([
    ['{{{', 'not valid YAML'],
    ['- a list', 'the file must be a map (`name: value`), not a list'],
    ['enabled: "no"', '`enabled` must be `true` or `false`'],
    ['maxBudget: -1', `\`maxBudget\` must be ${amount}`],
    ['maxBudget: 1000001', `\`maxBudget\` must be ${amount}`],
    ['budgets: { issue: -1 }', `\`budgets.issue\` must be ${amount}`],
    ['budgets: { issue: .inf }', `\`budgets.issue\` must be ${amount}`],
    ['budgets: { personPerDay: $5 }', `\`budgets.personPerDay\` must be ${amount}`],
    ['budgets: { repositoryPerMonth: 1e9 }', `\`budgets.repositoryPerMonth\` must be ${amount}`],
    ['budgets: { perIssue: 1 }', '`budgets.perIssue` is not a known setting.'],
    ['budgets: 5', '`budgets` must be a map (`name: value`), not a number.'],
    [
      'a: b: c',
      'it is not valid YAML: Nested mappings are not allowed in compact mappings at line 1, column 4.',
    ],
    ['model: --dangerous', '`model` must be a model name'],
    ['max-budget: 5', '`max-budget` is not a known setting.'],
    ['enabled: 1\nmodel: ""', '`enabled` must be `true` or `false`; `model` must be a model name'],
    ['engine: claude', '`engine` must be'],
    ['engine: { plan: openai }', '`engine` must be'],
    ['engine: { plans: anthropic-api }', 'plans'],
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
